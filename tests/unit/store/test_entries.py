"""store/entries.py and store/changes.py: the small tables."""

from functools import partial

import pytest

from headgate.core.access_keys import AccessKey
from headgate.core.errors import NotFound
from headgate.core.model import Node, NodeGroup, Queue, Template, Token, User, UserGroup
from headgate.core.vocabulary import NodeState, Role
from headgate.store.reader import Reader
from headgate.store.transaction import Transaction
from tests.unit.store.worlds import World


def test_a_node_keeps_its_id_and_guid_under_any_spelling(world: World) -> None:
    first = world.write(lambda tx: tx.put_node(Node(name="Node1", cores=4)))
    second = world.write(lambda tx: tx.put_node(Node(name="aaa")))
    again = world.write(lambda tx: tx.put_node(Node(name="NODE1", state=NodeState.OFFLINE)))
    assert (first.id, second.id, again.id) == (1, 2, 1)
    assert first.guid == again.guid != second.guid
    assert world.look(lambda look: look.nodes()) == [again, second]


def test_named_entries_are_replaced_under_any_spelling_and_listed_by_name(world: World) -> None:
    for name in ("beta", "Alpha", "BETA"):
        world.write(partial(Transaction.put_node_group, group=NodeGroup(name)))
        world.write(partial(Transaction.put_template, template=Template(name=name)))
        world.write(partial(Transaction.put_queue, queue=Queue(name=name)))
        world.write(partial(Transaction.put_user, user=User(name=name)))
    assert [each.name for each in world.look(lambda look: look.node_groups())] == ["Alpha", "BETA"]
    assert [each.name for each in world.look(lambda look: look.templates())] == ["Alpha", "BETA"]
    assert [each.name for each in world.look(lambda look: look.queues())] == ["Alpha", "BETA"]
    assert [each.name for each in world.look(lambda look: look.users())] == ["Alpha", "BETA"]


def test_a_user_is_found_under_any_spelling(world: World) -> None:
    user = User(name="Straße", role=Role.ADMIN, password_hash="$argon2id$")
    world.write(lambda tx: tx.put_user(user))
    assert world.look(lambda look: look.user("STRASSE")) == user
    with pytest.raises(NotFound) as refused:
        world.look(lambda look: look.user("nobody"))
    assert refused.value.kind == "user"


def test_tokens_are_dropped_one_by_one_or_with_their_user(world: World) -> None:
    tokens = [
        Token(digest=bytes([number]), user=user, kind="bearer", created=1)
        for number, user in enumerate(("Ann", "ann", "bob"))
    ]
    for token in tokens:
        world.write(partial(Transaction.put_token, token=token))
    assert world.look(lambda look: look.token(b"\x01")) == tokens[1]
    world.write(lambda tx: tx.drop_token(b"\x00"))
    with pytest.raises(NotFound):
        world.look(lambda look: look.token(b"\x00"))
    world.write(lambda tx: tx.drop_tokens("ANN"))
    with pytest.raises(NotFound):
        world.look(lambda look: look.token(b"\x01"))
    assert world.look(lambda look: look.token(b"\x02")) == tokens[2]


def test_tokens_are_listed_by_user_and_age(world: World) -> None:
    tokens = [
        Token(digest=bytes([number]), user=user, kind="api-key", created=9 - number, sealed=b"s")
        for number, user in enumerate(("bob", "ann", "Ann"))
    ]
    for token in tokens:
        world.write(partial(Transaction.put_token, token=token))
    assert world.look(lambda look: look.tokens()) == [tokens[2], tokens[1], tokens[0]]
    assert world.look(lambda look: look.tokens("BOB")) == [tokens[0]]
    assert world.look(lambda look: look.tokens("carl")) == []


def test_access_keys_are_found_by_id_listed_by_user_and_age_and_dropped(world: World) -> None:
    keys = [
        AccessKey(id=f"K{number}", user=user, created=9 - number, sealed=b"s", disabled=number == 1)
        for number, user in enumerate(("bob", "ann", "Ann", "carl"))
    ]
    for key in keys:
        world.write(partial(Transaction.put_access_key, key=key))
    assert world.look(lambda look: look.access_keys()) == [keys[2], keys[1], keys[0], keys[3]]
    assert world.look(lambda look: look.access_keys("ANN")) == [keys[2], keys[1]]
    assert world.look(lambda look: look.access_key("K1")) == keys[1]
    world.write(lambda tx: tx.drop_access_keys("aNN"))
    world.write(lambda tx: tx.drop_access_key("K0"))
    assert world.look(lambda look: look.access_keys()) == [keys[3]]
    for gone in ("K0", "k3"):
        with pytest.raises(NotFound) as refused:
            world.look(partial(Transaction.access_key, key_id=gone))
        assert refused.value.kind == "access key"


def test_users_and_their_groups_are_dropped_under_any_spelling(world: World) -> None:
    world.write(lambda tx: tx.put_user(User(name="Ann")))
    world.write(lambda tx: tx.put_user_group(UserGroup(name="Staff", gid=1, members=("Ann",))))
    world.write(lambda tx: tx.put_user_group(UserGroup(name="STAFF", gid=2)))
    assert world.look(lambda look: look.user_groups()) == [UserGroup(name="STAFF", gid=2)]
    world.write(lambda tx: tx.drop_user_group("staff"))
    world.write(lambda tx: tx.drop_user("ANN"))
    assert not world.look(lambda look: look.user_groups())
    assert not world.look(lambda look: look.users())


def test_facts_are_kept_by_name(world: World) -> None:
    assert world.look(lambda look: look.meta("seeded")) is None
    world.write(lambda tx: tx.put_meta("seeded", "1"))
    world.write(lambda tx: tx.put_meta("seeded", "2"))
    assert world.look(lambda look: look.meta("seeded")) == "2"
    assert world.look(lambda look: look.meta("installation")) == world.store.installation == "id-1"


def names(reader: Reader) -> set[str]:
    return {node.name for node in reader.nodes()}


def test_what_is_made_of_small_tables_is_made_once_until_one_of_them_changes(world: World) -> None:
    made = []

    def make(reader: Reader) -> set[str]:
        made.append(reader)
        return names(reader)

    def look() -> set[str]:
        return world.write(lambda tx: tx.derived(make))

    world.write(lambda tx: tx.put_node(Node(name="n1")))
    assert look() == look() == {"n1"}
    assert len(made) == 1
    world.write(lambda tx: tx.put_node(Node(name="n2")))
    assert look() == {"n1", "n2"}
    assert len(made) == 2


def test_what_a_change_made_that_raised_is_not_what_the_next_one_sees(world: World) -> None:
    def bad(tx: Transaction) -> None:
        tx.put_node(Node(name="n3"))
        assert tx.derived(names) == {"n3"}
        raise NotFound("too late", kind="node")

    with pytest.raises(NotFound):
        world.write(bad)
    assert world.write(lambda tx: tx.derived(names)) == set()
