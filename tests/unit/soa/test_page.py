"""What docs/reference/soa-services.md shows is so."""

import re
from pathlib import Path

from headgate.formats import service_files
from headgate.formats.soa_bodies import check
from headgate.formats.soa_frames import ANSWER, REQUEST, Frame, Splitter
from headgate.soa.calling import Callee

PAGE = (Path(__file__).parents[3] / "docs/reference/soa-services.md").read_text()


def block(kind: str) -> str:
    return PAGE.partition(f"```{kind}\n")[2].partition("```")[0]


def squeezed(text: str) -> str:
    return re.sub(r">\s+<", "><", text).strip()


def test_the_file_of_the_page_can_be_used() -> None:
    found = service_files.read(block("toml"))
    assert (found.name, found.python, found.limits.operation_s) == ("Pricer", "pricer.service:Pricer", 600.0)


def test_the_class_of_the_page_answers_as_the_page_says() -> None:
    names: dict[str, type] = {}
    exec(block("python"), names)  # noqa: S102  it is our own page
    asked, answer = block("xml").split("\n\n")
    frame = Frame(REQUEST, 1, "http://tempuri.org/IPricer/Price", squeezed(asked).encode())
    (said,) = Splitter().feed(Callee(names["Pricer"], print)(frame))
    assert said.kind == ANSWER
    assert said.body.decode() == squeezed(answer)
    check(said.body)
