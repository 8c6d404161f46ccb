"""A task's environment, and the paths that are written in its terms. Pure.

Nothing of the server's own environment can get in: it is built from nothing.
"""

import re
from collections.abc import Mapping

from headgate.core.launch import Launch, OsAccount

_VARIABLE = re.compile(
    r"%([A-Za-z_][A-Za-z0-9_]*)%|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)"
)


def environment(launch: Launch, account: OsAccount) -> dict[str, str]:
    """What the process gets: the account's variables, then the launch's, which win."""
    return account.variables | dict(launch.environment)


def expand(path: str, variables: Mapping[str, str]) -> str:
    """`%NAME%`, `$NAME` and `${NAME}` replaced once, from left to right; unknown names stay as written."""
    if "%" not in path and "$" not in path:
        return path
    return _VARIABLE.sub(
        lambda match: variables.get(match[1] or match[2] or match[3], match[0]),
        path,
    )
