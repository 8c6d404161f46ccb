"""Files (spec soca, 6.1), as in its later releases: with the caller's own rights, content as one text."""

from headgate.core.errors import BadRequest, NotFound, NotPermitted
from headgate.dialects.soca import parse
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.errors import Failure, invalid
from headgate.dialects.soca.operation import Call, ok
from headgate.formats.serving import Answer


class SystemCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._files = context.user_files

    async def read(self, call: Call) -> Answer:
        """Read a text file of one's own."""
        path = parse.required(call.fields, "file")
        try:
            content = await self._files.read(call.caller, path)
        except (NotFound, NotPermitted, BadRequest) as error:
            raise Failure("FILE_ERROR", error.text) from None
        try:
            return ok(content.decode())
        except UnicodeDecodeError:
            raise Failure("FILE_ERROR", "it is not text in UTF-8") from None

    async def write(self, call: Call) -> Answer:
        """Make a file of one's own, or give it another content."""
        path = parse.base64(call.fields, "file_name")
        # An empty file is a file.
        content = parse.base64(call.fields, "file_content") if call.fields.get("file_content") else b""
        if "file_content" not in call.fields:
            parse.required(call.fields, "file_content")
        try:
            await self._files.write(call.caller, path.decode(), content)
        except UnicodeDecodeError:
            raise invalid("file_name (str) does not seems to be a valid base64 of UTF-8 text") from None
        except (NotFound, NotPermitted, BadRequest) as error:
            raise Failure("FILE_ERROR", error.text) from None
        return ok("File Updated.")
