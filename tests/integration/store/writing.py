"""Run as a program: keeps writing to a data directory, and says on its output what has been acknowledged.

    python -m tests.integration.store.writing DIRECTORY [CLIENTS]

Each line is `job-id event-number` of a change that has been answered. It ends only by being killed.
"""

import asyncio
import sys
import time
from pathlib import Path

from headgate.core.model import Event, Job, JobSpec, Task
from headgate.ports.store import Transaction
from headgate.store import open_store


class RealClock:
    """The time of this machine."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()


def add(tx: Transaction) -> tuple[int, int]:
    """A job with a task, an event and a neighbour that fails."""
    job = tx.add_job(Job(owner="ann", spec=JobSpec(name="x" * 500)))
    tx.add_task(Task(job_id=job.id, number=1))
    tx.append(Event(job.id, 0, 0, (1, 2)))
    return job.id, tx.last_event()


def fail(tx: Transaction) -> None:
    tx.add_job(Job(owner="never"))
    tx.append(Event(0, 0, 0, (0,)))
    raise ValueError("this one leaves no trace")


async def main(where: Path, clients: int) -> None:
    store = open_store(where, clock=RealClock())

    async def client(number: int) -> None:
        while True:
            if number == 1:
                try:
                    await store.write(fail)
                except ValueError:
                    continue
            job_id, seq = await store.write(add)
            sys.stdout.write(f"{job_id} {seq}\n")
            sys.stdout.flush()

    await asyncio.gather(*map(client, range(clients)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 6))
