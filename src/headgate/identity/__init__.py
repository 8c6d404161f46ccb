"""Who is calling: passwords, bearer tokens, OS accounts. Faces reach it through `ports.Identity`.

Read `authority.py` first (what happens to a header). `passwords.py` hashes, `throttle.py` slows guessing
down, `remembered.py` keeps what was checked a moment ago, `tokens.py` makes bearer tokens and keeps the key
file, `accounts.py` looks up OS accounts, `credentials.py` reads headers and `first_start.py` makes the first
user. API keys: `api_keys.py` keeps them, `key_authority.py` checks them, `root_key.py` reads the one that
passes everything. Signatures: `access_keys.py` keeps the keys, `signature_authority.py` checks who signed,
and `sigv4/` is how that is done; `sealing.py` is how secrets are kept.
"""

from headgate.identity.access_keys import AccessKeys
from headgate.identity.accounts import OsAccounts, group_name, own_account
from headgate.identity.api_keys import ApiKeys
from headgate.identity.authority import Authority
from headgate.identity.first_start import create_first_admin
from headgate.identity.key_authority import KeyAuthority
from headgate.identity.passwords import Passwords
from headgate.identity.root_key import load_root_key
from headgate.identity.signature_authority import SignatureAuthority
from headgate.identity.sigv4 import SignaturePolicy
from headgate.identity.tokens import Tokens, derived_key, load_secret_key

__all__ = [
    "AccessKeys",
    "ApiKeys",
    "Authority",
    "KeyAuthority",
    "OsAccounts",
    "Passwords",
    "SignatureAuthority",
    "SignaturePolicy",
    "Tokens",
    "create_first_admin",
    "derived_key",
    "group_name",
    "load_root_key",
    "load_secret_key",
    "own_account",
]
