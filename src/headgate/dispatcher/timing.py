"""How often things are looked at, and how long the engine is waited for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """In seconds. keep_finished: how long ended jobs are kept.

    answer: how long the engine may take for an answer; then it counts as not having given one, and the
    dispatcher goes on. opening: the same for connecting, which may have to start something. observing: for a
    report, which an engine that has none sends after about a second. nodes_every: the nodes of an engine that
    has a scheduler of its own are looked at. gathering: after several things went to such an engine in one
    cycle, more is let gather: a cycle shares the commits of those who submit, and holds up all of them.
    """

    tick: float = 0.5
    between_cycles: float = 0.002
    gathering: float = 0.05
    stuck_lane: float = 1.0
    keep_finished: float = 5 * 86400.0
    retention_every: float = 30.0
    retention_batch: int = 200
    reopen: float = 1.0
    nodes_every: float = 3.0
    answer: float = 20.0
    opening: float = 60.0
    observing: float = 60.0
