"""Statements about the small tables: nodes, groups, templates, queues, users, tokens, access keys, meta."""

from sqlalchemy import Executable, Table, bindparam, delete, select

from headgate.store.sqlite import upsert
from headgate.store.statement import joined, statement, statements
from headgate.store.tables import (
    access_keys,
    meta,
    node_groups,
    nodes,
    queues,
    templates,
    tokens,
    user_groups,
    users,
)

NAMED: dict[str, Table] = {
    table.name: table for table in (nodes, node_groups, templates, queues, users, user_groups)
}


@statements
def listed(table: str) -> Executable:
    """Everything in a small table, joined."""
    return select(joined(NAMED[table].c.body))


@statements
def get(table: str) -> Executable:
    """One entry of a small table, by its folded name."""
    return select(NAMED[table].c.body).where(NAMED[table].c.name == bindparam("name"))


@statements
def put(table: str) -> Executable:
    """A new or changed entry of a small table."""
    return upsert(NAMED[table], keys=("name",))


@statements
def drop(table: str) -> Executable:
    """An entry of a small table is gone."""
    return delete(NAMED[table]).where(NAMED[table].c.name == bindparam("name"))


@statement
def get_token() -> Executable:
    """A token by the digest of its text."""
    return select(tokens.c.body).where(tokens.c.digest == bindparam("digest"))


@statement
def tokens_of() -> Executable:
    """The tokens of a user, joined."""
    return select(joined(tokens.c.body)).where(tokens.c.owner == bindparam("owner"))


@statement
def all_tokens() -> Executable:
    """Every token, joined."""
    return select(joined(tokens.c.body))


@statement
def put_token() -> Executable:
    """A new or changed token."""
    return upsert(tokens, keys=("digest",))


@statement
def drop_token() -> Executable:
    """A token is no longer good."""
    return delete(tokens).where(tokens.c.digest == bindparam("digest"))


@statement
def drop_tokens() -> Executable:
    """No token of a user is good any longer."""
    return delete(tokens).where(tokens.c.owner == bindparam("owner"))


@statement
def get_access_key() -> Executable:
    """An access key by its id."""
    return select(access_keys.c.body).where(access_keys.c.id == bindparam("id"))


@statement
def access_keys_of() -> Executable:
    """The access keys of a user, joined."""
    return select(joined(access_keys.c.body)).where(access_keys.c.owner == bindparam("owner"))


@statement
def all_access_keys() -> Executable:
    """Every access key, joined."""
    return select(joined(access_keys.c.body))


@statement
def put_access_key() -> Executable:
    """A new or changed access key."""
    return upsert(access_keys, keys=("id",))


@statement
def drop_access_key() -> Executable:
    """An access key is gone."""
    return delete(access_keys).where(access_keys.c.id == bindparam("id"))


@statement
def drop_access_keys() -> Executable:
    """All access keys of a user are gone."""
    return delete(access_keys).where(access_keys.c.owner == bindparam("owner"))


@statement
def get_meta() -> Executable:
    """A fact about the installation."""
    return select(meta.c.value).where(meta.c.name == bindparam("name"))


@statement
def put_meta() -> Executable:
    """A new or changed fact."""
    return upsert(meta, keys=("name",))
