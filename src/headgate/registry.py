"""What can be plugged in, by name: engines, script flavours, dialects. A new one is a folder and a line here.

Only names stand here; `load` imports one when it is used, so that a command that needs no engine loads none.
"""

from importlib import import_module
from typing import Any, Final

from msgspec import Struct


class EnginePlugin(Struct, frozen=True):
    """An engine: `module:object` of its class, of its options and of what `headgate doctor` asks it.

    options: fields that the server looks at itself, where they are there: `min_uid`, the smallest of a user's
    OS account; `sudo`, whether jobs run under accounts of their owners even where the server is not root.
    check: takes the engine's folder and its options, answers findings with a `level` (good, warning, fault)
    and a `text`; empty: nothing to ask.
    """

    engine: str
    options: str
    check: str = ""


class DialectPlugin(Struct, frozen=True):
    """A face at its path, and perhaps at more of them.

    context: `module:object` of a Struct whose fields name what the face needs of `headgate.app`. build: the
    function that makes the ASGI application of it. refusal: how the face says no (`http.faces.RefusalBody`).
    statuses: of a mapping from statuses of the gate to those that the face has instead; empty: it has all.
    options: of the Struct of its settings, which are the table under its name; empty: none.
    """

    path: str
    context: str
    build: str
    refusal: str
    options: str = ""
    statuses: str = ""
    also: tuple[str, ...] = ()


ENGINES: Final[dict[str, EnginePlugin]] = {
    "local": EnginePlugin(
        engine="headgate.engines.local.engine:LocalEngine",
        options="headgate.engines.local.options:Options",
        check="headgate.engines.local.doctor:check",
    ),
    "slurm": EnginePlugin(
        engine="headgate.engines.slurm.engine:SlurmEngine",
        options="headgate.engines.slurm.options:Options",
        check="headgate.engines.slurm.doctor:check",
    ),
}

FLAVOURS: Final[dict[str, str]] = {
    "pbs": "headgate.scripts.pbs:FLAVOUR",
    "pjm": "headgate.scripts.pjm:FLAVOUR",
    "slurm": "headgate.scripts.slurm:FLAVOUR",
}
"""`module:object` of a `ports.flavour.Flavour`, by the name that `--flavour` takes."""

DIALECTS: Final[dict[str, DialectPlugin]] = {
    "hpcpack": DialectPlugin(
        path="/hpc",
        context="headgate.dialects.hpcpack:Context",
        build="headgate.dialects.hpcpack:build",
        refusal="headgate.dialects.hpcpack:refusal_body",
    ),
    "windowshpc": DialectPlugin(
        path="/WindowsHPC",
        context="headgate.dialects.windowshpc:Context",
        build="headgate.dialects.windowshpc:build",
        refusal="headgate.dialects.windowshpc:refusal_body",
    ),
    "soa": DialectPlugin(
        path="/soa",
        context="headgate.dialects.soa:Context",
        build="headgate.dialects.soa:build",
        refusal="headgate.dialects.soa:refusal_body",
    ),
    "soca": DialectPlugin(
        path="/api",
        context="headgate.dialects.soca.context:Context",
        build="headgate.dialects.soca.face:build",
        refusal="headgate.dialects.soca.errors:refusal_body",
        options="headgate.dialects.soca.options:Options",
    ),
    "nifcloud": DialectPlugin(
        path="/jobs",
        also=("/files",),
        context="headgate.dialects.nifcloud.context:Context",
        build="headgate.dialects.nifcloud.face:build",
        refusal="headgate.dialects.nifcloud.errors:refusal_body",
        statuses="headgate.dialects.nifcloud.errors:STATUSES",
        options="headgate.dialects.nifcloud.options:Options",
    ),
    "v1": DialectPlugin(
        path="/v1",
        context="headgate.dialects.v1:Context",
        build="headgate.dialects.v1:build",
        refusal="headgate.dialects.v1:refusal_body",
    ),
}


def load(target: str) -> Any:
    """The object that `module:object` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
