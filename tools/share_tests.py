"""Run pytest in several processes that share the files of tests out: `share_tests.py PROCESSES ARGUMENT...`

Every process finds all tests, as pytest does, and runs the files that it is the first to claim, so that all
are busy until the end. It takes about a quarter less than pytest-xdist, as no test is told of to another
process. What xdist does more (groups, one report, one file of coverage) `make test` has. The first process
writes as it goes; what the others wrote follows when they are done.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


class Share:
    """The plugin in each process: run what is not claimed yet, and note how much that was."""

    def __init__(self, claims: Path) -> None:
        self.claims = claims
        self.mine: dict[Path, bool] = {}

    def _is_mine(self, file: Path) -> bool:
        if file not in self.mine:
            try:
                (self.claims / str(file).replace("/", "%")).touch(exist_ok=False)
                self.mine[file] = True
            except FileExistsError:
                self.mine[file] = False
        return self.mine[file]

    def _items(self, session: pytest.Session) -> Iterator[pytest.Item]:
        yield from (item for item in session.items if self._is_mine(item.path))

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed:
            return None  # A file could not be read: pytest's own loop says so.
        ran = 0
        items = self._items(session)
        item = next(items, None)
        while item is not None:
            # What a fixture made for a file or folder goes when the next test that is ours is elsewhere.
            following = next(items, None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            ran += 1
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = following
        (self.claims / f"done {os.getpid()}").write_text(f"{len(session.items)} {ran}")
        return True


def run(processes: int, arguments: list[str]) -> int:
    """0 when all tests passed; otherwise what the first process that failed ended with."""
    began = time.monotonic()
    with ExitStack() as stack:
        claims = stack.enter_context(tempfile.TemporaryDirectory(prefix="headgate-tests-"))
        argv = (sys.executable, __file__, claims, *arguments)
        outputs = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, processes))]
        started = []
        for output in outputs:
            started.append(subprocess.Popen(argv, stdout=output, stderr=output and subprocess.STDOUT))
            stack.callback(started[-1].wait)
            stack.callback(started[-1].terminate)
        codes = []
        for process, output in zip(started, outputs, strict=True):
            codes.append(process.wait())
            if output:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
                sys.stdout.flush()
        counts = [tuple(map(int, file.read_text().split())) for file in Path(claims).glob("done *")]
    for code in filter(None, codes):
        print(f"share_tests: the processes ended with {codes}; what failed is above")
        return code if code > 0 else 128 - code
    ran = sum(ran for _, ran in counts)
    if len(counts) < processes or {found for found, _ in counts} != {ran}:
        print(f"share_tests: not every test was run once: {processes} processes (found, ran): {counts}")
        return 1
    print(f"{ran} tests in {processes} processes, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    if not sys.argv[1].isdigit():
        sys.exit(pytest.main(sys.argv[2:], plugins=[Share(Path(sys.argv[1]))]))
    # Whoever ends this process ends the others with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
