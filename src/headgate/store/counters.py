"""The last number given out of each kind. They are rows like everything else, so a number is used once, crash
or not.
"""

import msgspec


class Counters(msgspec.Struct):
    """The last numbers, and the time of the last commit (UTC microseconds)."""

    now: int = 0
    job: int = 0
    task: int = 0
    event: int = 0
    intent: int = 0
    node: int = 0
    epoch: int = 0
    sync: int = 0

    def copy(self) -> "Counters":
        """As they are now."""
        return Counters(
            self.now, self.job, self.task, self.event, self.intent, self.node, self.epoch, self.sync
        )
