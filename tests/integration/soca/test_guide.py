"""The command sequence of the published guide, with real curl: base64, submit, get, delete, get."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.soca.conftest import Site

SCRIPT = """\
#!/bin/bash
#PBS -N my_job_name
#PBS -V -j oe -o my_job_output.qlog
#PBS -P my_project
#PBS -q normal
#PBS -l nodes=1,instance_type=c5.large
{command}
"""
# As the guide has them: base64 of the script, then requests with the two headers and --form.
ENCODE = "base64 job_submit.que > job_submit.b64"
HEADERS = '-H "X-SOCA-USER: $SOCA_USER" -H "X-SOCA-TOKEN: $SOCA_TOKEN"'
SUBMIT = f'curl -k {HEADERS} --form "payload=$(cat job_submit.b64)" -X POST "$URL/api/scheduler/job"'
GET = f'curl -k {HEADERS} -X GET "$URL/api/scheduler/job?job_id=$JOB"'
DELETE = f'curl -k {HEADERS} -X DELETE "$URL/api/scheduler/job?job_id=$JOB"'
STATUS = " -sS -o answer -w '%{http_code}'"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


class Shell:
    """Somebody who follows the guide."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder
        self.variables = {"URL": site.server.url, "SOCA_USER": "ada", "SOCA_TOKEN": site.keys["ada"]}

    def __call__(self, line: str) -> tuple[int, Any]:
        """Status and answer of a curl line."""
        done = subprocess.run(
            ["bash", "-c", line + STATUS],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], **self.variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout), json.loads((self._folder / "answer").read_text())

    def encode(self, command: str) -> None:
        (self._folder / "job_submit.que").write_text(SCRIPT.format(command=command))
        subprocess.run(["bash", "-c", ENCODE], cwd=self._folder, check=True)


@pytest.fixture
def shell(site: Site, tmp_path: Path) -> Shell:
    return Shell(site, tmp_path)


def test_the_sequence_of_the_guide_works(shell: Shell) -> None:
    shell.encode("sleep 60")
    status, answer = shell(SUBMIT)
    assert (status, answer["success"]) == (200, True)
    assert re.fullmatch(r"\d+", answer["message"])
    shell.variables["JOB"] = answer["message"]
    status, answer = shell(GET)
    assert (status, answer["success"]) == (200, True)
    assert answer["message"]["Job_Name"] == "my_job_name"
    assert answer["message"]["project"] == "my_project"
    assert answer["message"]["Resource_List"]["instance_type"] == "c5.large"
    status, answer = shell(DELETE)
    assert (status, answer) == (200, {"success": True, "message": "Job deleted"})
    while (found := shell(GET))[0] == 200:
        assert found[1]["message"]["job_state"] == "E"
    status, answer = found
    assert (status, answer["success"]) == (210, False)
    assert answer["message"].startswith("Unable to retrieve Job ID")


def test_a_job_has_a_directory_of_its_own_with_its_script_and_its_output(shell: Shell, site: Site) -> None:
    shell.encode('echo "from $PBS_O_WORKDIR"; echo complaint >&2; env')
    number = shell(SUBMIT)[1]["message"]
    found = site.ended(number)
    assert found["Exit_status"] == 0, found
    directory = Path(found["Variable_List"]["PBS_O_WORKDIR"])
    below = site.homes / "ada" / "soca_job_output"
    assert directory.parent == below
    assert re.fullmatch(r"my_job_name_[A-Za-z0-9]{10}", directory.name)
    for folder in (below, directory):
        assert folder.stat().st_mode & 0o7777 == 0o700
    script = directory / found["Submit_arguments"]
    assert re.fullmatch(r"job_submit_[A-Za-z0-9]{10}\.sh", script.name)
    assert script.stat().st_mode & 0o7777 == 0o700
    assert script.read_text().startswith("#!/bin/bash\n#PBS -N my_job_name\n")
    # Row 21 of the checklist: both streams in the file of -o, in the job's directory.
    output = (directory / "my_job_output.qlog").read_text()
    assert f"from {directory}\n" in output
    assert "complaint\n" in output
    assert sorted(path.name for path in directory.iterdir()) == sorted([script.name, "my_job_output.qlog"])
    # And nothing of the server's environment by -V.
    assert "HEADGATE_" not in output
    assert site.root_key not in output
    if os.geteuid() == 0:
        assert directory.stat().st_uid == 65534


def test_subjobs_of_an_array_share_the_directory(shell: Shell, site: Site) -> None:
    with site.http() as http:
        import base64

        script = b"#PBS -N many -J 1-3\necho $PBS_ARRAY_INDEX\n"
        number = http.post("/scheduler/job", data={"payload": base64.b64encode(script).decode()}).json()
        number = number["message"]
        found = site.ended(number)
        assert found["array_state_count"] == "Queued:0 Running:0 Exiting:0 Expired:3"
        directory = Path(found["Variable_List"]["PBS_O_WORKDIR"])
        plain = number.removesuffix("[]")
        for index in (1, 2, 3):
            assert (directory / f"many.o{plain}.{index}").read_text() == f"{index}\n"
        one = http.get("/scheduler/job", params={"job_id": f"{plain}[2]", "history": "1"}).json()["message"]
        assert (one["job_state"], one["Exit_status"], one["array_index"]) == ("F", 0, 2)


def test_an_input_file_path_is_submitted_from(shell: Shell, site: Site) -> None:
    where = site.homes / "ada" / "run 1"
    shell.encode("true")
    form = SUBMIT.replace('" -X POST', f'" --form "input_file_path={where}" -X POST')
    found = site.ended(shell(form)[1]["message"])
    assert found["Exit_status"] == 0, found
    assert {path.name for path in where.iterdir()} == {found["Submit_arguments"], "my_job_output.qlog"}
