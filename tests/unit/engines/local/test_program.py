"""engines/local/program.py: which words start a script."""

import pytest

from headgate.core.launch import Launch, OsAccount
from headgate.core.program import Command, command
from headgate.engines.local.program import LIMITS


def account(shell: str) -> OsAccount:
    return OsAccount("ada", 1000, 1000, "/home/ada", shell=shell)


RUN = "/dev/fd/3"
EXEC = 'exec "$0" "$@"'


@pytest.mark.parametrize(
    ("launch", "shell", "words"),
    [
        ({"interpreter": ("/usr/bin/env", "python3")}, "/bin/zsh", ("/usr/bin/env", "python3", RUN)),
        ({"interpreter": ()}, "/bin/zsh", ("/bin/zsh", RUN)),
        ({"login": True, "interpreter": ()}, "/bin/bash", ("-bash", "-l", RUN)),
        ({"login": True, "interpreter": ()}, "/bin/dash", ("-dash", RUN)),
        ({"login": True, "interpreter": (), "shell": "/bin/ksh"}, "/bin/bash", ("-ksh", RUN)),
        ({"login": True, "interpreter": ("py", "-u")}, "/bin/sh", ("-sh", "-c", EXEC, "py", "-u", RUN)),
        ({"login": True, "interpreter": ("py",)}, "/bin/tcsh", ("-tcsh", "-c", "exec $argv:q", "py", RUN)),
        ({"login": True, "interpreter": ()}, "/usr/bin/python3", ("/usr/bin/python3", RUN)),
        ({"interpreter": ()}, "/usr/sbin/nologin", ("/bin/sh", RUN)),
        ({"login": True, "interpreter": ()}, "/bin/false", ("-sh", RUN)),
        ({"login": True, "interpreter": ("py",)}, "/usr/bin/mc", ("py", RUN)),
    ],
)
def test_the_words_of_a_start(launch: dict[str, object], shell: str, words: tuple[str, ...]) -> None:
    made = command(Launch(script=b"", **launch), account(shell))  # type: ignore[arg-type]  # fields of any type
    assert made.words == words
    assert made.program == words[0].replace("-", {"-": "/bin/"}.get(words[0][0], ""), 1)


def test_the_program_is_the_shell_and_not_its_name_with_a_dash() -> None:
    made = command(Launch(script=b"", login=True, interpreter=()), account("/usr/local/bin/bash"))
    assert made == Command("/usr/local/bin/bash", ("-bash", "-l", RUN))


def test_every_limit_of_pjm_is_known() -> None:
    """Spec pjm, section 3.1: proc-core, proc-cpu, and so on."""
    known = {
        "core",
        "cpu",
        "data",
        "memlock",
        "msgqueue",
        "stack",
        "as",
        "fsize",
        "nproc",
        "nofile",
        "sigpending",
    }
    assert known <= set(LIMITS)
