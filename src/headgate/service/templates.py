"""Job templates: their names for now; ranges and required values come with the rest of HPC Pack."""

from collections.abc import Sequence

from headgate.ports.identity import Caller
from headgate.ports.store import Store


class Templates:
    """What a user can ask about job templates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self, caller: Caller) -> Sequence[str]:
        """Names of the templates; `Default` is always among them."""
        names = [template.name for template in self._store.peek(lambda reader: reader.templates())]
        return names if "Default" in names else ["Default", *names]
