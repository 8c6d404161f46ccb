from pathlib import Path

from headgate.engines.local.ledger import Ledger
from headgate.engines.local.state import State
from headgate.ports.engine import Ended, Ending, Found


def ended(intent: int, instance: int) -> Ended:
    return Ended(intent=intent, instance=instance, ending=Ending.EXITED, at=1, exit_code=0)


def test_an_item_is_found_from_its_taking_to_the_acknowledgement_of_its_end(tmp_path: Path) -> None:
    ledger = Ledger(State(tmp_path / "state.json"))
    assert ledger.find({1: "a"})[1] == Found(frozenset(), certain=True)
    for instance in (0, 1):
        ledger.take(1, instance, "a", object())
    assert ledger.unfinished == 2
    ledger.end(ended(1, 0), None, tag="a")
    assert ledger.unfinished == 1
    assert ledger.get(1, 0) is None
    assert ledger.get(1, 1) is not None
    assert ledger.find({1: "a"})[1].taken == {0, 1}
    assert ledger.find({1: "b"})[1].taken == frozenset()
    assert ledger.knows_otherwise(1, "b")
    assert not ledger.knows_otherwise(1, "a")
    ledger.acknowledge(ledger.observe(0).watermark)
    assert ledger.find({1: "a"})[1].taken == {1}
    ledger.end(ended(1, 1), None, tag="a")
    ledger.acknowledge(ledger.observe(0).watermark)
    assert ledger.find({1: "a"})[1].taken == frozenset()
    assert not ledger.knows_otherwise(1, "b")
    assert ledger.reports.unwritten == ledger.unfinished == 0
