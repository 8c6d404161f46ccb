"""Changes of the small tables: the writing half of `entries.py`."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from headgate.core.access_keys import AccessKey
from headgate.core.model import Node, NodeGroup, Queue, Template, Token, User, UserGroup
from headgate.store import codec
from headgate.store.codec import encode, folded
from headgate.store.counters import Counters
from headgate.store.entries import Known
from headgate.store.session import Session
from headgate.store.sql import entries as sql


class EntryChanges(ABC):
    """Changes of the small tables, within a transaction."""

    _session: Session
    _new_id: Callable[[], str]
    _entries: Known
    counters: Counters

    @abstractmethod
    def touch(self) -> None:
        """Before each statement that writes."""

    def _touch_entry(self) -> None:
        """Before each that writes here: what is known is so no longer."""
        self.touch()
        self._entries.clear()

    def put_node(self, node: Node) -> Node:
        self._touch_entry()
        name = folded(node.name)
        body = self._session.value(sql.get("nodes"), {"name": name})
        if body is not None:
            known = codec.NODES.one(body)
            node = msgspec.structs.replace(node, id=known.id, guid=known.guid)
        else:
            self.counters.node += 1
            node = msgspec.structs.replace(node, id=self.counters.node, guid=self._new_id())
        self._session.change(sql.put("nodes"), {"name": name, "id": node.id, "body": encode(node)})
        return node

    def _put(self, table: str, name: str, value: msgspec.Struct) -> None:
        self._touch_entry()
        self._session.change(sql.put(table), {"name": folded(name), "body": encode(value)})

    def put_node_group(self, group: NodeGroup) -> None:
        self._put("node_groups", group.name, group)

    def drop_node_group(self, name: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop("node_groups"), {"name": folded(name)})

    def put_template(self, template: Template) -> None:
        self._put("templates", template.name, template)

    def drop_template(self, name: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop("templates"), {"name": folded(name)})

    def put_queue(self, queue: Queue) -> None:
        self._put("queues", queue.name, queue)

    def drop_queue(self, name: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop("queues"), {"name": folded(name)})

    def put_user(self, user: User) -> None:
        self._put("users", user.name, user)

    def drop_user(self, name: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop("users"), {"name": folded(name)})

    def put_user_group(self, group: UserGroup) -> None:
        self._put("user_groups", group.name, group)

    def drop_user_group(self, name: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop("user_groups"), {"name": folded(name)})

    def put_token(self, token: Token) -> None:
        self._touch_entry()
        self._session.change(
            sql.put_token, {"digest": token.digest, "owner": folded(token.user), "body": encode(token)}
        )

    def drop_token(self, digest: bytes) -> None:
        self._touch_entry()
        self._session.change(sql.drop_token, {"digest": digest})

    def drop_tokens(self, user: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop_tokens, {"owner": folded(user)})

    def put_access_key(self, key: AccessKey) -> None:
        self._touch_entry()
        self._session.change(
            sql.put_access_key, {"id": key.id, "owner": folded(key.user), "body": encode(key)}
        )

    def drop_access_key(self, key_id: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop_access_key, {"id": key_id})

    def drop_access_keys(self, user: str) -> None:
        self._touch_entry()
        self._session.change(sql.drop_access_keys, {"owner": folded(user)})

    def put_meta(self, key: str, value: str) -> None:
        self._touch_entry()
        self._session.change(sql.put_meta, {"name": key, "value": value})
