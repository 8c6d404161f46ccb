"""Recorded exchanges for each operation, each in JSON and in XML (`cases`)."""

import pytest

from headgate.dialects.hpcpack.operations import operations
from headgate.formats.routing import Router
from tests.compliance.hpcpack.cases import JSON, Case, every, written
from tests.compliance.hpcpack.world import World

RUNS = [(case, media) for case in every() for media in case.formats]


@pytest.mark.parametrize(("case", "media"), RUNS, ids=[f"{case.name} {media}" for case, media in RUNS])
async def test_recorded(world: World, case: Case, media: str) -> None:
    """To the letter: the order of keys and properties, ids as numbers only where they are created."""
    await world.furnish()
    for target, value in case.before:
        assert (await world.ask("POST", target, written(value, JSON), user="boss")).status < 300
    got = await world.ask(
        case.method,
        case.target,
        written(case.sent, media),
        user=case.user,
        headers={"accept": media},
        content_type=media if case.sent is not None else None,
    )
    assert got.status == case.status, got.body
    if case.status < 400 and case.judged:
        assert got.body.decode() == written(case.answer, media).decode()
    if got.body:
        assert got.headers["content-type"] == f"{media}; charset=utf-8"


def test_every_operation_has_a_recorded_exchange() -> None:
    known = operations(World().context)
    router = Router(known)
    seen = set()
    for case in every():
        found = router.find(case.target.partition("?")[0])
        assert found is not None, case
        operation = found[0][case.method]
        seen.add((operation.method, operation.path))
    assert seen == {(operation.method, operation.path) for operation in known}


async def test_a_job_from_creation_to_submission(world: World) -> None:
    """The example of section 4.3 in one go."""
    properties = b'[{"Name":"Name","Value":"demo"},{"Name":"Priority","Value":"AboveNormal"}]'
    created = await world.ask("POST", "/jobs", properties)
    assert (created.status, created.body) == (200, b"1")
    task = await world.ask("POST", "/jobs/1/tasks", b'[{"Name":"CommandLine","Value":"echo hi"}]')
    assert (task.status, task.body) == (200, b"1")
    variables = await world.ask("POST", "/jobs/1/envVariables", b'[{"Name":"MODE","Value":"fast"}]')
    assert variables.status == 204
    assert (await world.ask("POST", "/jobs/1/submit", content_type=None)).status == 204
    state = await world.ask("GET", "/jobs/1?properties=id,state")
    assert state.body == b'[{"Name":"Id","Value":"1"},{"Name":"State","Value":"Queued"}]'
    assert (await world.ask("POST", "/jobs/1/cancel", b'"not needed any more"')).status == 204
    ended = await world.ask("GET", "/jobs/1?properties=State,ErrorMessage")
    assert ended.values["State"] in ("Canceling", "Canceled")
    assert "not needed any more" in ended.values["ErrorMessage"]


async def test_keys_are_read_as_the_acceptance_test_spells_them(world: World) -> None:
    """Section 2.1."""
    assert (await world.ask("POST", "/jobs", b'[{"name":"Name","value":"x"}]')).json == 1
    assert (await world.ask("GET", "/jobs/1?properties=Name")).values == {"Name": "x"}
