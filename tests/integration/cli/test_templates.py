"""`headgate template …` on a data folder, and what a running server makes of it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command

NIGHT = """
[templates.Night]
description = "at night"

[templates.Night.environment]
SHIFT = "night shift"

[templates.Night.properties.Priority]
default = "BelowNormal"
max = "Normal"

[templates.Night.properties.RuntimeSeconds]
default = 60
max = 600
"""


@pytest.fixture
def night(server: Server, tmp_path: Path) -> Iterator[list[str]]:
    """The template Night in a running server. Yields the words that name its data folder."""
    file = tmp_path / "night.toml"
    file.write_text(NIGHT)
    data = ["--data", str(server.data)]
    server.command("template", "set", str(file), *data)
    yield data
    server.command("template", "remove", "Night", "--force", *data, check=False)


@pytest.fixture
def ada(server: Server) -> Iterator[httpx.Client]:
    with server.http(("ada", "engine")) as client:
        yield client


def make(client: httpx.Client, **properties: object) -> httpx.Response:
    pairs = [{"Name": name, "Value": str(value)} for name, value in properties.items()]
    return client.post("/hpc/jobs", json=pairs)


def test_a_template_shapes_and_limits_jobs_through_every_face(night: list[str], ada: httpx.Client) -> None:
    assert ada.get("/hpc/jobs/templates").json() == ["Default", "Night"]
    job = make(ada, JobTemplate="night").json()
    assert {
        one["Name"]: one["Value"]
        for one in ada.get(f"/hpc/jobs/{job}?properties=Priority,RuntimeSeconds,JobTemplate").json()
    } == {"Priority": "BelowNormal", "RuntimeSeconds": "60", "JobTemplate": "night"}
    refused = make(ada, JobTemplate="Night", Priority="Highest")
    assert refused.status_code == 400
    assert "Priority 4000 is more than 2000" in refused.text
    document = '<Job JobTemplate="Night" Priority="Highest"><Tasks><Task CommandLine="true"/></Tasks></Job>'
    refused = ada.post("/hpc/jobs/jobFile", json=document)
    assert (refused.status_code, "Priority 4000 is more than 2000" in refused.text) == (400, True)
    refused = ada.post(
        "/v1/jobs", json={"template": "Night", "runtime_s": 601, "tasks": [{"command": "true"}]}
    )
    assert (refused.status_code, refused.json()["field"]) == (400, "runtime_s")
    assert refused.json()["code"] == "Operation_JobTemplateValueTooLarge"


def test_a_change_counts_within_a_second(
    night: list[str], server: Server, ada: httpx.Client, tmp_path: Path
) -> None:
    assert make(ada, JobTemplate="Night", RuntimeSeconds=500).status_code == 200
    file = tmp_path / "changed.toml"
    file.write_text(server.command("template", "show", "night", *night).stdout.replace("600", "400"))
    server.command("template", "set", str(file), *night)
    until = time.monotonic() + 1
    while make(ada, JobTemplate="Night", RuntimeSeconds=500).status_code == 200:
        assert time.monotonic() < until


def test_tasks_see_the_variables_of_the_template(night: list[str], headgate: Command) -> None:
    number = headgate(
        "job", "submit", "--workdir", "/", "--template", "Night", "--wait", "--", "printenv", "SHIFT"
    ).stdout.split()[0]
    assert headgate("job", "logs", number).stdout == "night shift\n"


def test_a_template_in_use_is_not_removed(night: list[str], server: Server, ada: httpx.Client) -> None:
    job = make(ada, JobTemplate="Night").json()
    done = server.command("template", "remove", "Night", *night, check=False)
    assert done.returncode == 1
    assert str(job) in done.stderr
    ada.post(f"/hpc/jobs/{job}/cancel")
    for words, said in (
        (["remove", "default"], "Default cannot be removed"),
        (["remove", "Nope"], "no job template 'Nope'"),
        (["show", "Nope"], "no job template 'Nope'"),
    ):
        done = server.command("template", *words, *night, check=False)
        assert (done.returncode, said in done.stderr) == (1, True)


def test_a_file_that_is_wrong_changes_nothing(night: list[str], server: Server, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("[templates.Good]")
    bad.write_text('[templates.Bad.properties.Priority]\nmax = "Hihg"')
    done = server.command("template", "set", str(good), str(bad), *night, check=False)
    assert done.returncode == 1
    assert f"{bad}: templates.Bad.properties.Priority.max: " in done.stderr
    done = server.command("template", "set", str(tmp_path / "none.toml"), *night, check=False)
    assert "can't be read" in done.stderr
    assert "Good" not in server.command("template", "list", *night).stdout


def test_templates_are_made_before_there_is_a_server(tmp_path: Path) -> None:
    """And the first start does not put its own Default in place of the administrator's."""
    fresh = Server(tmp_path / "data")
    file = tmp_path / "default.toml"
    file.write_text("[templates.default.properties.Project]\ndefault = 'p'\n")
    fresh.command("template", "set", str(file), "--data", str(fresh.data))
    try:
        with fresh.start().http() as client:
            job = make(client).json()
            assert json.loads(client.get(f"/hpc/jobs/{job}?properties=Project").text)[0]["Value"] == "p"
    finally:
        fresh.stop()
