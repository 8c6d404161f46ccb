"""docs/reference/queues.md says all there is to queues."""

import re
from pathlib import Path

from headgate.core.amounts import LIMITS
from headgate.core.cloud_resources import RESOURCES
from headgate.core.errors import QueueReason
from headgate.core.lines import Wait
from headgate.core.model import Queue

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "queues.md").read_text("utf-8")


def test_the_page_lists_every_field_limit_reason_and_resource() -> None:
    names = [
        *Queue.__struct_fields__,
        *LIMITS,
        *(reason.value for reason in QueueReason),
        *(wait.value for wait in Wait),
        *RESOURCES,
    ]
    assert not [name for name in names if not re.search(rf"`{name}`", PAGE)]
