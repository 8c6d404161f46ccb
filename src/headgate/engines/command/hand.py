"""The server's end of the link to its starter."""

import asyncio
import sys
from typing import Final

import msgspec
import structlog

from headgate.engines.command.attended import REAP_S
from headgate.engines.command.outcomes import (
    HEAD,
    Answer,
    GiveUp,
    Lost,
    Order,
    Outcome,
    Run,
    decode_answer,
    frame,
)
from headgate.engines.isolated import import_paths

BEYOND_S: Final = REAP_S + 5.0
"""A starter that says nothing for so long after a deadline does not work any more."""
_BUFFER: Final = 1 << 20
_BOOT: Final = """\
import sys
sys.path += sys.argv[1:-1]
from headgate.engines.command.starter import main
main()
"""
log = structlog.get_logger("headgate.engines.command")


class Hand:
    """A starter. Made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process, say: asyncio.StreamWriter) -> None:
        self._process = process
        self._say = say
        self._asked: dict[int, asyncio.Future[Outcome]] = {}
        self._last = 0
        self.gone = False
        """Whether there is no starter any more."""
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, most_at_once: int) -> "Hand":
        """Start one. Raises OSError.

        It gets nothing of the server but where its log goes. It is in the server's session: where sessions
        share the processors evenly (sched(7), autogroups), its commands would else count as much as the
        server.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", "-c", _BOOT, *import_paths(), str(most_at_once)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_BUFFER,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("a process was started without its pipes")
        made = cls(process, process.stdin)
        made._listening = asyncio.create_task(made._listen(process.stdout), name="starter")
        return made

    async def run(self, run: Run) -> Outcome:
        """Have it run; the number is given here. Cancelled, it waits until the command has been killed."""
        self._last += 1
        number = self._last
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._order(msgspec.structs.replace(run, n=number))
        try:
            async with asyncio.timeout(run.deadline_s + BEYOND_S):
                return await asyncio.shield(answer)
        except TimeoutError:
            log.error("starter_hangs", pid=self._process.pid, command=run.command.argv[0])
            self._kill()
            return Lost("the process that runs commands does not answer")
        except asyncio.CancelledError:
            if not answer.done():
                self._order(GiveUp(number))
                await asyncio.wait([answer], timeout=BEYOND_S)
            raise
        finally:
            self._asked.pop(number, None)

    async def close(self) -> None:
        """End it, and what runs."""
        self._say.close()
        if self._listening is not None:
            await asyncio.wait([self._listening], timeout=BEYOND_S)
        self._kill()
        await self._process.wait()

    def _kill(self) -> None:
        self.gone = True
        if self._process.returncode is None:
            self._process.kill()

    def _order(self, order: Order) -> None:
        self._say.write(frame(order))

    async def _listen(self, answers: asyncio.StreamReader) -> None:
        reason = "the process that runs commands has ended"
        try:
            while True:
                head = await answers.readexactly(HEAD)
                self._heard(decode_answer(await answers.readexactly(int.from_bytes(head, "big"))))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except msgspec.MsgspecError as error:
            reason = f"the process that runs commands said nonsense: {error}"
        self._kill()
        if self._asked:
            log.error("starter_lost", pid=self._process.pid, reason=reason, commands=len(self._asked))
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_result(Lost(reason))

    def _heard(self, answer: Answer) -> None:
        waiting = self._asked.get(answer.n)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.outcome)
