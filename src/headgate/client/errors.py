"""What goes wrong when a server is asked. (No imports that cost time: the command line always loads this.)

ClientError
├── Unreachable    no server, or no answer: repeating it later may help
└── Refused        the server's no, with its reason
"""


class ClientError(Exception):
    """The root."""


class Unreachable(ClientError):
    """The server could not be asked, or gave no answer that could be understood."""


class Refused(ClientError):
    """The server said no. `status` is HTTP's, `code` names the kind of refusal, `field` what it is about."""

    def __init__(self, text: str, *, status: int, code: str = "", field: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.field = field
