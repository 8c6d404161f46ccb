"""engines/local/figures.py: the files of proc(5), as kernels write them, and means between two looks."""

import time
from pathlib import Path

from headgate.core.figures import Figure
from headgate.engines.local.engine import LocalEngine
from headgate.engines.local.figures import Look, disks, figures_between, network, processor, read, swapped
from headgate.engines.local.options import NodeOptions, Options

STAT = """cpu  100 5 20 800 40 3 2 10 7 0
cpu0 50 5 10 400 20 3 2 5 7 0
intr 1234
"""
VMSTAT = "pgpgin 99\npswpin 12\npswpout 30\npswpin_zero 5\n"
DISKSTATS = """   7       0 loop0 9 0 900 1 0 0 0 0 0 1 1
 259       0 nvme0n1 10 0 1000 4 20 0 3000 9 0 8 13 0 0 0 0
 259       1 nvme0n1p1 5 0 500 2 10 0 1500 4 0 4 6 0 0 0 0
   8       0 sda 1 0 8 0 1 0 16 0 0 0 0
"""
NET = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo: 5000      10    0    0    0     0          0         0     5000      10    0    0    0     0
  eth0: 1000      10    0    0    0     0          0         0      234      10    0    0    0     0
eth0.5:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0
"""


def test_idle_and_waiting_for_disks_is_not_busy_and_guests_are_not_counted_twice() -> None:
    assert processor(STAT) == (140, 980)
    assert processor("") is None


def test_pages_are_those_swapped() -> None:
    assert swapped(VMSTAT) == 42
    assert swapped("") is None


def test_a_partition_is_not_counted_beside_its_disk() -> None:
    assert disks(DISKSTATS, frozenset({"nvme0n1", "sda"})) == (1000 + 3000 + 8 + 16) * 512
    assert disks(DISKSTATS, frozenset()) is None
    assert disks("", frozenset({"sda"})) is None


def test_what_the_machine_sends_itself_is_no_traffic() -> None:
    assert network(NET) == 1000 + 234 + 1 + 2
    assert network("") is None


def test_figures_are_means_over_the_time_between_two_looks() -> None:
    before = Look(at=10.0, busy=100, ticks=1000, pages=5, disk_bytes=0, network_bytes=100)
    after = Look(at=14.0, busy=150, ticks=1200, pages=9, disk_bytes=4096, network_bytes=110)
    assert figures_between(before, after) == {
        Figure.CPU_USAGE: 25.0,
        Figure.MEMORY_PAGING: 1.0,
        Figure.DISK_THROUGHPUT: 1024.0,
        Figure.NETWORK: 2.5,
    }


def test_what_is_not_known_is_left_out() -> None:
    """A machine that does not tell, a device that is gone with its counter, no time between."""
    before = Look(at=1.0, busy=None, ticks=None, pages=7, disk_bytes=100, network_bytes=3)
    after = Look(at=2.0, busy=1, ticks=2, pages=None, disk_bytes=50, network_bytes=3)
    assert figures_between(before, after) == {Figure.NETWORK: 0.0}
    assert figures_between(after, after) == {}
    still = Look(at=2.0, busy=1, ticks=2)
    assert figures_between(still, Look(at=3.0, busy=1, ticks=2)) == {}


async def test_every_logical_node_has_the_figures_of_the_machine(tmp_path: Path) -> None:
    nodes = (NodeOptions(name="a", cores=1), NodeOptions(name="b", cores=1))
    engine = LocalEngine(tmp_path, Options(nodes=nodes))
    assert await engine.figures() == {"a": {}, "b": {}}
    second = await engine.figures()
    assert list(second) == ["a", "b"]
    assert second["a"] == second["b"]
    assert Figure.CORES_IN_USE not in second["a"]


def test_this_machine_tells_of_its_processor() -> None:
    look = read(time.monotonic())
    assert look.busy is not None
    assert look.ticks is not None
    assert 0 < look.busy <= look.ticks
