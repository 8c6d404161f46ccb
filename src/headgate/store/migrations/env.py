"""Called by Alembic (`schema.migrate`), which hands over the connection. The transaction around it is
`schema`'s.
"""

from alembic import context

from headgate.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False
)
context.run_migrations()
