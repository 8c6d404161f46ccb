"""Sessions over a whole installation: a real store, engine, hosts and services."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from headgate.core.errors import HeadgateError
from headgate.core.soa import BatchStatus, Reason, Request, SessionStart, SoaFault
from headgate.core.states import JobState
from headgate.service.session_jobs import finish
from tests.integration.soa.installation import (
    ANN,
    Installation,
    echo,
    generic,
    host_pids,
    installation,
    portions,
    start_of,
    texts,
)

MACHINE = os.uname().nodename


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "data") as made:
        yield made


def register(folder: Path, name: str, text: str) -> None:
    services = folder / "services"
    services.mkdir(mode=0o755, exist_ok=True)
    (services / f"{name}.toml").write_text(f'name = "{name}"\n{text}')
    (services / f"{name}.toml").chmod(0o644)


def written(folder: Path, name: str, text: str) -> Path:
    """A module in a folder that every account may read."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    (folder / f"{name}.py").chmod(0o644)
    return folder


async def until(true: Callable[[], object], what: str) -> None:
    for _ in range(1200):
        if true():
            return
        await asyncio.sleep(0.025)
    raise AssertionError(what)


async def test_the_echo_service_answers_both_kinds_of_requests(here: Installation) -> None:
    session = await here.sessions.create(ANN, SessionStart(service="ccpechosvc", max_units=1))
    await here.sessions.send(ANN, session.id, "b", [echo("hello", "id-1"), generic("text & more")])
    await here.sessions.commit(ANN, session.id, "b")
    answers, end = await here.answers(session.id, "b")
    assert texts(answers) == [f"{MACHINE}:hello", f"{MACHINE} (GenericService): text & more"]
    assert [one.relates_to for one in answers] == ["id-1", ""]
    assert answers[0].action == "http://tempuri.org/IEchoSvc/EchoResponse"
    assert answers[1].action.endswith("/GenericOperationResponse")
    assert end.count == 2
    await here.sessions.close(ANN, session.id)
    await until(
        lambda: here.parts.store.peek(lambda look: look.job(session.id)).state is JobState.FINISHED,
        "the job did not end",
    )


@pytest.mark.parametrize("durable", [False, True])
async def test_hosts_that_are_killed_lose_no_request(
    here: Installation, tmp_path: Path, durable: bool
) -> None:
    start = start_of(tmp_path, durable=durable)
    session = await here.sessions.create(ANN, start)
    count = 6000

    async def upload() -> None:
        for portion in portions(count, 200):
            await here.sessions.send(ANN, session.id, "b", [echo(f"{n}", f"id-{n}") for n in portion])
            await asyncio.sleep(0.01)
        await here.sessions.commit(ANN, session.id, "b")

    sending = asyncio.create_task(upload())
    for module in ("headgate.soa.host", "headgate.soa.child", "headgate.soa.host"):
        await until(partial(host_pids, tmp_path, session.id, module), "no host came")
        await asyncio.sleep(0.05)
        for pid in host_pids(tmp_path, session.id, module)[:1]:
            os.kill(pid, signal.SIGKILL)
    await sending
    answers, end = await here.answers(session.id, "b")
    assert sorted(one.relates_to for one in answers) == sorted(f"id-{n}" for n in range(count))
    assert end.count == count
    assert not any(one.fault for one in answers)


async def test_a_service_of_ones_own_is_found_and_its_faults_are_answers(
    here: Installation, tmp_path: Path
) -> None:
    code = (
        "import os\n"
        "from headgate.soa import Fault, operation, service\n"
        "@service\n"
        "class Sums:\n"
        "    @operation\n"
        "    def Echo(self, input: str) -> str:\n"
        "        if input == 'fault':\n"
        "            raise Fault('not this one')\n"
        "        if input == 'die':\n"
        "            os._exit(9)\n"
        "        return input + os.environ['SUFFIX']\n"
    )
    folder = written(tmp_path / "lib", "sums_of_a_test", code)
    register(
        here.parts.data,
        "Sums",
        f'python = "sums_of_a_test:Sums"\npython_path = ["{folder}"]\n'
        '[environment]\nSUFFIX = "!"\n[limits]\nretries = 1\n',
    )
    session = await here.sessions.create(ANN, SessionStart(service="Sums", max_units=1))
    await here.sessions.send(
        ANN, session.id, "b", [echo("a", "1"), echo("fault", "2"), echo("die", "3"), echo("b", "4")]
    )
    await here.sessions.commit(ANN, session.id, "b")
    answers, _ = await here.answers(session.id, "b")
    by_id = {one.relates_to: one for one in answers}
    assert texts([by_id["1"], by_id["4"]]) == ["a!", "b!"]
    assert b"not this one" in by_id["2"].body
    assert by_id["2"].fault == 0
    assert by_id["3"].fault == SoaFault.RETRY_LIMIT
    assert "exit status 9" in by_id["3"].reason


async def test_a_service_that_never_starts_fails_the_session(here: Installation) -> None:
    register(here.parts.data, "Broken", 'python = "no_such_module:Nothing"\n')
    session = await here.sessions.create(ANN, SessionStart(service="Broken", max_units=1))
    await here.sessions.send(ANN, session.id, "b", [echo("a")])
    await here.sessions.commit(ANN, session.id, "b")
    answers, end = await here.answers(session.id, "b")
    assert [one.fault for one in answers] == [SoaFault.SESSION_FAILURE]
    assert "exit status 70" in answers[0].reason
    assert end.reason is Reason.SUCCESS
    assert here.sessions.status(ANN, session.id, "b") is BatchStatus.FINISHED
    with pytest.raises(HeadgateError) as refused:
        await here.sessions.send(ANN, session.id, "b", [echo("b")])
    assert refused.value.code == "Broker_SessionFailure"
    await until(
        lambda: here.parts.store.peek(lambda look: look.job(session.id)).state is JobState.FAILED,
        "the job did not fail",
    )


async def test_a_request_that_takes_too_long_is_a_fault_and_the_others_are_done(
    here: Installation, tmp_path: Path
) -> None:
    code = (
        "import time\n"
        "from headgate.soa import operation, service\n"
        "@service\n"
        "class Slow:\n"
        "    @operation\n"
        "    def Echo(self, input: str) -> str:\n"
        "        time.sleep(600 if input == 'slow' else 0)\n"
        "        return input\n"
    )
    folder = written(tmp_path / "lib", "slow_of_a_test", code)
    register(here.parts.data, "Slow", f'python = "slow_of_a_test:Slow"\npython_path = ["{folder}"]\n')
    start = SessionStart(service="Slow", max_units=1, operation_timeout=300)
    session = await here.sessions.create(ANN, start)
    await here.sessions.send(ANN, session.id, "b", [echo("slow", "1"), echo("b", "2"), echo("c", "3")])
    await here.sessions.commit(ANN, session.id, "b")
    answers, _ = await here.answers(session.id, "b")
    assert {one.relates_to: one.fault for one in answers} == {
        "1": SoaFault.OPERATION_TIMEOUT,
        "2": 0,
        "3": 0,
    }


async def test_a_host_believes_the_certificate_that_its_server_made(tmp_path: Path) -> None:
    async with installation(tmp_path / "data", tls=True) as here:
        assert here.broker._tickets.url.startswith("https:")
        session = await here.sessions.create(ANN, SessionStart(service="CcpEchoSvc", max_units=1))
        await here.sessions.send(ANN, session.id, "b", [echo("a")])
        answers, _ = await here.answers(session.id, "b", count=1)
        assert texts(answers) == [f"{MACHINE}:a"]


def example(kind: str) -> str:
    """The example of the protocol's page in this language."""
    page = (Path(__file__).parents[3] / "docs/reference/soa-protocol.md").read_text()
    return page.partition(f"```{kind}\n")[2].partition("```")[0]


async def test_the_example_in_bash_is_a_service(here: Installation, tmp_path: Path) -> None:
    folder = written(tmp_path / "bin", "unused", "")
    (folder / "upper").write_text(example("bash"))
    (folder / "upper").chmod(0o755)
    register(here.parts.data, "Upper", f'command = ["{folder}/upper"]\n')
    session = await here.sessions.create(ANN, SessionStart(service="Upper", max_units=1))
    requests = [generic("hello"), generic("thérè, <&>"), echo("typed")]
    await here.sessions.send(ANN, session.id, "b", requests)
    await here.sessions.commit(ANN, session.id, "b")
    answers, _ = await here.answers(session.id, "b")
    assert texts(answers[:2]) == ["HELLO", "THéRè, <&>"]
    assert b"the generic operation alone" in answers[2].body


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
async def test_the_example_in_c_is_a_service(here: Installation, tmp_path: Path) -> None:
    folder = written(tmp_path / "bin", "unused", "")
    (folder / "same.c").write_text(example("c"))
    command = ["cc", "-Wall", "-o", str(folder / "same"), str(folder / "same.c")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "same").chmod(0o755)
    register(here.parts.data, "Same", f'command = ["{folder}/same"]\n')
    session = await here.sessions.create(
        ANN, SessionStart(service="Same", max_units=1, max_message_size=2**20)
    )
    wrong = Request(action="x", body=b"<not><xml>", message_id="wrong")
    await here.sessions.send(ANN, session.id, "b", [generic("x" * 300_000), echo("typed"), wrong])
    await here.sessions.commit(ANN, session.id, "b")
    answers, _ = await here.answers(session.id, "b")
    assert texts(answers[:2]) == ["x" * 300_000, "typed"]
    assert answers[1].action == "http://tempuri.org/IEchoSvc/EchoResponse"
    assert b"no XML" in answers[2].body


async def test_a_session_whose_job_was_ended_can_be_read(here: Installation, tmp_path: Path) -> None:
    session = await here.sessions.create(ANN, start_of(tmp_path, durable=True))
    await here.sessions.send(ANN, session.id, "b", [echo("a", "1")])
    answers, _ = await here.answers(session.id, "b", count=1)
    await finish(here.parts.store, session.id, "enough")
    answers, end = await here.answers(session.id, "b", reset=True)
    assert [one.relates_to for one in answers] == ["1", ""]
    assert answers[1].fault == SoaFault.SESSION_FAILURE
    assert end.count == 1


async def test_a_ticket_is_good_once(here: Installation) -> None:
    import websockets

    session = await here.sessions.create(ANN, SessionStart(service="CcpEchoSvc", max_units=1))
    await here.sessions.send(ANN, session.id, "b", [echo("a")])
    await here.answers(session.id, "b", count=1)
    tickets = here.broker._tickets
    (intent,) = here.parts.store.peek(lambda look: look.intents(job_id=session.id))
    url = "ws" + tickets.url.removeprefix("http") + "/soa/host"
    good = tickets.proof(session.id, 1, intent.id)
    for proof in (
        f"{session.id}.1.{intent.id}.{good}",
        f"{session.id}.1.{intent.id + 1}.{tickets.proof(session.id, 1, intent.id + 1)}",
        f"{session.id}.1.{intent.id}.{good[:-1]}",
        "nonsense",
        "",
    ):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url, additional_headers={"Authorization": f"SOA-Host {proof}"})
        assert refused.value.response.status_code == 401
