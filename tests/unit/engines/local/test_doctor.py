from pathlib import Path

from headgate.engines.local.doctor import check
from headgate.engines.local.options import NodeOptions, Options
from headgate.ports.findings import Level


def test_this_machine_can_run_tasks(tmp_path: Path) -> None:
    findings = check(tmp_path / "engine", Options())
    assert [finding.text for finding in findings if finding.level is Level.FAULT] == []
    assert all(finding.text.endswith(".") for finding in findings)


def test_a_folder_that_can_not_be_used_and_a_node_too_large_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    findings = check(tmp_path / "file", Options(nodes=(NodeOptions(name="big", cores=100_000),)))
    assert any(finding.level is Level.FAULT and "file" in finding.text for finding in findings)
    assert any(finding.level is Level.WARNING and "big" in finding.text for finding in findings)
