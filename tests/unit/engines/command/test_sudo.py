"""engines/command/sudo.py: what is put in front of a command, and when sudo has certainly not run it."""

import pytest

from headgate.engines.command.outcomes import Done, Hung
from headgate.engines.command.sudo import refused, words


def test_sudo_asks_nothing_and_is_told_account_group_and_variables() -> None:
    said = words("sudo", "ann", 1001, {"TZ", "SLURM_CONF"})
    assert said == ("sudo", "-n", "--preserve-env=SLURM_CONF,TZ", "-u", "ann", "-g", "#1001", "--")
    assert "-g" not in words("sudo", "ann", None, {"TZ"})


@pytest.mark.parametrize(
    "said",
    [
        "sudo: a password is required\n",
        "sudo: unknown user ann\nsudo: error initializing audit plugin sudoers_audit\n",
        "sudo: sorry, you are not allowed to set the following environment variables: SLURM_CONF\n",
        "Sorry, user srv is not allowed to execute '/usr/bin/sbatch' as ann on here.\n",
        "sudo: unable to resolve host here: Name or service not known\nsudo: a password is required\n",
    ],
)
def test_what_sudo_says_before_it_runs_anything_is_a_refusal(said: str) -> None:
    assert refused(Done(1, b"", said.encode()))


@pytest.mark.parametrize(
    ("status", "stdout", "stderr"),
    [
        # A warning of sudo's, and then the command's own failure.
        (1, "", "sudo: unable to resolve host here\nsbatch: error: Batch job submission failed: Timed out\n"),
        (1, "", "sudo: unable to resolve host here: Name or service not known\n"),
        (1, "12\n", "sudo: a password is required\n"),
        (-15, "", "sudo: a password is required\n"),
        (255, "", "sudo: a password is required\n"),
        (1, "", ""),
    ],
)
def test_what_may_have_run_is_no_refusal(status: int, stdout: str, stderr: str) -> None:
    assert not refused(Done(status, stdout.encode(), stderr.encode()))


def test_of_what_did_not_end_nothing_is_known() -> None:
    assert not refused(Hung(1.0, b"", b"sudo: a password is required\n"))
