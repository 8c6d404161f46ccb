"""Who is calling an HPC Pack face."""

from headgate.core.errors import NotAuthenticated
from headgate.formats.hpcpack.context import Context
from headgate.formats.serving import Scope
from headgate.ports.identity import Caller


async def caller_of(context: Context, scope: Scope, authorization: str, as_user: str) -> Caller:
    """Who is calling, or (hpcpack-2016, section 1.2) in whose name.

    Raises NotAuthenticated, NotPermitted, NotFound (kind user).
    """
    if not authorization:
        raise NotAuthenticated(
            "This request has no Authorization header: send a user name and a password (Basic)."
        )
    caller = context.identity.remembered(authorization)
    if caller is None:
        client = scope.get("client")
        caller = await context.identity.authenticate(authorization, address=client[0] if client else "")
    as_user = as_user.strip()
    if not as_user:
        return caller
    # ASGI gives bytes; clients that send names beyond ASCII send UTF-8.
    try:
        as_user = as_user.encode("latin-1").decode()
    except UnicodeDecodeError:
        pass
    return context.users.act_as(caller, as_user)
