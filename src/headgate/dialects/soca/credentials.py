"""Keys and passwords (spec soca, 5.3)."""

from headgate.core.errors import NotFound, NotPermitted
from headgate.dialects.soca import parse
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.directory import weak
from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.operation import Call, ok
from headgate.formats.serving import Answer
from headgate.service.passwords import WeakPassword


class CredentialCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._users = context.users
        self._keys = context.api_keys

    async def api_key(self, call: Call) -> Answer:
        """Show a user's API key; one is made where there is none."""
        user = parse.required(call.fields, "user")
        try:
            return ok(await self._keys.show(call.caller, user))
        except (NotFound, NotPermitted):
            raise Failure("NOT_AUTHORIZED") from None

    async def end_api_key(self, call: Call) -> Answer:
        """End a user's API key."""
        try:
            await self._keys.revoke(call.caller, parse.required(call.fields, "user"))
        except NotFound:
            raise Failure("NO_ACTIVE_TOKEN") from None
        return ok("Successfully deactivated")

    async def reset_password(self, call: Call) -> Answer:
        """Give a user another password."""
        user, password = parse.required(call.fields, "user"), parse.required(call.fields, "password")
        try:
            await self._users.reset_password(call.caller, user, password)
        except WeakPassword as error:
            raise weak(error) from None
        return ok("Password updated correctly.")
