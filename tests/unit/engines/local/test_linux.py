import os
import signal

import pytest

from headgate.engines.local import linux
from headgate.engines.local.linux import ProcessFacts


@pytest.mark.parametrize("name", [b"bash", b"a b", b") S 1 1 1 (", b"\xff\n"])
def test_a_command_name_may_hold_anything(name: bytes) -> None:
    numbers = b" ".join(b"%d" % number for number in range(4, 53))
    facts = ProcessFacts(b"4711 (" + name + b") S " + numbers + b"\n")
    assert (facts.state, facts.parent, facts.session, facts.start) == ("S", 4, 6, 22)


def test_we_are_who_we_are() -> None:
    facts = linux.process_facts(os.getpid())
    assert facts is not None
    assert facts.parent == os.getppid()
    assert facts.start <= linux.boot_ticks()
    assert linux.process_uid(os.getpid()) == os.getuid()
    assert linux.process_facts(2**22 + 1) is None
    assert linux.process_uid(2**22 + 1) is None
    assert len(linux.boot_id()) == 36


def test_a_process_is_recognised_by_start_time_and_account() -> None:
    facts = linux.process_facts(os.getpid())
    assert facts is not None
    start, uid = facts.start, os.getuid()
    for first, last, owner, found in (
        (start, start, uid, True),
        (start - 10, start + 10, uid, True),
        (start + 1, start + 9, uid, False),
        (start - 9, start - 1, uid, False),
        (start, start, uid + 1, False),
    ):
        pidfd = linux.open_verified(os.getpid(), first=first, last=last, uid=owner)
        assert (pidfd is not None) is found
        if pidfd is not None:
            os.close(pidfd)


@pytest.mark.parametrize("pid", [-1, 0, 1, 2**22 + 1])
def test_these_pids_are_nobodys(pid: int) -> None:
    assert linux.open_verified(pid, first=0, last=2**60, uid=0) is None


def test_signals_that_can_be_caught() -> None:
    assert signal.SIGKILL not in linux.EVERY_SIGNAL
    assert signal.SIGPIPE in linux.EVERY_SIGNAL
    assert linux.catches(os.getpid(), signal.SIGINT)
    assert not linux.catches(os.getpid(), signal.SIGSTOP)
