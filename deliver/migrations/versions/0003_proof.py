"""Counts at the sources, closed days, LAPOR's answers, bulk files, erasures, acts of people."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_APPEND_ONLY = ("source_count", "closed_day", "act")


def upgrade() -> None:
    """Make the tables. Nothing of before is known about them: they begin empty."""
    _sources()
    _lapor()
    _people()
    for table in _APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            _append_only_on_sqlite(table)
        else:
            _append_only_on_postgresql(table)


def _sources() -> None:
    op.create_table(
        "source_count",
        sa.Column("count_id", sa.String(36), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("counted_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_source_count_scope", "source_count", ["channel", "account", "scope", "counted_at"])
    op.create_table(
        "source_number",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("item_id", sa.String(36), primary_key=True),
    )
    op.create_table(
        "closed_day",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("closed_at", _TIME, nullable=False),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.Column("through_seq", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("numbers", sa.Text, nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _lapor() -> None:
    op.create_table(
        "lapor_standing",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("status_code", sa.Text),
        sa.Column("status_name", sa.Text),
        sa.Column("checked_at", _TIME),
        sa.Column("next_check_at", _TIME),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_index("ix_lapor_standing_next", "lapor_standing", ["next_check_at"])
    op.create_table(
        "lapor_update",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("update_id", sa.Text, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("published_at", _TIME),
    )
    op.create_index("ix_lapor_update_published", "lapor_update", ["published_at"])
    op.create_table(
        "bulk_file",
        sa.Column("file_id", sa.String(36), primary_key=True),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_table(
        "bulk_row",
        sa.Column("file_id", sa.String(36), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("complaint_id", sa.String(36), nullable=False),
    )
    op.create_index("ix_bulk_row_complaint_id", "bulk_row", ["complaint_id"])


def _people() -> None:
    op.create_table(
        "erasure",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("left_blobs", sa.Text),
    )
    op.create_table(
        "act",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("note", sa.Text),
        sqlite_autoincrement=True,
    )


def _append_only_on_sqlite(table: str) -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _append_only_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
