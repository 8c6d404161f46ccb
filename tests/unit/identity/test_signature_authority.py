"""What becomes of a signed request."""

from datetime import UTC, datetime

import pytest
import structlog
from msgspec.structs import replace

from headgate.core.errors import StoreUnavailable
from headgate.core.vocabulary import Role
from headgate.identity import SignatureAuthority, SignaturePolicy
from headgate.identity.signature_authority import SENTENCES
from headgate.ports.identity import Caller
from headgate.ports.signatures import NotProved, SignedRequest, Unproved
from tests.unit.identity.conftest import World
from tests.unit.identity.sigv4.signing import JSON, Signing

HOME = "192.0.2.1"
NOBODYS = "HG" + "0" * 18


class Program:
    """Signs with one key, at the time it is in this world."""

    def __init__(self, world: World, key_id: str, secret: str) -> None:
        self.world = world
        self.key_id = key_id
        self.secret = secret

    def request(self, *, ahead_s: float = 0) -> SignedRequest:
        """A submission."""
        at = datetime.fromtimestamp(self.world.clock.now() / 1e6 + ahead_s, UTC)
        return Signing(
            method="POST",
            headers=(JSON,),
            body=b"{}",
            key_id=self.key_id,
            secret=self.secret,
            moment=f"{at:%Y%m%dT%H%M%SZ}",
            date=f"{at:%Y%m%d}",
        ).request()

    def check(self, address: str = HOME) -> Caller:
        """Who it is."""
        return self.world.signatures.caller(self.request(), address=address)

    def refused(self, address: str = HOME) -> NotProved:
        """Why it is nobody."""
        with pytest.raises(NotProved) as error:
            self.check(address)
        return error.value

    def guessing(self) -> "Program":
        """Somebody with the same key and another secret."""
        return Program(self.world, self.key_id, "x" * 40)


@pytest.fixture
async def program(world: World) -> Program:
    """Of ada."""
    key, secret = await world.access_key_ring.create(None, "ada")
    return Program(world, key.id, secret)


async def test_whoever_signs_with_a_key_is_its_user_with_their_role(world: World, program: Program) -> None:
    assert program.check() == Caller("ada", Role.USER, "ada")
    await world.users.set_admin(None, "ada", True)
    assert program.check().role & Role.ADMIN


async def test_an_unknown_key_and_a_wrong_signature_are_told_the_same(world: World, program: Program) -> None:
    unknown = Program(world, NOBODYS, program.secret).refused()
    wrong = program.guessing().refused()
    assert (unknown.lack, unknown.text) == (wrong.lack, wrong.text)
    assert unknown.lack is Unproved.REFUSED


async def test_a_client_is_told_what_it_lacks_and_no_more(world: World, program: Program) -> None:
    request = program.request()
    lacks = {
        Unproved.NO_ACCESS_KEY: replace(request, headers=request.headers[:-1]),
        Unproved.EXPIRED: program.request(ahead_s=-301),
        Unproved.REFUSED: replace(request, body=b"[]"),
    }
    for lack, spoiled in lacks.items():
        with pytest.raises(NotProved) as refused:
            world.signatures.caller(spoiled, address=HOME)
        assert refused.value.lack is lack
        assert refused.value.text == SENTENCES[lack]


async def test_the_same_request_twice_is_accepted_twice(world: World, program: Program) -> None:
    """Two honest requests in one second carry one signature (spec sigv4, section 7)."""
    request = program.request()
    assert world.signatures.caller(request, address=HOME) == world.signatures.caller(request, address=HOME)


async def test_a_key_proves_nothing_at_once_when_it_or_its_user_is_disabled_or_gone(
    world: World, program: Program
) -> None:
    program.check()
    await world.access_key_ring.set_disabled(None, program.key_id, True)
    assert program.refused().lack is Unproved.REFUSED
    await world.access_key_ring.set_disabled(None, program.key_id, False)
    program.check()
    await world.users.set_disabled(None, "ADA", True)
    program.refused()
    await world.users.set_disabled(None, "ada", False)
    program.check()
    await world.access_key_ring.remove(None, program.key_id)
    program.refused()


async def test_what_another_process_changes_takes_effect_within_a_second(
    world: World, program: Program
) -> None:
    program.check()
    await world.access_keys_elsewhere.set_disabled(None, program.key_id, True)
    world.clock.pass_time(0.6)
    program.refused()
    await world.access_keys_elsewhere.set_disabled(None, program.key_id, False)
    world.clock.pass_time(0.6)
    program.check()
    await world.elsewhere.set_admin(None, "ada", True)
    world.clock.pass_time(0.6)
    assert program.check().role & Role.ADMIN
    await world.elsewhere.remove(None, "ada")
    world.clock.pass_time(0.6)
    program.refused()


async def test_a_user_who_was_made_anew_has_no_key_of_the_old_one(world: World, program: Program) -> None:
    program.check()
    await world.users.remove(None, "ada")
    await world.users.add(None, "ada", Role.USER, "engine")
    program.refused()


async def test_both_keys_of_a_user_are_good_while_one_replaces_the_other(
    world: World, program: Program
) -> None:
    key, secret = await world.access_key_ring.create(None, "ada")
    following = Program(world, key.id, secret)
    assert following.check() == program.check()
    assert Program(world, key.id, program.secret).refused().lack is Unproved.REFUSED
    await world.access_key_ring.remove(None, program.key_id)
    assert following.check().name == "ada"


async def test_a_row_somebody_moved_to_another_user_proves_nothing(world: World, program: Program) -> None:
    """Whoever can write the database but not read the key file becomes nobody else by it."""
    await world.users.add(None, "boss", Role.ADMIN, "x")
    stored = world.store.peek(lambda look: look.access_key(program.key_id))
    await world.store.write(lambda tx: tx.put_access_key(replace(stored, user="boss")))
    with structlog.testing.capture_logs() as logs:
        program.refused()
    assert [line["event"] for line in logs] == ["access_key_unreadable", "signature_refused"]


async def test_nobody_can_keep_a_program_out_by_guessing_at_its_key(world: World, program: Program) -> None:
    """Also not from the address it comes from itself, as behind one proxy, nor before it was ever in."""
    for _ in range(30):
        program.guessing().refused()
    assert program.check().name == "ada"
    await world.access_key_ring.set_disabled(None, program.key_id, True)
    for _ in range(30):
        program.refused()
    await world.access_key_ring.set_disabled(None, program.key_id, False)
    assert program.check().name == "ada"


async def test_what_could_not_be_looked_up_is_the_servers_fault(
    world: World, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(look: object) -> None:
        raise StoreUnavailable("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "peek", fails)
        with pytest.raises(StoreUnavailable):
            program.check()
    assert program.check().name == "ada"


async def test_the_log_says_which_key_and_why_and_gives_no_secret_away(
    world: World, program: Program
) -> None:
    with structlog.testing.capture_logs() as logs:
        program.guessing().refused()
        with pytest.raises(NotProved):
            world.signatures.caller(replace(program.request(), headers=[]), address=HOME)
    assert logs[0] == {
        "event": "signature_refused",
        "log_level": "info",
        "key": program.key_id,
        "reason": "another signature",
        "address": HOME,
    }
    assert logs[1]["reason"] == "no Authorization header"
    signature = program.request().headers[-1][1].rpartition(b"=")[2].decode()
    assert program.secret not in str(logs)
    assert signature not in str(logs)


async def test_keys_that_nobody_has_fill_no_memory(world: World, program: Program) -> None:
    world.signatures = SignatureAuthority(
        world.store, world.clock, world.access_keys, SignaturePolicy(), most=10
    )
    for number in range(30):
        Program(world, f"HG{number:018}", program.secret).refused()
    assert program.check().name == "ada"
    assert len(world.signatures._known) == 10


async def test_a_key_goes_on_being_good_on_the_next_day(world: World, program: Program) -> None:
    for _ in range(3):
        assert program.check().name == "ada"
        world.clock.pass_time(86400)
