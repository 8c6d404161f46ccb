"""Users who may have keys."""

from headgate.core.errors import NotFound
from headgate.core.model import User
from headgate.ports.store import Reader


def enabled_user(reader: Reader, name: str) -> User:
    """The user of this name. Raises NotFound (kind user), also when disabled."""
    user = reader.user(name)
    if user.disabled:
        raise NotFound(f"The user {user.name} is disabled.", kind="user")
    return user
