"""What a password has to be where a face wants a strong one (spec soca, section 3: 234 and 236). Pure."""

from typing import Final

from headgate.core.errors import BadRequest

SHORTEST: Final = 8


class WeakPassword(BadRequest):
    """The password is too easily guessed. `holds_name`: because the user's name is in it."""

    def __init__(self, text: str, *, holds_name: bool = False) -> None:
        super().__init__(text)
        self.holds_name = holds_name


def check_strength(name: str, password: str) -> None:
    """Raises WeakPassword. The name is looked for whatever its letter case."""
    kinds = (str.isupper, str.islower, lambda letter: not letter.isalpha())
    if len(password) < SHORTEST or not all(any(map(kind, password)) for kind in kinds):
        raise WeakPassword(
            f"A password has at least {SHORTEST} characters, among them a capital letter, a small one, and a "
            "digit or special character."
        )
    if name.casefold() in password.casefold():
        raise WeakPassword("The password has the user's name in it.", holds_name=True)
