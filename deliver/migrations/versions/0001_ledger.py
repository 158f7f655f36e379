"""The ledger: current state and append-only history of every complaint."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables, and the triggers that keep the history as it was written."""
    op.create_table(
        "complaint",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tracking_id", sa.Text, unique=True),
        sa.Column("mode", sa.String(16)),
        sa.Column("linked_to", sa.String(36)),
        sa.Column("linked_tracking_id", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", _TIME),
        sa.Column("hold_until", _TIME),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claim_until", _TIME),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("log_topic", sa.Text, nullable=False),
        sa.Column("log_partition", sa.Integer, nullable=False),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.Column("receipt_published_at", _TIME),
    )
    op.create_index("ix_complaint_reference", "complaint", ["reference"])
    op.create_index("ix_complaint_state", "complaint", ["state", "received_at"])
    op.create_index("ix_complaint_lane", "complaint", ["lane", "state"])
    op.create_index("ix_complaint_day", "complaint", ["day", "channel"])
    op.create_table(
        "transition",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column(
            "complaint_id", sa.String(36), sa.ForeignKey("complaint.complaint_id"), nullable=False
        ),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("from_state", sa.String(16)),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("who", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("note", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transition_complaint_id", "transition", ["complaint_id"])
    if op.get_bind().dialect.name == "sqlite":
        _append_only_on_sqlite()
    else:
        _append_only_on_postgresql()


def _append_only_on_sqlite() -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER transition_no_{action.lower()} BEFORE {action} ON transition "
            "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
        )


def _append_only_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the history is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER transition_no_change BEFORE UPDATE OR DELETE ON transition "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER transition_no_truncate BEFORE TRUNCATE ON transition "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
