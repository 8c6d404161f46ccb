"""The program that serves a class of Python: `python -m headgate.soa.child module:Class`.

It speaks the protocol of services (docs/reference/soa-protocol.md) on the socket that SOA_FD names, as any
other program would. Each answer goes out at once: the next request may take an hour.
"""

import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Lock
from typing import Final

from headgate.core.errors import HeadgateError
from headgate.formats.soa_frames import HELLO, Splitter, pack
from headgate.soa.calling import Callee, load

_AT_ONCE: Final = 256 * 1024
FAILED: Final = 70
"""Exit status when the service can't be loaded (EX_SOFTWARE)."""


def serve(callee: Callee, link: socket.socket) -> None:
    """Answer requests until the other end hangs up."""
    concurrency = callee.notes.concurrency
    link.sendall(pack(HELLO, concurrency))
    splitter = Splitter()
    if concurrency == 1:
        while data := link.recv(_AT_ONCE):
            for frame in splitter.feed(data):
                link.sendall(callee(frame))
        return
    slots, sending = BoundedSemaphore(concurrency), Lock()
    with ThreadPoolExecutor(concurrency) as pool:

        def one(frame: object) -> None:
            try:
                answer = callee(frame)  # type: ignore[arg-type]  # what `submit` was given
                with sending:
                    link.sendall(answer)
            finally:
                slots.release()

        while data := link.recv(_AT_ONCE):
            for frame in splitter.feed(data):
                slots.acquire()
                pool.submit(one, frame)


def main() -> int:
    """Load the class that was named, and serve it."""
    # The host hears it too, and hangs up or makes an end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = socket.socket(fileno=int(os.environ["SOA_FD"]))
    os.set_inheritable(link.fileno(), False)
    sys.path[:0] = [path for path in os.environ.get("SOA_PYTHON_PATH", "").split(os.pathsep) if path]
    try:
        callee = Callee(load(sys.argv[1]), lambda text: print(text, file=sys.stderr, flush=True))
    except HeadgateError as error:
        print(f"headgate: {error.text}", file=sys.stderr)
        return FAILED
    try:
        serve(callee, link)
    except (BrokenPipeError, ConnectionResetError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
