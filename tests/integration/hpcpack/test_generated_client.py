"""A client that openapi-python-client made from a running server's description compiles and works.

The generator writes its packages' names by itself, so they are imported by name and have no types here.
"""

import compileall
import importlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.dialects.hpcpack.operations import operations
from headgate.testing.server import Server
from tests.compliance.hpcpack.world import World
from tests.integration.hpcpack.conftest import ADA

PACKAGE = "generated_hpcpack_client"
TAG = f"{PACKAGE}.api.default"


@pytest.fixture(scope="module")
def generated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The generated package, which can be imported meanwhile."""
    folder = tmp_path_factory.mktemp("generated")
    description, settings = folder / "openapi.json", folder / "settings.yml"
    description.write_bytes(httpx.get(f"{server.url}/hpc/openapi.json").raise_for_status().content)
    settings.write_text("post_hooks: []\n")  # they only format what was written
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"]
    options = ["--path", str(description), "--output-path", str(folder / PACKAGE), "--config", str(settings)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def client(server: Server, generated: Path) -> Iterator[Any]:
    """The generated client, as ada."""
    made: Any = importlib.import_module(f"{PACKAGE}.client")
    arguments = {"httpx_args": {"auth": ADA}, "raise_on_unexpected_status": True}
    with made.Client(base_url=f"{server.url}/hpc", **arguments) as client:
        yield client


def call(name: str, *values: Any, **arguments: Any) -> Any:
    """One operation, by the name of its module."""
    return importlib.import_module(f"{TAG}.{name}").sync(*values, **arguments)


def given(**values: object) -> list[Any]:
    """A property list of the generated kind."""
    kind: Any = importlib.import_module(f"{PACKAGE}.models").PropertyGiven
    return [kind(name=name, value=value) for name, value in values.items()]


def test_it_compiles_and_has_every_operation(generated: Path) -> None:
    assert compileall.compile_dir(generated, quiet=1)
    modules = {file.stem for file in (generated / "api" / "default").glob("*.py")} - {"__init__"}
    for module in modules:
        importlib.import_module(f"{TAG}.{module}")
    assert len(modules) == len(operations(World().context))


def test_a_job_from_its_creation_to_its_output(client: Any) -> None:
    job = call("post_jobs", client=client, body=given(Name="generated", Priority="AboveNormal"))
    assert isinstance(job, int)
    task = given(
        Type="ParametricSweep", StartValue=1, EndValue=2, CommandLine="echo got * $MODE", WorkDirectory="/"
    )
    assert call("post_jobs_job_id_tasks", job, client=client, body=task) == 1
    assert call("post_jobs_job_id_env_variables", job, client=client, body=given(MODE="fast")) is None
    assert call("post_jobs_job_id_submit", job, client=client) is None
    until = time.monotonic() + 30
    state = ""
    while state not in ("Finished", "Failed", "Canceled") and time.monotonic() < until:
        time.sleep(0.05)
        [found] = call("get_jobs_job_id", job, client=client, properties="state")
        assert found.name == "State"
        state = found.value
    assert state == "Finished"
    rows = call("get_jobs_job_id_tasks", job, client=client, properties="TaskId,Output", rows_per_read=5)
    assert [[entry.value for entry in row.properties] for row in rows] == [
        [f"{job}.1.1", "got 1 fast\n"],
        [f"{job}.1.2", "got 2 fast\n"],
    ]


def test_it_reads_lists_names_texts_and_what_pages_say(client: Any) -> None:
    assert call("get_jobs_templates", client=client) == ["Default"]
    assert call("get_cluster_info_date_time_format", client=client) == "M/d/yyyy h:mm:ss tt"
    for name in ("a", "b"):
        call("post_jobs", client=client, body=given(Name=name))
    listed: Any = importlib.import_module(f"{TAG}.get_jobs")
    page = listed.sync_detailed(client=client, rows_per_read=1, asc=False, properties="Name")
    assert [[entry.value for entry in row.properties] for row in page.parsed] == [["b"]]
    following = listed.sync_detailed(
        client=client,
        rows_per_read=1,
        asc=False,
        properties="Name",
        query_id=page.headers["x-ms-continuation-queryId"],
    )
    assert [[entry.value for entry in row.properties] for row in following.parsed] == [["a"]]


def test_it_reads_a_refusal(client: Any) -> None:
    refused = call("get_jobs_job_id", 2_000_000, client=client)
    assert "Exception: " in refused.message
    canceled = call("post_jobs_job_id_cancel", 2_000_000, client=client, body="why not", forced=True)
    assert type(canceled) is type(refused)
