"""`headgate service …`."""

from pathlib import Path

import pytest

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


@pytest.fixture
def services(server: Server) -> Path:
    folder = server.data / "services"
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "Good.toml").write_text('name = "Good"\nversion = "2.0"\ncommand = ["/bin/true", "x"]\n')
    (folder / "Bad.toml").write_text('name = "Bad"\n')
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


def test_services_are_listed_with_what_is_wrong(server: Server, headgate: Command, services: Path) -> None:
    lines = headgate("service", "list", "--data", str(server.data)).stdout.splitlines()
    assert "CcpEchoSvc\t\theadgate.soa.echo:CcpEchoSvc\tbuilt in" in lines
    assert "Good\t2.0\t/bin/true x\tGood.toml" in lines
    assert any(line.startswith("Bad\t\tcan't be used: ") and line.endswith("\tBad.toml") for line in lines)


def test_a_check_tells_good_from_bad(server: Server, headgate: Command, services: Path) -> None:
    done = headgate("service", "check", "--data", str(server.data), check=False)
    assert done.returncode == 1
    assert "Good.toml: good" in done.stdout
    assert "Bad.toml: it says how to start" in done.stdout
    done = headgate("service", "check", str(services / "Good.toml"))
    assert done.returncode == 0


def test_a_service_is_tried_line_by_line(headgate: Command) -> None:
    asked = "hello\n<Echo><input>a</input></Echo>\n"
    first, second = headgate("service", "run", "CcpEchoSvc", stdin=asked).stdout.splitlines()
    assert first.endswith("(GenericService): hello")
    assert second.endswith(":a</EchoResult></EchoResponse>")


def test_a_service_that_does_not_start_is_a_refusal(headgate: Command, services: Path) -> None:
    done = headgate("service", "run", str(services / "Good.toml"), stdin="a\n", check=False)
    assert done.returncode == 1
    assert "exit status 0" in done.stderr
    assert "Traceback" not in done.stderr
