"""The starter: a process that runs commands for the server, each in a thread that starts it, reads its
outputs and waits for its end.

It is told what to run on standard input and answers on standard output. At the end of its input there is no
server any more: it kills what runs, and ends. Signals for the server's group (Ctrl-C) are not for it.
"""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from msgspec import Struct

from headgate.engines.command.attended import Attended
from headgate.engines.command.outcomes import HEAD, Answer, Run, decode_order, frame, not_run


def main() -> None:
    """Work until the input ends. Argument: how many commands may run at once, behind the import paths."""
    os.setpgid(0, 0)
    # Not ignored, which commands would inherit.
    signal.signal(signal.SIGINT, _not_for_us)
    signal.signal(signal.SIGTERM, _not_for_us)
    with os.fdopen(os.dup(0), "rb") as orders, os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        Starter(answers, int(sys.argv[-1])).work(orders)


def _not_for_us(_number: int, _where: object) -> None:
    """The server decides when it is over."""


class Starter:
    """See the module."""

    def __init__(self, answers: BinaryIO, most_at_once: int) -> None:
        self._answers = answers
        self._saying = threading.Lock()
        self._threads = ThreadPoolExecutor(most_at_once, thread_name_prefix="command")
        self._knowing = threading.Lock()
        self._running: dict[int, Attended] = {}

    def work(self, orders: BinaryIO) -> None:
        """Take orders until there are no more; then end what runs."""
        while payload := _read(orders):
            order = decode_order(payload)
            if isinstance(order, Run):
                self._begin(order)
            else:
                self._give_up(order.n)
        with self._knowing:
            numbers = list(self._running)
        for number in numbers:
            self._give_up(number)
        self._threads.shutdown(wait=True)

    def _begin(self, order: Run) -> None:
        try:
            attended = Attended(order)
        except OSError as error:
            self._say(Answer(order.n, not_run(order.command.argv[0], error)))
            return
        with self._knowing:
            self._running[order.n] = attended
        self._threads.submit(self._attend, order.n, attended)

    def _give_up(self, number: int) -> None:
        with self._knowing:  # it closes only under the same lock
            if (attended := self._running.get(number)) is not None:
                attended.give_up()

    def _attend(self, number: int, attended: Attended) -> None:
        try:
            outcome = attended.outcome()
        finally:
            with self._knowing:
                del self._running[number]
                attended.close()
        self._say(Answer(number, outcome))

    def _say(self, message: Struct) -> None:
        data = memoryview(frame(message))
        with self._saying:
            try:
                while data:
                    data = data[self._answers.write(data) :]
            except BrokenPipeError:  # nobody is there to hear it
                pass


def _read(orders: BinaryIO) -> bytes:
    """The next payload; empty at the end."""
    head = orders.read(HEAD)
    payload = orders.read(int.from_bytes(head, "big")) if len(head) == HEAD else b""
    return payload if len(payload) == int.from_bytes(head, "big") else b""
