"""An authority over a store in memory, passwords that are quick to check, and a clock that stands still."""

from collections.abc import AsyncIterator

import pytest

from headgate.core.launch import OsAccount
from headgate.core.vocabulary import Role
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
)
from headgate.service.access_keys import AccessKeyRing
from headgate.service.api_keys import KeyRing
from headgate.service.user_groups import UserGroups
from headgate.service.users import Users
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store


class World:
    """Everything a test of identity needs."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.store = memory_store(clock=self.clock)
        self.passwords = Passwords(passes=1, memory_kib=8)
        self.tokens = Tokens(self.store, self.clock, b"k" * 32)
        self.authority = self.make_authority()
        self.keys = ApiKeys(self.store, self.clock, b"k" * 32)
        self.doorkeeper = self.make_doorkeeper()
        self.access_keys = AccessKeys(self.store, self.clock, b"k" * 32)
        self.signatures = SignatureAuthority(self.store, self.clock, self.access_keys, SignaturePolicy())
        self.users = Users(self.store, self.authority, self.passwords.hash, changed=self.changed)
        self.user_groups = UserGroups(self.store)
        self.key_ring = KeyRing(self.store, self.keys, changed=self.changed)
        self.access_key_ring = AccessKeyRing(self.access_keys, changed=self.changed)
        # The command line in another process: the same store, and nobody to tell.
        self.elsewhere = Users(self.store, self.authority, self.passwords.hash)
        self.keys_elsewhere = KeyRing(self.store, self.keys)
        self.access_keys_elsewhere = AccessKeyRing(self.access_keys)

    def changed(self, user: str) -> None:
        """What the application does when a user was changed."""
        self.authority.forget(user)
        self.doorkeeper.forget(user)
        self.signatures.forget(user)

    def make_doorkeeper(self, root_key: bytes = b"") -> KeyAuthority:
        """What checks API keys."""
        return KeyAuthority(self.store, self.clock, self.keys, self.authority, root_key=root_key)

    def make_authority(self, *, as_owners: bool = True) -> Authority:
        """Another one over the same store."""
        accounts = OsAccounts(1000, self.clock.monotonic, self.account)
        return Authority(self.store, self.clock, self.passwords, self.tokens, accounts, as_owners=as_owners)

    @staticmethod
    def account(name: str, min_uid: int) -> OsAccount:
        """Every name has an account."""
        return OsAccount(name=name, uid=min_uid + 1, gid=100, home=f"/home/{name}")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """With one user, ada, whose password is `engine`."""
    made = World()
    await made.users.add(None, "ada", Role.USER, "engine")
    yield made
    made.passwords.close()
    await made.store.close()
