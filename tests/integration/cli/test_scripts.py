"""`headgate script …` and scripts handed in with `headgate job submit`."""

from pathlib import Path

import pytest

from headgate.cli.scripts import Asked
from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


@pytest.fixture
def pbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script of OpenPBS that asks for one variable of its submitter."""
    monkeypatch.setenv("WANTED", "yes")
    file = tmp_path / "work.pbs"
    file.write_text(
        "#!/bin/bash\n#PBS -N told\n#PBS -l select=1:ncpus=1,walltime=00:01:30\n#PBS -W sandbox=PRIVATE\n"
        "#PBS -v WANTED\necho $WANTED $PBS_O_HOME $UNWANTED.\n"
    )
    return file


def test_check_says_what_is_wrong_and_where(headgate: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pbs"
    bad.write_text("#!/bin/sh\n#PBS -l walltime=soon\n")
    done = headgate("script", "check", str(bad), check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{bad}:2:")
    good = tmp_path / "good.sh"
    good.write_text("#!/bin/sh\n#SBATCH --qos=best\ntrue\n")
    done = headgate("script", "check", str(good))
    assert f"{good}:2:" in done.stdout


def test_a_script_without_directives_needs_its_flavour(headgate: Command, tmp_path: Path) -> None:
    plain = tmp_path / "plain.sh"
    plain.write_text("#!/bin/sh\ntrue\n")
    assert headgate("script", "check", str(plain), check=False).returncode == 2
    assert headgate("script", "check", "--flavour", "pbs", str(plain)).stdout == ""
    assert headgate("script", "check", "--flavour", "lsf", str(plain), check=False).returncode == 2
    assert headgate("script", "check", str(tmp_path / "missing"), check=False).returncode == 2


def test_a_script_is_translated_and_what_is_lost_is_told(headgate: Command, pbs: Path) -> None:
    done = headgate("script", "translate", "--from", "pbs", "--to", "slurm", str(pbs))
    lines = done.stdout.splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "#SBATCH --job-name=told" in lines
    assert "#SBATCH --time=00:01:30" in lines
    assert lines[-1] == "echo $WANTED $PBS_O_HOME $UNWANTED."
    assert "sandbox" in done.stderr
    strict = headgate("script", "translate", "--to", "slurm", "--strict", str(pbs), check=False)
    assert (strict.returncode, strict.stdout) == (1, done.stdout)


def test_a_script_comes_through_a_pipe(headgate: Command, pbs: Path) -> None:
    done = headgate("script", "translate", "--to", "slurm", "-", stdin=pbs.read_text())
    assert "#SBATCH --job-name=told" in done.stdout


def test_a_script_is_handed_in_by_its_directives(
    server: Server, headgate: Command, pbs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNWANTED", "no")
    monkeypatch.setenv("HOME", "/home/of-mine")
    where = ("--workdir", "/tmp", "--stdout", "/dev/null", "--stderr", "/dev/null")
    done = headgate("job", "submit", *where, "--name", "other", str(pbs))
    number = int(done.stdout)
    assert "sandbox" in done.stderr
    job = server.http(("ada", "engine"))
    with job:
        found = job.get(f"/v1/jobs/{number}").json()
    assert found["environment"] == {"WANTED": "yes"}
    assert found["name"] == "other"
    assert any("sandbox" in warning for warning in found["warnings"])


def test_a_bad_script_is_refused_here_and_one_of_no_flavour_goes_as_it_is(
    headgate: Command, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.pbs"
    bad.write_text("#!/bin/sh\n#PBS -l walltime=soon\n")
    done = headgate("job", "submit", str(bad), check=False)
    assert (done.returncode, done.stderr.startswith(f"{bad}:2:")) == (1, True)
    assert headgate("job", "submit", "--workdir", "/tmp", "--wait", "--flavour", "none", str(bad)).stdout


def test_only_what_was_looked_at_is_sent() -> None:
    asked = Asked({"HOME": "/h", "A": "1", "B": "2", "HEADGATE_TOKEN": "secret"})
    assert asked.looked_at() == {"HOME": "/h"}
    assert asked["A"] == "1"
    assert "C" not in asked
    assert asked.looked_at() == {"HOME": "/h", "A": "1"}
    assert dict(asked) == {"HOME": "/h", "A": "1", "B": "2"}
    assert asked.looked_at() == {"HOME": "/h", "A": "1", "B": "2"}
