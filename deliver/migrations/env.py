"""Alembic's entry: runs on the connection that ``deliver.database`` hands over."""

from alembic import context

from deliver.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's DDL is transactional only inside the transaction that the caller began.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
