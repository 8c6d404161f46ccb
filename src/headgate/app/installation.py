"""A data folder, opened: clock, store, identity, users. Made and migrated as needed.

An administration command needs no more, and does the same beside a running server; only a second server on
one folder is refused.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from headgate import registry
from headgate.config import Plugins, QueueSettings, Settings
from headgate.core import amounts
from headgate.core.errors import BadRequest, StartupRefused
from headgate.core.launch import OsAccount
from headgate.core.model import Queue, Template, TemplateItem
from headgate.core.queues import check_queue
from headgate.engines.local.files import LocalFiles
from headgate.identity import (
    AccessKeys,
    ApiKeys,
    Authority,
    KeyAuthority,
    OsAccounts,
    Passwords,
    SignatureAuthority,
    SignaturePolicy,
    Tokens,
    load_root_key,
    load_secret_key,
    own_account,
)
from headgate.identity.first_start import FILE as FIRST_PASSWORD
from headgate.ports.clock import Clock
from headgate.ports.store import Transaction
from headgate.service.access_keys import AccessKeyRing
from headgate.service.api_keys import KeyRing
from headgate.service.queues import UNCHOSEN_DEFAULT, put_queue
from headgate.service.storage import Storage
from headgate.service.syncs import SyncPolicy, Syncs
from headgate.service.user_groups import UserGroups
from headgate.service.users import Users
from headgate.store import HeadgateStore, open_store

OURS: Final = ("headgate.db", "secret.key", FIRST_PASSWORD, "engine", "tls")
"""Names in a data folder by which we know it for one."""
# What every published sample of the interfaces we speak finds in place (the settings may add to it).
QUEUES: Final = (
    Queue(name="normal", default=True),
    Queue(name="high", priority=3000),
    Queue(name="low", priority=1000),
    Queue(name="small"),
    Queue(name="large"),
)


# The template, not the engine, lets minimum and maximum be computed (spec hpcpack-model, section 3).
TEMPLATE: Final = Template(
    name="Default",
    description="The template of jobs that name none",
    items={
        "AutoCalculateMin": TemplateItem(default="True"),
        "AutoCalculateMax": TemplateItem(default="True"),
    },
)


class SystemClock:
    """The real time."""

    def now(self) -> int:
        """See ports.Clock."""
        return time.time_ns() // 1000  # noqa: TID251  this is where time comes from

    def monotonic(self) -> float:
        """See ports.Clock."""
        return time.monotonic()


class Parts(Struct, frozen=True, kw_only=True):
    """What there is of a server without its engine and its listening: enough to administer.

    as_owners: whether jobs run under accounts of their owners.
    """

    data: Path
    key: bytes
    clock: Clock
    min_uid: int
    as_owners: bool
    store: HeadgateStore
    passwords: Passwords
    identity: Authority
    key_identity: KeyAuthority
    signature_identity: SignatureAuthority
    users: Users
    user_groups: UserGroups
    api_keys: KeyRing
    access_keys: AccessKeyRing
    files: LocalFiles
    storage: Storage
    syncs: Syncs

    def account_of(self, user: str) -> OsAccount:
        """The OS account of a user's jobs; where all run as the server, its own. Raises NotPermitted."""
        return account_of(self.identity, user)


def account_of(identity: Authority, user: str) -> OsAccount:
    """See Parts.account_of."""
    return identity.os_account(user) or own_account()


def plugin_options() -> Plugins:
    """The options of every plugin that has some, for reading the settings."""
    return Plugins(
        engine={name: registry.load(plugin.options) for name, plugin in registry.ENGINES.items()},
        face={
            name: registry.load(plugin.options)
            for name, plugin in registry.DIALECTS.items()
            if plugin.options
        },
    )


def prepare_data(data: Path) -> Path:
    """The data folder, made if need be, for our account alone. Raises StartupRefused."""
    os.umask(0o077)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = data.stat()
        if status.st_uid != os.geteuid():
            raise StartupRefused(f"The data folder {data} belongs to another account (uid {status.st_uid}).")
        if status.st_mode & 0o077:
            # Closing a folder that holds other things (/tmp, a home) would hurt more than it helps.
            inside = os.listdir(data)
            if inside and not set(inside) & set(OURS):
                raise StartupRefused(
                    f"{data} is open to others and holds other files: name a folder of its own."
                )
            data.chmod(0o700)
    except OSError as error:
        raise StartupRefused(f"The data folder {data} can't be used: {error.strerror}.") from None
    return data.absolute()


@asynccontextmanager
async def opened(data: Path, settings: Settings, *, exclusive: bool = False) -> AsyncIterator[Parts]:
    """Store, identity and users over a data folder. `exclusive` is for the one server.

    Raises StartupRefused.
    """
    data = prepare_data(data)
    clock = SystemClock()
    options = settings.engine.get(settings.server.engine)
    min_uid: int = getattr(options, "min_uid", 1000)
    as_owners = os.geteuid() == 0 or bool(getattr(options, "sudo", False))
    store = open_store(data, clock=clock, exclusive=exclusive)
    passwords = Passwords()
    try:
        key = load_secret_key(data)
        identity = Authority(
            store,
            clock,
            passwords,
            Tokens(store, clock, key),
            OsAccounts(min_uid, clock.monotonic),
            kept_s=settings.server.password_kept_s,
            as_owners=as_owners,
        )
        keys = ApiKeys(store, clock, key)
        # The root key is the server's: no command needs it.
        root_key_file = getattr(settings.face.get("soca"), "root_key_file", "") if exclusive else ""
        root_key = load_root_key(Path(root_key_file)) if root_key_file else b""
        key_identity = KeyAuthority(store, clock, keys, identity, root_key=root_key)

        access_keys = AccessKeys(store, clock, key)
        signature_identity = SignatureAuthority(store, clock, access_keys, signature_policy(settings))

        def changed(user: str) -> None:
            identity.forget(user)
            key_identity.forget(user)
            signature_identity.forget(user)

        files = LocalFiles(min_uid)
        storage = Storage(
            files, identity, lambda user: account_of(identity, user), root=settings.storage.root
        )
        objects = settings.object_storage
        policy = SyncPolicy(
            configured=objects.configured, whole_root=objects.whole_root, per_user=objects.per_user
        )
        yield Parts(
            data=data,
            key=key,
            clock=clock,
            min_uid=min_uid,
            as_owners=as_owners,
            store=store,
            passwords=passwords,
            identity=identity,
            key_identity=key_identity,
            signature_identity=signature_identity,
            users=Users(store, identity, passwords.hash, changed=changed),
            user_groups=UserGroups(store),
            api_keys=KeyRing(store, keys, changed=changed),
            access_keys=AccessKeyRing(access_keys, changed=changed),
            files=files,
            storage=storage,
            syncs=Syncs(store, storage.of, policy),
        )
    finally:
        passwords.close()
        await store.close()


def signature_policy(settings: Settings) -> SignaturePolicy:
    """What the face that takes signed requests accepts. Raises StartupRefused, naming the setting."""
    options = settings.face.get("nifcloud")
    usual = SignaturePolicy()
    try:
        return SignaturePolicy(
            regions=tuple(getattr(options, "regions", usual.regions)),
            services=tuple(getattr(options, "services", usual.services)),
            window_s=getattr(options, "window_s", usual.window_s),
        )
    except ValueError as error:
        raise StartupRefused(f"[nifcloud] window_s: {error}.") from None


def seed(tx: Transaction, settings: Settings) -> None:
    """What a new installation holds.

    Later starts add what the settings name and change nothing that is there.
    """
    if tx.meta("seeded") is None:
        if all(template.name.casefold() != TEMPLATE.name.casefold() for template in tx.templates()):
            tx.put_template(TEMPLATE)  # else an administrator was quicker
        for queue in QUEUES:
            tx.put_queue(queue)
            if queue.default:
                tx.put_meta(UNCHOSEN_DEFAULT, queue.name)
        tx.put_meta("seeded", "1")
    for name, queue_settings in settings.queues.items():
        known = tx.queues()
        if name.casefold() not in {queue.name.casefold() for queue in known}:
            put_queue(tx, queue_of(name, queue_settings), known)


def queue_of(name: str, settings: QueueSettings) -> Queue:
    """The queue that settings describe. Raises StartupRefused, naming the table."""
    said = {field: getattr(settings, field) for field in settings.__struct_fields__}
    said |= {field: tuple(value) for field, value in said.items() if isinstance(value, list)}
    try:
        said["defaults"] = amounts.defaults(settings.defaults)
        said["minima"], said["maxima"] = amounts.limits(settings.minima), amounts.limits(settings.maxima)
        queue = Queue(name=name, **said)
        check_queue(queue)
    except BadRequest as error:
        raise StartupRefused(f"[queues.{name}]: {error.text}") from None
    return queue
