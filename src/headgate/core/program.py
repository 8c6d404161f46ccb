"""How the script of a launch is run: which file is executed with which words. Pure.

Whoever starts it offers the script as an open file with the number SCRIPT_FD.
"""

from typing import Final, NamedTuple

from headgate.core.launch import Launch, OsAccount

SCRIPT_FD: Final = 3
SCRIPT: Final = f"/dev/fd/{SCRIPT_FD}"

# How a shell that has read its start-up files runs another program in its place.
_EXEC: Final = 'exec "$0" "$@"'
_EXECS: Final = {"csh": "exec $argv:q", "tcsh": "exec $argv:q", "fish": "exec $argv"}
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", *_EXECS})
# These read their start-up files for the dash in front only when they are interactive.
_WANT_A_FLAG: Final = frozenset({"bash", "fish"})


# Shells of accounts that nobody logs in to. That something may be run for them is said elsewhere.
_NO_SHELLS: Final = frozenset({"nologin", "false"})
_ANY_SHELL: Final = "/bin/sh"


class Command(NamedTuple):
    """The file that is executed, and its words."""

    program: str
    words: tuple[str, ...]


def command(launch: Launch, account: OsAccount) -> Command:
    """How the script of this launch is run. Pure; a program without a slash is looked for later."""
    own = _ANY_SHELL if account.shell.rpartition("/")[2] in _NO_SHELLS else account.shell
    if not launch.login:
        words = launch.interpreter or (own,)
        return Command(words[0], (*words, SCRIPT))
    shell = launch.shell or own
    name = shell.rpartition("/")[2]
    if name not in _SHELLS:  # whatever it is, it has no start-up files that we know of
        words = launch.interpreter or (shell,)
        return Command(words[0], (*words, SCRIPT))
    begin = (f"-{name}", "-l") if name in _WANT_A_FLAG else (f"-{name}",)
    if not launch.interpreter:
        return Command(shell, (*begin, SCRIPT))
    return Command(shell, (*begin, "-c", _EXECS.get(name, _EXEC), *launch.interpreter, SCRIPT))
