"""The small tables: nodes, node groups, templates, queues, users, their groups, tokens, access keys, facts
about the installation.

Those that every submission asks for are read once for a reader (`Known`), and the writer's are kept from
commit to commit until somebody changes one. So is what others have made of them (`derived`).
"""

from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any, Self, TypeVar

from headgate.core.access_keys import AccessKey
from headgate.core.errors import NotFound
from headgate.core.model import Node, NodeGroup, Queue, Template, Token, User, UserGroup
from headgate.store import codec
from headgate.store.codec import Codec, S, folded
from headgate.store.session import Session
from headgate.store.sql import entries as sql

T = TypeVar("T")

Known = dict[Hashable, Any]
"""What was read before: by table, and the folded name of an entry or "" for all of them. What was made of it:
by what makes it.
"""


def _listed(session: Session, table: str, kind: Codec[S], order: Callable[[S], str | int]) -> list[S]:
    found = kind.many(session.value(sql.listed(table)))
    found.sort(key=order)
    return found


def _by_name(entry: Any) -> str:
    return folded(entry.name)


class EntryReader:
    """Look-ups in the small tables."""

    _session: Session
    _entries: Known

    def _known(self, table: str, kind: Codec[S], order: Callable[[S], str | int]) -> list[S]:
        """As `_listed`, read once."""
        found: list[S] | None = self._entries.get((table, ""))
        if found is None:
            found = self._entries[table, ""] = _listed(self._session, table, kind, order)
        return [*found]

    def derived(self, make: Callable[[Self], T]) -> T:
        if make not in self._entries:
            self._entries[make] = make(self)
        found: T = self._entries[make]
        return found

    def nodes(self) -> list[Node]:
        return self._known("nodes", codec.NODES, attrgetter("id"))

    def node_groups(self) -> list[NodeGroup]:
        return self._known("node_groups", codec.NODE_GROUPS, _by_name)

    def templates(self) -> list[Template]:
        return _listed(self._session, "templates", codec.TEMPLATES, _by_name)

    def template(self, name: str) -> Template:
        key = ("templates", folded(name))
        found: Template | None = self._entries.get(key)
        if found is None:
            body = self._session.value(sql.get("templates"), {"name": folded(name)})
            if body is None:
                raise NotFound(
                    f"There is no job template {name!r}.", kind="template", code="Operation_ProfileNotFound"
                )
            found = self._entries[key] = codec.TEMPLATES.one(body)
        return found

    def queues(self) -> list[Queue]:
        return self._known("queues", codec.QUEUES, _by_name)

    def users(self) -> list[User]:
        return _listed(self._session, "users", codec.USERS, _by_name)

    def user(self, name: str) -> User:
        body = self._session.value(sql.get("users"), {"name": folded(name)})
        if body is None:
            raise NotFound(f"there is no user {name}", kind="user")
        return codec.USERS.one(body)

    def user_groups(self) -> list[UserGroup]:
        return _listed(self._session, "user_groups", codec.USER_GROUPS, _by_name)

    def tokens(self, user: str | None = None) -> list[Token]:
        statement, given = (sql.all_tokens, {}) if user is None else (sql.tokens_of, {"owner": folded(user)})
        found = codec.TOKENS.many(self._session.value(statement, given))
        found.sort(key=lambda token: (folded(token.user), token.created))
        return found

    def token(self, digest: bytes) -> Token:
        body = self._session.value(sql.get_token, {"digest": digest})
        if body is None:
            raise NotFound("there is no such token", kind="token")
        return codec.TOKENS.one(body)

    def access_keys(self, user: str | None = None) -> list[AccessKey]:
        statement, given = (
            (sql.all_access_keys, {}) if user is None else (sql.access_keys_of, {"owner": folded(user)})
        )
        found = codec.ACCESS_KEYS.many(self._session.value(statement, given))
        found.sort(key=lambda key: (folded(key.user), key.created, key.id))
        return found

    def access_key(self, key_id: str) -> AccessKey:
        body = self._session.value(sql.get_access_key, {"id": key_id})
        if body is None:
            raise NotFound(f"There is no access key {key_id!r}.", kind="access key")
        return codec.ACCESS_KEYS.one(body)

    def meta(self, key: str) -> str | None:
        value: str | None = self._session.value(sql.get_meta, {"name": key})
        return value
