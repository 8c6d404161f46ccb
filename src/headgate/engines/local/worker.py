"""A worker: a process under a task's account that carries out the work of one lane, item by item.

Forked from the shepherd, never exec'ed: no start-up to wait for. It gives up root first, and is then
only as powerful as the tasks it starts; what it can do beyond them is write in its journal and speak to
the shepherd, through descriptors that no other process of the account can reach.

When the shepherd dies the worker brings the task it is running to its end, writes that down, and ends.
"""

import gc
import math
import os
import select
import signal
import socket
import time
import traceback
from collections import deque
from typing import NoReturn

from msgspec.structs import replace

from headgate.core.launch import OsAccount, with_wall_time
from headgate.engines.local import rights
from headgate.engines.local.belongings import clear_away
from headgate.engines.local.journal import Begun, Extend, Halt, Pen, Sealed, Taken
from headgate.engines.local.linux import (
    become_subreaper,
    boot_ticks,
    restore_descriptor_limit,
    set_process_name,
)
from headgate.engines.local.log import log
from headgate.engines.local.streams import NotStartable
from headgate.engines.local.task import Kept, Task
from headgate.engines.local.wire import (
    Allow,
    Clean,
    Drop,
    Frames,
    Help,
    Run,
    Stop,
    Tell,
    Unfit,
    Work,
    decode_order,
    frame,
)
from headgate.ports.engine import Ended, Ending, Key, OutputSeen, Sighting, Started

_AT_ONCE_S = 0.005
"""A task that is over sooner is reported by its ending alone, together with its neighbours'."""
_MANY = 8
_LIVE_S = 0.5
_ORPHAN_S = 0.25
_DISK_FULL_S = 1.0


def now_us() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def become_worker(
    control: socket.socket,
    journal_fd: int,
    orders_fd: int,
    account: OsAccount,
    capture_limit: int,
    scratch: str,
) -> NoReturn:
    """What the forked child does, until it exits."""
    code = 1
    try:
        gc.disable()
        _let_go_of_everything_but(control.fileno(), journal_fd, orders_fd)
        os.chdir("/")
        restore_descriptor_limit()
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals() - {signal.SIGCHLD})
        set_process_name("headgate-worker")
        try:
            rights.become(account)
            become_subreaper()
        except (OSError, OverflowError, ValueError, rights.AccountRefused) as error:
            control.sendall(frame(Unfit(f"The account {account.name!r} can't be entered: {error}")))
        else:
            Worker(control, Pen(journal_fd, orders_fd), account, capture_limit, scratch).run()
            code = 0
    except BaseException:  # noqa: BLE001 - nothing may get from the child into the shepherd's code
        traceback.print_exc()
    finally:
        os._exit(code)


def _let_go_of_everything_but(*keep: int) -> None:
    # The lock, the listening socket and the other workers' sockets and journals are the shepherd's.
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


class Worker:
    """The worker's loop."""

    def __init__(
        self, control: socket.socket, pen: Pen, account: OsAccount, capture_limit: int, scratch: str
    ) -> None:
        self._control = control
        self._pen = pen
        self._account = account
        self._capture_limit = capture_limit
        self._scratch = scratch
        self._works: deque[Work] = deque()
        self._seen: list[Sighting] = []
        self._tell_at = math.inf
        self._orphaned = False
        self._frames = Frames()
        self._null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self._wake, wake_up = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(control, select.POLLIN)

    def run(self) -> None:
        """Until the shepherd says no more, or is gone."""
        while True:
            self._listen(None)
            if self._works:
                self._carry_out(self._works.popleft())
            elif self._orphaned:
                return
            else:
                self._tell()
                os.chdir("/")
                self._poll.poll()
                self._drain_wake()

    # --- one task -----------------------------------------------------------------------------------------

    def _carry_out(self, work: Work) -> None:
        at = now_us()
        try:
            self._pen.take(
                Taken(
                    intent=work.intent,
                    tag=work.tag,
                    instance=work.instance,
                    lane=work.lane,
                    at=at,
                    ticks=boot_ticks(),
                )
            )
        except Sealed:
            self._abandon()
            return
        except OSError as error:
            # Without a record it might be run again: it waits until it can be written down.
            self._works.appendleft(work)
            log("journal unwritable", error=error)
            self._tell()
            self._drain_wake()
            self._poll.poll(_DISK_FULL_S * 1000)
            return
        task = Task(
            work.intent,
            work.instance,
            work.launch,
            at=at,
            capture_limit=self._capture_limit,
            scratch=self._scratch,
        )
        try:
            task.start(self._account, self._null)
        except NotStartable as error:
            ended = Ended(
                intent=work.intent,
                instance=work.instance,
                ending=Ending.NOT_STARTABLE,
                at=now_us(),
                fault=error.fault,
                reason=error.reason,
            )
        else:
            self._write(Begun(pid=task.pid, at=now_us(), ticks=boot_ticks(), folder=task.folder))
            self._attend(task)
            ended = task.ended(now_us())
        self._write(ended)
        task.clear_away()  # may take its time; that it ended is on record
        self._say(ended)
        if len(self._seen) >= _MANY or not self._works:
            self._tell()

    def _write(self, fact: Begun | Ended) -> None:
        try:
            self._pen.write(fact)
        except OSError as error:
            log("journal unwritable", error=error)

    def _attend(self, task: Task) -> None:
        """Stay with the task until nothing of it is left."""
        poll = self._poll
        now = time.monotonic()
        live_at = now + _LIVE_S
        self._tell_at = min(self._tell_at, now + _AT_ONCE_S)
        settled_at = now + _AT_ONCE_S
        capture: int | None = None
        while True:
            for fd, _ in poll.poll(self._patience(task, now, live_at)):
                if fd == self._wake:
                    self._drain_wake()
                elif fd == capture:
                    task.read_output()
                else:
                    self._listen(task)
            if task.capture is None and capture is not None:
                poll.unregister(capture)
                capture = None
            if task.reap():
                break
            now = time.monotonic()
            if task.enforce(now) is Kept.SOMEONE_ELSES and not self._orphaned:
                self._send(frame(Help()))
            if self._orphaned:
                self._obey_orders(task)
            if now >= settled_at:
                self._say(Started(task.intent, task.instance, task.at, str(task.pid)))
                self._tell_at = now
                settled_at = math.inf
                # Not before: most short tasks print little, and waking up twice for each costs more.
                capture = task.capture
                if capture is not None:
                    poll.register(capture, select.POLLIN)
            if task.output_is_new and now >= live_at:
                task.output_is_new = False
                live_at = now + _LIVE_S
                self._say(OutputSeen(task.intent, task.instance, bytes(task.output)))
                self._tell_at = now
            if now >= self._tell_at:
                self._tell()
        if capture is not None:
            poll.unregister(capture)

    def _patience(self, task: Task, now: float, live_at: float) -> int | None:
        until = self._tell_at - now
        if (patience := task.patience(now)) is not None:
            until = min(until, patience)
        if task.output_is_new:
            until = min(until, live_at - now)
        if self._orphaned:
            until = min(until, _ORPHAN_S)
        return None if until == math.inf else max(0, math.ceil(min(until, 3600.0) * 1000))

    def _drain_wake(self) -> None:
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            return

    # --- the shepherd -------------------------------------------------------------------------------------

    def _listen(self, task: Task | None) -> None:
        while not self._orphaned:
            try:
                data = self._control.recv(262144, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self._abandon()
                return
            for payload in self._frames.feed(data):
                match decode_order(payload):
                    case Run(works):
                        self._works.extend(works)
                    case Drop(key):
                        self._drop(key)
                    case Allow(key, wall_time_s):
                        self._allow(task, key, wall_time_s)
                    case Clean(folder):
                        clear_away(folder)
                    case Stop(key, number, grace_s, forced):
                        if task is not None and key == Key(task.intent, task.instance):
                            task.reap()  # if it has ended by itself, it was not stopped
                            task.stop(Ending.STOPPED, number, grace_s, forced=forced)
                        else:
                            self._drop(key)

    def _allow(self, task: Task | None, key: Key, wall_time_s: float | None) -> None:
        if task is not None and key == Key(task.intent, task.instance):
            task.allow(wall_time_s)
            return
        for position, work in enumerate(self._works):
            if (work.intent, work.instance) == (key.intent, key.instance):
                self._works[position] = replace(work, launch=with_wall_time(work.launch, wall_time_s))

    def _drop(self, key: Key) -> None:
        for work in self._works:
            if (work.intent, work.instance) == (key.intent, key.instance):
                self._works.remove(work)
                self._say(
                    Ended(intent=key.intent, instance=key.instance, ending=Ending.NEVER_STARTED, at=now_us())
                )
                self._tell_at = 0.0
                return

    def _abandon(self) -> None:
        """The shepherd is gone: what has not been started is not ours to start any more."""
        if not self._orphaned:
            self._orphaned = True
            self._works.clear()
            self._poll.unregister(self._control)

    def _obey_orders(self, task: Task) -> None:
        for order in self._pen.orders():
            if isinstance(order, Extend):
                self._allow(task, order.key, order.wall_time_s)
            if isinstance(order, Halt) and order.key == Key(task.intent, task.instance):
                task.reap()
                task.stop(Ending.STOPPED, order.signal, order.grace_s, forced=order.forced)

    def _say(self, sighting: Sighting) -> None:
        self._seen.append(sighting)

    def _tell(self) -> None:
        self._tell_at = math.inf
        if self._seen:
            self._send(frame(Tell(tuple(self._seen))))
            self._seen.clear()

    def _send(self, data: bytes) -> None:
        if self._orphaned:
            return
        try:
            self._control.sendall(data)
        except ConnectionError:
            self._abandon()
