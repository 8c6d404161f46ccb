"""The application: every face of the registry, with what it asks for, behind one gate."""

import os
import resource
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from headgate import __version__, registry
from headgate.app.installation import Parts
from headgate.app.interpreter import host_command
from headgate.broker.broker import Broker
from headgate.broker.registrations import Registrations
from headgate.config import ServerSettings, Settings
from headgate.dispatcher.dispatcher import Dispatcher
from headgate.http.faces import Face, never, nothing
from headgate.http.gate import Gate
from headgate.http.limits import Limits
from headgate.http.metrics import FrontFigures, Metrics
from headgate.http.pages import Pages, Signpost
from headgate.identity import derived_key, group_name
from headgate.ports.engine import Ability, NodeKeeper
from headgate.ports.flavour import Flavour
from headgate.service.commands import Commands
from headgate.service.events import Events
from headgate.service.files import UserFiles
from headgate.service.jobs import Jobs
from headgate.service.metrics import Metrics as NodeMetrics
from headgate.service.node_groups import NodeGroups
from headgate.service.nodes import Nodes
from headgate.service.operations import Operations
from headgate.service.portraits import Portraits
from headgate.service.queues import Queues
from headgate.service.scripts import Scripts
from headgate.service.sessions import Sessions
from headgate.service.tasks import Tasks
from headgate.service.templates import Templates

DAY_S: Final = 86400
SERVICES: Final = "services"
"""Folder of the data folder with the registrations of services."""
EFFECTS: Final = {"SoftwareLicense": Ability.LICENCES}
"""Properties that have an effect with an engine that can do this."""
FILES_OF_OUR_OWN: Final = 128
"""Open files that are not for clients: the store's connections, the engine, logs."""


def application(
    parts: Parts,
    settings: Settings,
    dispatcher: Dispatcher,
    broker: Broker,
    reasons: Callable[[], Mapping[int, str]],
    keeper: NodeKeeper | None = None,
    fronts: FrontFigures | None = None,
    abilities: frozenset[Ability] = frozenset(),
) -> Gate:
    """The ASGI application of one server.

    reasons: see service.portraits. keeper: see service.nodes. fronts: see http.metrics. abilities: of the
    engine.
    """
    server = settings.server
    metrics = Metrics(fronts)
    offer = _offer(parts, settings, broker, reasons, keeper, abilities)
    faces = [_face(name, plugin, offer) for name, plugin in registry.DIALECTS.items()]

    parts.store.on_commit(lambda events: metrics.commit(len(events)))

    async def scrape() -> bytes:
        jobs = await parts.store.read(lambda look: look.count_jobs())
        loads = {face.name: face.load() for face in faces if face.load is not None}
        return metrics.text(
            jobs=jobs, ready=dispatcher.ready.is_set(), websockets=gate.websockets, loads=loads
        )

    pages = Pages(
        version=__version__,
        signposts=_signposts(faces),
        identity=parts.identity,
        is_ready=dispatcher.ready.is_set,
        metrics=scrape,
    )
    gate = Gate(
        faces,
        pages.app(),
        limits(server),
        is_ready=dispatcher.ready.is_set,
        public_url=server.public_url,
        observe=metrics.request,
    )
    return gate


def _offer(
    parts: Parts,
    settings: Settings,
    broker: Broker,
    reasons: Callable[[], Mapping[int, str]],
    keeper: NodeKeeper | None,
    abilities: frozenset[Ability],
) -> dict[str, Any]:
    """Everything a dialect's Context may name as a field."""
    server = settings.server
    effects = frozenset(name for name, ability in EFFECTS.items() if ability in abilities)
    jobs = Jobs(parts.store, engine=server.engine, mail=settings.mail.policy(), has_effect=effects)
    return {
        "jobs": jobs,
        "tasks": Tasks(parts.store),
        "nodes": Nodes(parts.store, keeper),
        "node_groups": NodeGroups(parts.store),
        "operations": Operations(parts.store),
        "metrics": NodeMetrics(parts.store, parts.clock.now),
        "queues": Queues(parts.store, reasons),
        "portraits": Portraits(parts.store, reasons),
        "scripts": Scripts(flavours(), parts.clock, time_zone=server.time_zone, cluster=cluster_name(server)),
        "templates": Templates(parts.store),
        "commands": Commands(parts.store, jobs),
        "events": Events(parts.store),
        "sessions": Sessions(
            parts.store,
            jobs,
            broker,
            registrations(parts.data, settings),
            host=host_command(settings.soa.python, root=parts.as_owners),
            max_message=settings.soa.max_message,
        ),
        "soa_hosts": broker,
        "users": parts.users,
        "user_groups": parts.user_groups,
        "user_files": UserFiles(parts.files, parts.identity),
        "storage": parts.storage,
        "api_keys": parts.api_keys,
        "access_keys": parts.access_keys,
        "syncs": parts.syncs,
        "identity": parts.identity,
        "key_identity": parts.key_identity,
        "signature_identity": parts.signature_identity,
        "tokens": parts.identity.tokens,
        "revoke": parts.identity.revoke,
        "account_of": parts.account_of,
        "group_of": lambda user: group_name(parts.account_of(user).gid),
        "clock": parts.clock,
        "signing_key": derived_key(parts.key, "continuations"),
        **settings.face,
        "cluster_name": cluster_name(server),
        "node_name": os.uname().nodename,
        "hpcpack_version": server.hpcpack_version,
        "time_zone": server.time_zone,
        "public_url": server.public_url,
        "largest_message": settings.soa.max_message,
        "version": __version__,
        "token_lasts_s": round(server.token_lasts * DAY_S),
    }


def flavours() -> dict[str, Flavour]:
    """Every script flavour there is, by name."""
    return {name: registry.load(target) for name, target in registry.FLAVOURS.items()}


def registrations(data: Path, settings: Settings) -> Registrations:
    """The services that are registered."""
    named = settings.soa.registrations
    return Registrations(Path(named) if named else data / SERVICES)


def cluster_name(server: ServerSettings) -> str:
    """What clients are told this is; the machine's name where nothing was set."""
    return server.cluster_name or os.uname().nodename.partition(".")[0]


def _face(name: str, plugin: registry.DialectPlugin, offer: dict[str, Any]) -> Face:
    context: type[Struct] = registry.load(plugin.context)
    built = registry.load(plugin.build)(
        context(**{field: offer[field] for field in context.__struct_fields__})
    )
    return Face(
        name,
        plugin.path,
        built,
        registry.load(plugin.refusal),
        also=plugin.also,
        statuses=registry.load(plugin.statuses) if plugin.statuses else {},
        load=getattr(built, "load", None),
        websockets=getattr(built, "websockets", False),
        drain=getattr(built, "drain", nothing),
        streams=getattr(built, "streams", never),
    )


def _signposts(faces: Sequence[Face]) -> list[Signpost]:
    posts = []
    for face in faces:
        title = getattr(face.app, "title", face.name)
        posts.append(Signpost(face.path, title))
        if page := getattr(face.app, "page", ""):
            posts.append(Signpost(face.path + page, f"the operations of {title}, for people", True))
        document = getattr(face.app, "described_at", "/openapi.json")
        if not document:
            continue  # nothing that programs of others would call
        # A face with several paths says the whole of it.
        beside = document.startswith(tuple(f"{path}/" for path in face.also))
        address = document if beside else face.path + document
        posts.append(Signpost(address, f"the operations of {title}, for programs", True))
    return [
        *posts,
        Signpost("/healthz", "is it up", True),
        Signpost("/readyz", "is it ready", True),
        Signpost("/metrics", "for operators", True),
    ]


def limits(server: ServerSettings) -> Limits:
    """What one client may ask of the server."""
    return Limits(
        body=server.body_limit,
        body_timeout_s=server.body_timeout_s,
        header=server.header_limit,
        header_timeout_s=server.header_timeout_s,
        keep_alive_s=server.keep_alive_s,
        drain_s=server.drain_s,
        connections=max(64, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_OF_OUR_OWN),
    )
