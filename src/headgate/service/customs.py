"""Custom properties: free name/value pairs on jobs and tasks (spec hpcpack-model, section 10.3)."""

from collections.abc import Mapping

from headgate.core.errors import BadRequest

NAME_LIMIT = 80
VALUE_LIMIT = 1024
COUNT_LIMIT = 1000


def merge_custom(present: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """`present` with the changes applied; None deletes. Raises BadRequest, naming the property."""
    merged = dict(present)
    for name, value in changes.items():
        if not name.strip():
            raise BadRequest("A custom property needs a name.", code="Operation_PropertyNameCannotBeEmpty")
        if len(name) > NAME_LIMIT:
            raise BadRequest(
                f"The custom property name {name[:40]!r}… has {len(name)} characters; at most {NAME_LIMIT}"
                " are allowed.",
                code="Operation_CustomPropertyNameTooLong",
                parameters=(name[:NAME_LIMIT], str(NAME_LIMIT)),
            )
        if value is None:
            merged.pop(name, None)
        elif len(value) > VALUE_LIMIT:
            raise BadRequest(
                f"The value of custom property {name!r} has {len(value)} characters; at most {VALUE_LIMIT}"
                " are allowed.",
                code="Operation_CustomPropertyValueTooLong",
                parameters=(name, str(VALUE_LIMIT)),
            )
        else:
            merged[name] = value
    if len(merged) > COUNT_LIMIT:
        raise BadRequest(
            f"More than {COUNT_LIMIT} custom properties.", code="Operation_InvalidCustomProperties"
        )
    return merged
