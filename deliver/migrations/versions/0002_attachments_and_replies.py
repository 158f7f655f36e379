"""Attachments of complaints, and what became of the answers to reporters."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables. Complaints of before are without attachments: no channel brought any."""
    op.create_table(
        "attachment",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("media_id", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("copy_sha256", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", _TIME),
    )
    op.create_index("ix_attachment_state", "attachment", ["state", "next_try_at"])
    op.create_table(
        "reply",
        sa.Column("complaint_id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("ix_reply_state", "reply", ["state", "at"])
