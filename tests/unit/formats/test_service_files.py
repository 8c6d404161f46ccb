"""formats/service_files.py: the file that registers a service."""

import pytest

from headgate.core.errors import BadRequest
from headgate.core.soa import Limits, Registration
from headgate.formats.service_files import read, version_key


def test_a_whole_file() -> None:
    text = """
        name = "Pricer"
        version = "1.0"
        python = "pricer.service:Pricer"
        python_path = ["/opt/pricer/lib"]
        work_directory = "/data"
        operations = ["Price"]
        [environment]
        PRICER_DATA = "/data/pricer"
        [limits]
        concurrency = 4
        operation_s = 2.5
    """
    assert read(text) == Registration(
        name="Pricer",
        version="1.0",
        python="pricer.service:Pricer",
        python_path=("/opt/pricer/lib",),
        work_directory="/data",
        operations=("Price",),
        environment=(("PRICER_DATA", "/data/pricer"),),
        limits=Limits(concurrency=4, operation_s=2.5),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "not TOML"),
        ("", "name"),
        ('name = "S"', "either with python or with command"),
        ('name = "S"\ncommand = ["/s"]\npython = "a:B"', "either"),
        ('name = "S/../T"\ncommand = ["/s"]', "name"),
        ('name = "S"\ncommand = ["s"]', "absolute"),
        ('name = "S"\ncommand = [7]', "command"),
        ('name = "S"\ncomand = ["/s"]', "comand"),
        ('name = "S"\npython = "a.B"', "module:Class"),
        ('name = "S"\npython = "a:B"\npython_path = ["lib"]', "absolute"),
        ('name = "S"\ncommand = ["/s"]\npython_path = ["/lib"]', "for services in Python"),
        ('name = "S"\nversion = "1"\ncommand = ["/s"]', "version"),
        ('name = "S"\nversion = 1.0\ncommand = ["/s"]', "version"),
        ('name = "S"\ncommand = ["/s"]\noperations = ["a b"]', "operation"),
        ('name = "S"\ncommand = ["/s"]\n[environment]\n"A=B" = "1"', "variable"),
        ('name = "S"\ncommand = ["/s"]\n[limits]\nconcurrency = 0', "concurrency"),
        ('name = "S"\ncommand = ["/s"]\n[limits]\nretries = -1', "retries"),
        ('name = "S"\ncommand = ["/s"]\n[limits]\nstart_s = 0', "start_s"),
        ('name = "S"\ncommand = ["/s"]\n[limits]\noperation_s = 0', "operation_s"),
        ('name = "S"\ncommand = ["/s\\u0000"]', "NUL"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says) as refused:
        read(text)
    assert refused.value.code == "ConfigFile_Invalid"


def test_versions_are_ordered_by_their_numbers() -> None:
    assert sorted(["1.10", "", "1.9", "1.9.1"], key=version_key) == ["", "1.9", "1.9.1", "1.10"]
