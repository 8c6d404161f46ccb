"""One task, from its first effect to the end of its last process.

The worker that carries it out is the reaper of all its processes (a subreaper that runs one task at a
time): every child it has belongs to this task, and when it has none left, nothing of the task is left,
whatever it did with sessions and double forks.
"""

import math
import os
import signal
import time
from enum import Enum

from headgate.core.launch import Launch, OsAccount
from headgate.core.program import command
from headgate.core.surroundings import environment
from headgate.engines.local.belongings import clear_away, lay_out
from headgate.engines.local.linux import catches, descendants
from headgate.engines.local.program import start
from headgate.engines.local.signals import signal_number
from headgate.engines.local.streams import (
    NotStartable,
    Streams,
    enter_work_directory,
    leave_script,
    open_streams,
)
from headgate.ports.engine import Ended, Ending, Fault

_READS = 17
_PASSES = 10
_FIRST_ROUND_S = 0.002
_SLOWEST_ROUND_S = 0.1
_LOOK_AGAIN_S = 0.05


class Kept(Enum):
    """What `kill_all` achieved."""

    NOTHING = 0
    SOMEONE_ELSES = 1
    """A process that is not ours to signal: only root can end it."""


class Task:
    """The task that a worker is carrying out."""

    def __init__(
        self,
        intent: int,
        instance: int,
        launch: Launch,
        *,
        at: int,
        capture_limit: int,
        scratch: str = "/tmp",  # noqa: S108  the default of the setting
    ) -> None:
        self.intent = intent
        self.instance = instance
        self.at = at
        self.pid = 0
        self.output = bytearray()
        self.output_is_new = False
        self.kill_at: float | None = None
        """When (monotonic) whatever is left is killed; None while nothing has to end."""
        self.folder = ""
        """What it has of its own besides its streams; empty: nothing."""
        self._launch = launch
        self._scratch = scratch
        self._capture_limit = capture_limit
        self._streams = Streams()
        self._status: int | None = None
        self._stopped: Ending | None = None
        self._signal = 0
        self._began = 0.0
        self._wall_end = math.inf
        self._warn_at = math.inf
        self._round_s = _FIRST_ROUND_S
        self._next_round = 0.0

    # --- starting -----------------------------------------------------------------------------------------

    def start(self, account: OsAccount, null: int) -> None:
        """Start it. Raises NotStartable, having left nothing behind."""
        launch = self._launch
        variables = environment(launch, account)
        os.umask(0o077)  # what is private stays usable, whatever the task wants for its own files
        try:
            self.folder, more = lay_out(launch, self._scratch)
        except OSError as error:
            raise NotStartable(
                Fault.SCRIPT, f"Its files can't be made in {self._scratch}: {error.strerror}"
            ) from None
        variables |= more
        os.umask(launch.umask)
        try:
            self._start(account, variables, null)
        except BaseException:
            self._streams.close()
            self.clear_away()
            raise

    def _start(self, account: OsAccount, variables: dict[str, str], null: int) -> None:
        launch = self._launch
        leave_script(launch, account.home, variables)  # first: the work directory may be above it
        enter_work_directory(launch, account.home, variables)
        self._streams = streams = open_streams(launch, account.home, variables, null)
        asked = command(launch, account)
        try:
            three = (streams.stdin, streams.stdout, streams.stderr)
            self.pid = start(asked, variables, three, launch.script, launch.limits)
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            said = " ".join(launch.interpreter) or asked.program
            raise NotStartable(
                Fault.SCRIPT,
                f"The interpreter {said!r} can't be started: {why}",
            ) from None
        streams.close_task_side()
        self._began = time.monotonic()
        if launch.wall_time_s is not None:
            self._wall_end = self._began + launch.wall_time_s
        if launch.warning_signal:
            self._warn_at = self._began + launch.warning_after_s

    def clear_away(self) -> None:
        """Remove what it has of its own."""
        if self.folder:
            os.chdir("/")
            clear_away(self.folder)

    def allow(self, wall_time_s: float | None) -> None:
        """Another wall time, from its start. A warning that was not yet given moves along."""
        before = self._wall_end
        self._wall_end = math.inf if wall_time_s is None else self._began + wall_time_s
        if self._warn_at < math.inf and before < math.inf:
            self._warn_at += self._wall_end - before

    # --- while it runs ------------------------------------------------------------------------------------

    @property
    def capture(self) -> int | None:
        """What to read from when there is something to read."""
        return self._streams.capture

    def read_output(self) -> None:
        """Take what is there: keep the first bytes, only read the rest, so that the task never waits for us.

        At most what the largest pipe holds: a task that never stops writing must not keep us here.
        """
        for _ in range(_READS):
            if self._streams.capture is None:
                return
            try:
                data = os.read(self._streams.capture, 65536)
            except BlockingIOError:
                return
            if not data:
                self._streams.close()
            elif len(self.output) < self._capture_limit:
                self.output += data[: self._capture_limit - len(self.output)]
                self.output_is_new = True

    def reap(self) -> bool:
        """Collect what has exited. True when nothing of the task is left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return False
                if pid == self.pid:
                    self._status = status
        except ChildProcessError:
            return True

    def stop(self, ending: Ending, number: int, grace_s: float, *, forced: bool) -> None:
        """End it: politely at first, or at once. Asked again, it only gets shorter."""
        now = time.monotonic()
        if self._status is None:
            self._stopped = self._stopped or ending
        elif not self._signal:
            return  # it ended by itself, and what it left is being killed
        if forced:
            self.kill_at = now
            return
        if not self._signal:
            self._signal = number
            self._signal_all(number)
        self.kill_at = now + grace_s if self.kill_at is None else min(self.kill_at, now + grace_s)

    def _signal_all(self, number: int) -> None:
        told: set[int] = set()
        # Again, for what was being forked while we looked; not for ever, for one that does nothing but fork.
        for _ in range(_PASSES):
            fresh = [pid for pid in descendants(os.getpid()) if pid not in told]
            if not fresh:
                return
            for pid in fresh:
                told.add(pid)
                try:
                    os.kill(pid, number)
                    os.kill(pid, signal.SIGCONT)
                except (ProcessLookupError, PermissionError):
                    continue

    def patience(self, now: float) -> float | None:
        """Seconds until `enforce` has something to do; None: nothing in sight."""
        if self._status is not None and self._being_polite(now):
            return _LOOK_AGAIN_S
        if self._status is not None or (self.kill_at is not None and now >= self.kill_at):
            return self._next_round - now
        if self.kill_at is not None:
            return self.kill_at - now
        until = min(self._wall_end, self._warn_at)
        return None if until == math.inf else until - now

    def enforce(self, now: float) -> Kept:
        """Do what the clock demands, and kill what the main process left behind."""
        if self._status is None:
            if self.kill_at is None and now >= self._warn_at:
                self._warn_at = math.inf
                self._signal_all(signal_number(self._launch.warning_signal) or signal.SIGTERM)
            if self.kill_at is None and now >= self._wall_end:
                launch = self._launch
                polite = signal_number(launch.limit_signal or launch.stop_signal) or signal.SIGTERM
                self.stop(Ending.WALL_TIME, polite, launch.grace_s, forced=False)
            if self.kill_at is None or now < self.kill_at:
                return Kept.NOTHING
        elif self._being_polite(now) and any(catches(pid, self._signal) for pid in descendants(os.getpid())):
            # The main process obeyed at once; others have a handler of their own and get their grace.
            return Kept.NOTHING
        if now < self._next_round:
            return Kept.NOTHING
        kept = self._kill_all()
        self._next_round = now + self._round_s
        self._round_s = min(self._round_s * 2, _SLOWEST_ROUND_S)
        return kept

    def _being_polite(self, now: float) -> bool:
        return bool(self._signal) and self.kill_at is not None and now < self.kill_at

    def _kill_all(self) -> Kept:
        kept = Kept.NOTHING
        told: set[int] = set()
        for _ in range(_PASSES):
            fresh = [pid for pid in descendants(os.getpid()) if pid not in told]
            if not fresh:
                return kept
            for pid in fresh:
                told.add(pid)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                except PermissionError:
                    kept = Kept.SOMEONE_ELSES
        self._round_s = _FIRST_ROUND_S  # it grows as fast as we kill: no pause
        return kept

    # --- afterwards ---------------------------------------------------------------------------------------

    def ended(self, at: int) -> Ended:
        """How it ended; nothing of it is left."""
        self.read_output()
        self._streams.close()
        # Negative: by a signal. None: somebody else has reaped it, which nothing here does.
        code = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        if code is None:
            ending = Ending.LOST
        else:
            ending = Ending.EXITED if code >= 0 else Ending.SIGNALED
        return Ended(
            intent=self.intent,
            instance=self.instance,
            ending=self._stopped or ending,
            at=at,
            started_at=self.at,
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            fault=Fault.SUPERVISION if code is None else Fault.NONE,
            output=bytes(self.output),
            native=str(self.pid),
        )
