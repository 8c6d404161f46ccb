"""Settings: precedence, names, types, and where each came from."""

from pathlib import Path

import pytest

from headgate.config import DEFAULT, Loaded, Plugins, load
from headgate.core.errors import StartupRefused
from headgate.dialects.soca.options import Options as SocaOptions
from headgate.engines.local.options import Options

PLUGINS = Plugins(engine={"local": Options}, face={"soca": SocaOptions})


def read(
    text: str = "", environ: dict[str, str] | None = None, tmp: Path | None = None, **flags: object
) -> Loaded:
    file = None
    if text:
        assert tmp is not None
        file = tmp / "headgate.toml"
        file.write_text(text)
    named = {f"server.{name}": value for name, value in flags.items()}
    return load(file, environ or {}, named, PLUGINS)


def test_without_anything_everything_is_as_by_default() -> None:
    loaded = read()
    assert loaded.settings.server.port == 8080
    assert loaded.settings.server.host == "127.0.0.1"
    assert {one.source for one in loaded.shown()} == {DEFAULT}


def test_flags_come_before_variables_and_variables_before_the_file(tmp_path: Path) -> None:
    text = '[server]\nport = 1001\nhost = "::1"\ncluster_name = "x"\n'
    environ = {"HEADGATE_SERVER__PORT": "1002", "HEADGATE_SERVER__HOST": "localhost"}
    loaded = read(text, environ, tmp_path, port=1003)
    server = loaded.settings.server
    assert (server.port, server.host, server.cluster_name) == (1003, "localhost", "x")
    sources = {one.path: one.source for one in loaded.shown()}
    assert sources["server.port"] == "flag --port"
    assert sources["server.host"] == "variable HEADGATE_SERVER__HOST"
    assert sources["server.cluster_name"] == f"file {tmp_path / 'headgate.toml'}"
    assert sources["server.data"] == DEFAULT


def test_an_engine_reads_the_table_under_its_name(tmp_path: Path) -> None:
    text = '[engine.local]\nmin_uid = 500\n[[engine.local.nodes]]\nname = "n1"\ncores = 4\n'
    options = read(text, tmp=tmp_path).settings.engine["local"]
    assert isinstance(options, Options)
    assert options.min_uid == 500
    assert [(node.name, node.cores) for node in options.nodes] == [("n1", 4)]


def test_lists_and_tables_in_a_variable_are_written_as_in_toml() -> None:
    nodes = '[{name = "a", cores = 2, groups = ["g"]}, {name = "b"}]'
    options = read(environ={"HEADGATE_ENGINE__LOCAL__NODES": nodes}).settings.engine["local"]
    assert isinstance(options, Options)
    assert [node.name for node in options.nodes] == ["a", "b"]
    assert options.nodes[0].groups == ("g",)


def test_queues_of_any_name(tmp_path: Path) -> None:
    text = "[queues.night]\npriority = 500\n[queues.day]\n"
    queues = read(text, tmp=tmp_path).settings.queues
    assert {name: queue.priority for name, queue in queues.items()} == {"night": 500, "day": 2000}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1\n", "server.prot .* did you mean server.port"),
        ("[servre]\nport = 1\n", "servre .* did you mean server"),
        ("[engine.local]\nmin_uidd = 1\n", "engine.local.min_uidd .* did you mean engine.local.min_uid"),
        ("[engine.nowhere]\nx = 1\n", r"engine.nowhere .* \(known: local\)"),
        (
            '[[engine.local.nodes]]\nname = "a"\ncore = 2\n',
            r"engine.local.nodes\[0\].core .* did you mean cores",
        ),
        ("[queues.night]\nprio = 1\n", "queues.night.prio .* did you mean queues.night.priority"),
        ("[server]\nport = 'many'\n", r"server.port \(file .*\): Expected `int`"),
        ("[server]\nport = 70000\n", "port is 0 to 65535"),
        ("[server]\nbody_limit = 0\n", "body_limit is more than 0"),
        ("[server]\nlog_level = 'loud'\n", "server.log_level"),
        ("[server]\ntime_zone = 'Mars/Olympus'\n", "time_zone"),
        ("[server]\ntls_cert = 'x'\n", "go together"),
        ("server = 1\n", "server .* is a table"),
        ("[server.port]\nx = 1\n", "server.port has no parts"),
        ("[server\n", "is not TOML"),
    ],
)
def test_what_nobody_declares_is_refused_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StartupRefused, match=said):
        read(text, tmp=tmp_path)


def test_a_misspelt_variable_is_refused_and_others_are_left_alone() -> None:
    with pytest.raises(StartupRefused, match=r"HEADGATE_SERVER__PROT.* did you mean server.port"):
        read(environ={"HEADGATE_SERVER__PROT": "1"})
    with pytest.raises(StartupRefused, match="is a table"):
        read(environ={"HEADGATE_ENGINE__LOCAL": "1"})
    read(environ={"HEADGATE_URL": "http://x", "HEADGATE_TOKEN": "t", "PATH": "/bin"})


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_truth_in_a_variable(text: str, value: bool) -> None:
    assert read(environ={"HEADGATE_SERVER__INSECURE": text}).settings.server.insecure is value


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(StartupRefused, match="can't be read"):
        load(Path("/no/such/file.toml"), {}, {}, PLUGINS)


def test_every_setting_is_shown_as_toml_that_can_be_read_again(tmp_path: Path) -> None:
    first = read('[server]\ncluster_name = "a\\"b"\n[[engine.local.nodes]]\nname = "n"\n', tmp=tmp_path)
    lines: list[str] = []
    table = ""
    for one in first.shown():
        where, _, name = one.path.rpartition(".")
        lines += [f"[{where}]"] if where != table else []
        table = where
        lines.append(f"{name} = {one.value}")
    assert read("\n".join(lines), tmp=tmp_path).settings == first.settings
