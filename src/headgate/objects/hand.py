"""The process of one sync, where it begins.

It is prepared before it becomes the account (`ports.account_processes`): boto3 and what it reads are loaded
with the server's rights, so that they need not be readable by users, and no file of a user is among them.
The server itself never imports this module, and so starts without boto3 and stays as small as it is.
"""

import msgspec

from headgate.objects.bucket import Bucket
from headgate.objects.messages import Told
from headgate.objects.syncing import Syncing
from headgate.ports.account_processes import Say, Work


def program(told: bytes) -> Work:
    """See ports.account_processes."""
    order = msgspec.msgpack.decode(told, type=Told)
    bucket = Bucket(order.connection)

    def work(say: Say) -> None:
        Syncing(order, bucket, lambda said: say(msgspec.msgpack.encode(said))).run()

    return work
