"""SignatureAuthority: `ports.signatures.SignatureIdentity`. A signed request comes in, a caller or a refusal
comes out.

What it takes to check the signatures of one key on one day is kept: the user, and the signing key that is
made of the secret. It is looked at again twice a second, so that what the command line changes takes effect;
changes of this process do at once (`forget`). A key that does not exist costs what a wrong signature does,
and is answered with the same sentence.

Nobody has to wait after failures: a secret is 40 characters that we have drawn, so there is nothing to be had
by guessing, and whoever knows a key's id could keep its owner out from behind the same proxy.
"""

import secrets
from collections import OrderedDict
from typing import Final, TypeVar

import structlog
from msgspec import Struct

from headgate.core.access_keys import AccessKey
from headgate.core.errors import NotFound
from headgate.core.model import User
from headgate.identity.access_keys import AccessKeys
from headgate.identity.enabled import enabled_user
from headgate.identity.remembered import LOOK_AGAIN_S, MOST
from headgate.identity.sealing import SealBroken
from headgate.identity.sigv4 import Claim, SignaturePolicy, read_signed, signing_key
from headgate.ports.clock import Clock
from headgate.ports.identity import Caller
from headgate.ports.signatures import NotProved, SignedRequest, Unproved
from headgate.ports.store import Reader, Store

SENTENCES: Final = {
    Unproved.NO_ACCESS_KEY: "No access key was given.",
    Unproved.NO_SIGNATURE: "No signature was given.",
    Unproved.EXPIRED: "The request was signed too long ago, or too far ahead.",
    Unproved.REFUSED: "The signature does not prove an access key.",
}
K = TypeVar("K")
V = TypeVar("V")
log = structlog.get_logger("headgate.identity")

Scope = tuple[str, str, str, str]
"""Key id, date, region, service."""


class _Known(Struct):
    """holder: the key and its user, as stored; None when nobody may sign with it now."""

    holder: tuple[AccessKey, User] | None
    signing_key: bytes
    look_again: float


class SignatureAuthority:
    """See the module. One object for each server process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keys: AccessKeys,
        policy: SignaturePolicy,
        *,
        most: int = MOST,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._policy = policy
        self._most = most
        self._nobodys_secret = secrets.token_urlsafe(30)
        self._known: OrderedDict[Scope, _Known] = OrderedDict()

    def caller(self, request: SignedRequest, *, address: str) -> Caller:
        """See ports.signatures."""
        key_id = ""
        try:
            signed = read_signed(request, self._policy, self._clock.now())
            key_id = signed.claim.key_id
            known = self._look_up(signed.claim, self._clock.monotonic())
            # Both are computed whatever comes of it (spec sigv4, section 10).
            right = signed.is_by(known.signing_key)
            if known.holder is None:
                raise NotProved("unknown or disabled access key", Unproved.REFUSED)
            if not right:
                raise NotProved("another signature", Unproved.REFUSED)
        except NotProved as refusal:
            log.info("signature_refused", key=key_id, reason=refusal.text, address=address)
            raise NotProved(SENTENCES[refusal.lack], refusal.lack) from None
        user = known.holder[1]
        return Caller(user.name, user.role, user.name)

    def forget(self, user: str) -> None:
        """Something about this user or their keys was changed in this process."""
        folded = user.casefold()
        for scope in [scope for scope, known in self._known.items() if _concerns(known, folded)]:
            del self._known[scope]

    def _look_up(self, claim: Claim, now: float) -> _Known:
        scope = (claim.key_id, claim.date, claim.region, claim.service)
        known = self._known.get(scope)
        if known is not None and now < known.look_again:
            return known
        holder = self._store.peek(lambda reader: _holder(reader, claim.key_id))
        if known is None or known.holder != holder:
            holder, secret = self._secret(holder)
            made = signing_key(secret, claim.date, claim.region, claim.service)
            known = _Known(holder, made, 0.0)
            _keep(self._known, scope, known, self._most)
        known.look_again = now + LOOK_AGAIN_S
        return known

    def _secret(self, holder: tuple[AccessKey, User] | None) -> tuple[tuple[AccessKey, User] | None, str]:
        if holder is None:
            return None, self._nobodys_secret
        try:
            return holder, self._keys.secret(holder[0])
        except SealBroken:
            log.warning("access_key_unreadable", key=holder[0].id, hint="secret.key was replaced")
            return None, self._nobodys_secret


def _holder(reader: Reader, key_id: str) -> tuple[AccessKey, User] | None:
    try:
        key = reader.access_key(key_id)
        return None if key.disabled else (key, enabled_user(reader, key.user))
    except NotFound:
        return None


def _concerns(known: _Known, folded: str) -> bool:
    """Whether this may be true no longer; of a key that was unknown, nobody knows whose it is now."""
    return known.holder is None or known.holder[1].name.casefold() == folded


def _keep(table: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    table[key] = value
    table.move_to_end(key)
    while len(table) > most:
        table.popitem(last=False)
