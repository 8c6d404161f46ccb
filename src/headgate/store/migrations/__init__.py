"""The versions of the schema, as steps that Alembic takes (`schema.migrate`)."""
