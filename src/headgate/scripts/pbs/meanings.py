"""What each option and `-W` attribute says, one at a time (spec pbs, sections 2 and 9).

`Meanings.read` finds the method named in `_READERS`; what has none is only kept. Each fills fields of the
JobSpec or TaskSpec, and `options` with what only PBS knows.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from headgate.core.model import DEFAULT_PRIORITY
from headgate.core.scripts import Submitter
from headgate.core.vocabulary import HoldKind, TaskType
from headgate.scripts.pbs.dependencies import read_depend
from headgate.scripts.pbs.quantities import read_date, read_integer, read_switch
from headgate.scripts.pbs.tables import Setting
from headgate.scripts.pbs.variables import SUBMITTERS, all_of, read_list
from headgate.scripts.pbs.words import FLAGS, IllegalValue

FLAVOUR: Final = "pbs"
JOB_NAME: Final = re.compile(r"[A-Za-z0-9_+.-]{1,230}")
PROJECT: Final = re.compile(r'[^/\[\]";:|<>+,?*\s]{1,200}')
QUEUE: Final = re.compile(r"([A-Za-z0-9_.-]{0,15})(@[A-Za-z0-9_.:-]+)?")
PATH: Final = re.compile(r"(?:([A-Za-z0-9_.-]+):)?(.*)", re.DOTALL)
"""`[host:]path`."""
PRIORITY_MAX: Final = 1023
PRIORITY_MIN: Final = -1024
_ARRAY = re.compile(r"([0-9]+)-([0-9]+)(?::([0-9]+))?(?:%([0-9]+))?")
_USER = re.compile(r"([^\s@,]+)(@[^\s@,]+)?")
_CHECKPOINT = re.compile(r"n|s|[cw](?:=[0-9]{1,9})?")
_STAGED = re.compile(r"[^@,]+@[^:@,]+:[^,]+")
_MARK = re.compile(r"\$\{?PBS_")


class Meanings:
    """The fields that options have filled so far, on top of what holds without any."""

    def __init__(self, by: Submitter, script: bytes) -> None:
        self._by = by
        self._has_first_line = script.startswith(b"#!")
        self._remarks: list[str] = []
        self.job: dict[str, Any] = {
            "flavour": FLAVOUR,
            "submit_directory": by.directory,
            "submit_host": by.host,
            "submit_variables": {name: by.variables[name] for name in SUBMITTERS if name in by.variables},
            # What the server sends on delete and at the end of walltime (6).
            "stop_signal": "TERM",
            "stop_grace_s": 10.0,
            # Mail_Points is `a` where it is not given (2).
            "notify_on_failure": True,
        }
        self.task: dict[str, Any] = {"script": script, "interpreter": (), "umask": 0o077}
        self.options: dict[str, str] = {}
        self.environment: dict[str, str] = {}

    def read(self, setting: Setting, text: str) -> list[str]:
        """Takes an option in; answers what there is to tell about it. Raises IllegalValue."""
        self._remarks = []
        if not text and setting.spelling[1:] not in FLAGS:
            raise IllegalValue("it is empty")
        kept = _CHECKS.get(setting.attribute)
        if kept is not None:
            if kept(text):
                self.options[setting.attribute] = text or "true"
                self._remarks.append(f"{setting.note}.")
        else:
            _READERS[setting.attribute](self, text)
        return self._remarks

    # ---- what it is called, whose it is

    def name(self, text: str) -> None:
        if len(text) > 230:
            raise IllegalValue(f"job name too long: {len(text)} characters, more than 230")
        if not JOB_NAME.fullmatch(text):
            raise IllegalValue(f"{text[:60]!r} holds more than letters, digits, - _ + and .")
        self.job["name"] = text

    def account(self, text: str) -> None:
        self.job["account"] = text

    def project(self, text: str) -> None:
        if not PROJECT.fullmatch(text):
            raise IllegalValue(
                f'{text[:60]!r} is too long or holds a blank or one of / [ ] " ; : | < > + , ? *'
            )
        self.job["project"] = text

    def queue(self, text: str) -> None:
        found = QUEUE.fullmatch(text)
        if found is None:
            raise IllegalValue(
                f"{text[:60]!r} is not queue, @server or queue@server, with at most 15 characters of queue"
            )
        self.job["queue"] = found[1]
        if found[2]:
            self.options["destination"] = text
            self._remarks.append(f"The server {found[2]} is not heeded: the job stays here.")

    def user_list(self, text: str) -> None:
        self.job["run_as"] = self._first(text, "User_List", "user")

    def group_list(self, text: str) -> None:
        self.job["group"] = self._first(text, "group_list", "group")

    def _first(self, text: str, attribute: str, what: str) -> str:
        """The name for hosts that none is given for; the list is kept if it has more."""
        found = [_USER.fullmatch(part) for part in text.split(",")]
        if None in found:
            raise IllegalValue(f"{text[:60]!r} is not a list of {what}[@host]")
        plain = [part[1] for part in found if part and not part[2]]
        if len(found) > 1 or not plain:
            self.options[attribute] = text
            self._remarks.append(
                f"Of these the {what} for all hosts is taken: {plain[0] if plain else 'none'}."
            )
        return plain[0] if plain else ""

    # ---- when it runs

    def execution_time(self, text: str) -> None:
        self.job["not_before"], remark = read_date(text, self._by.now, self._by.time_zone)
        if remark:
            self._remarks.append(remark)

    def hold(self, _: str) -> None:
        self.job["holds"] = (HoldKind.USER,)

    def priority(self, text: str) -> None:
        self.job["priority"] = DEFAULT_PRIORITY + read_integer(text, least=PRIORITY_MIN, most=PRIORITY_MAX)

    def rerunable(self, text: str) -> None:
        self.task["rerunnable"] = _one_of(text, "y", "n") == "y"

    def depend(self, text: str) -> None:
        self.job |= read_depend(text)

    def array(self, text: str) -> None:
        found = _ARRAY.fullmatch(text)
        if found is None:
            raise IllegalValue(f"{text[:60]!r} is not X-Y[:Z][%max]; an array has one range of indices")
        start, end = read_integer(found[1]), read_integer(found[2])
        if end <= start:
            raise IllegalValue(f"{text[:60]!r}: its last index must be greater than its first")
        self.task |= {
            "type": TaskType.PARAMETRIC_SWEEP,
            "start_value": start,
            "end_value": end,
            "increment": read_integer(found[3] or "1", least=1),
        }
        if found[4]:
            self.running(found[4])

    def running(self, text: str) -> None:
        self.task["max_running"] = read_integer(text, least=1)

    def terminal(self, text: str) -> None:
        if not text or read_switch(text):
            raise IllegalValue(
                "a job that came as a script has no terminal and no display: take the option out"
            )

    # ---- how it runs

    def shell(self, text: str) -> None:
        found = [part.partition("@") for part in text.split(",")]
        for path, sign, host in found:
            if not path.startswith("/") or any(blank in path for blank in " \t") or (sign and not host):
                raise IllegalValue(f"{text[:60]!r} is not a list of path[@host] with whole paths")
        plain = [path for path, sign, _ in found if not sign]
        if self._has_first_line:
            # The shell gets the path of the script, and so heeds its first line (7).
            self._remarks.append("The script's first line says what runs it; -S would only start that.")
        elif plain:
            self.task["interpreter"] = (plain[0],)
        else:
            self._remarks.append("None of these is for all hosts: the login shell runs the script.")
        if self._has_first_line or len(found) > 1 or not plain:
            self.options["Shell_Path_List"] = text

    def umask(self, text: str) -> None:
        if not re.fullmatch(r"[0-7]{1,4}", text) or int(text, 8) > 0o777:
            raise IllegalValue(f"{text[:40]!r} is not an octal number up to 777")
        self.task["umask"] = int(text, 8)

    def variables(self, text: str) -> None:
        self.environment |= read_list(text, self._by.variables)

    def all_variables(self, _: str) -> None:
        taken, left = all_of(self._by.variables)
        # What -v says wins, wherever it stands (7).
        self.environment = taken | self.environment
        self.options["V"] = "true"
        if left:
            self._remarks.append(
                f"Variables that would change how shells or the scheduler work are left out: {left}."
            )

    # ---- what comes of it

    def join(self, text: str) -> None:
        self.task["join"] = {"n": ""}.get(text, _one_of(text, "oe", "eo", "n"))

    def output(self, text: str) -> None:
        self.task["stdout"] = self._path(text, "Output_Path")

    def error(self, text: str) -> None:
        self.task["stderr"] = self._path(text, "Error_Path")

    def _path(self, text: str, attribute: str) -> str:
        found = PATH.fullmatch(text)
        if found is None or not found[2]:
            raise IllegalValue(f"{text[:60]!r} names no file")
        if found[1]:
            self.options[attribute] = text
            self._remarks.append(
                f"The host {found[1]} is not heeded: the file is written where the job runs."
            )
        if _MARK.search(found[2]):
            self._remarks.append("Variables PBS_... are filled in here; OpenPBS leaves them as they are.")
        return found[2]

    def mail_points(self, text: str) -> None:
        if text != "n" and set(text) - set("abej"):
            raise IllegalValue(f"{text[:40]!r} is neither n nor letters of a, b, e and j")
        self.job |= {
            "notify_on_failure": "a" in text,
            "notify_on_start": "b" in text,
            "notify_on_completion": "e" in text,
            "notify_each": "j" in text,
        }

    def mail_users(self, text: str) -> None:
        if not all(_USER.fullmatch(part) for part in text.split(",")):
            raise IllegalValue(f"{text[:60]!r} is not a list of user[@host]")
        self.job["email_address"] = text


_READERS: Mapping[str, Callable[[Meanings, str], None]] = MappingProxyType(
    {
        "Execution_Time": Meanings.execution_time,
        "Account_Name": Meanings.account,
        "Error_Path": Meanings.error,
        "Output_Path": Meanings.output,
        "Hold_Types": Meanings.hold,
        "interactive": Meanings.terminal,
        "forward_x11": Meanings.terminal,
        "Join_Path": Meanings.join,
        "array_indices_submitted": Meanings.array,
        "Mail_Points": Meanings.mail_points,
        "Mail_Users": Meanings.mail_users,
        "Job_Name": Meanings.name,
        "Priority": Meanings.priority,
        "project": Meanings.project,
        "destination": Meanings.queue,
        "Rerunable": Meanings.rerunable,
        "Shell_Path_List": Meanings.shell,
        "User_List": Meanings.user_list,
        "Variable_List": Meanings.variables,
        "V": Meanings.all_variables,
        "depend": Meanings.depend,
        "group_list": Meanings.group_list,
        "max_run_subjobs": Meanings.running,
        "umask": Meanings.umask,
    }
)


# ---- what is only kept: whether the value is one, and says more than nothing


def _one_of(text: str, *allowed: str) -> str:
    if text not in allowed:
        raise IllegalValue(f"{text[:40]!r} is none of {', '.join(allowed)}")
    return text


def _any(_: str) -> bool:
    return True


def _checkpoint(text: str) -> bool:
    if not _CHECKPOINT.fullmatch(text):
        raise IllegalValue(f"{text[:40]!r} is none of n, s, c, c=minutes, w, w=minutes")
    return True


def _keep_files(text: str) -> bool:
    letters = set(text)
    if text != "n" and (letters - set("oed") or not letters & set("oe")):
        raise IllegalValue(f"{text[:40]!r} is neither n nor letters of o, e and d with an o or an e")
    return text != "n"


def _remove_files(text: str) -> bool:
    if set(text) - set("oe"):
        raise IllegalValue(f"{text[:40]!r} holds more than o and e")
    return True


def _run_count(text: str) -> bool:
    read_integer(text)
    return True


def _sandbox(text: str) -> bool:
    return _one_of(text, "HOME", "PRIVATE") == "PRIVATE"


def _staged(text: str) -> bool:
    if not all(_STAGED.fullmatch(part) for part in text.split(",")):
        raise IllegalValue(f"{text[:60]!r} is not a list of execution_path@host:storage_path")
    return True


def _tolerate(text: str) -> bool:
    return _one_of(text, "none", "all", "job_start") != "none"


_CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "Checkpoint": _checkpoint,
        "C": _any,
        "f": _any,
        "z": _any,
        "Keep_Files": _keep_files,
        "Remove_Files": _remove_files,
        "block": read_switch,
        "create_resv_from_job": read_switch,
        "release_nodes_on_stageout": read_switch,
        "run_count": _run_count,
        "sandbox": _sandbox,
        "stagein": _staged,
        "stageout": _staged,
        "tolerate_node_failures": _tolerate,
    }
)
