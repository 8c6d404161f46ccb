"""dialects/windowshpc/rendering.py: spec windowshpc, section 4.1."""

import pytest

from headgate.core.errors import BadRequest
from headgate.dialects.windowshpc.rendering import as_job_xml


@pytest.mark.parametrize(
    ("text", "xml"),
    [("", False), (" ", False), ("RestPropRender", False), ("hpcjobxml", True)],
)
def test_the_two_renderings(text: str, xml: bool) -> None:
    assert as_job_xml({"render": text}) is xml
    assert as_job_xml({}) is False


def test_another_one_is_refused() -> None:
    with pytest.raises(BadRequest):
        as_job_xml({"render": "Pdf"})
