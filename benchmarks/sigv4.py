"""Signatures: how long the check of one signed request takes, in this process, over a store on disk.

It is the whole of `SignatureIdentity.caller` for a submission as botocore sends one: twice a second of it
looks the key up again, as in a server. Beside it, how long botocore takes to sign the same request, which is
what checking by signing again would cost at least.
"""

import asyncio
import time
from datetime import UTC, datetime

from benchmarks.bench import Bench, Skipped, p99, under
from headgate.app import opened, plugin_options
from headgate.config import load
from headgate.core.vocabulary import Role
from headgate.identity.sigv4 import SignaturePolicy, read_signed, signing_key
from headgate.ports.signatures import SignatureIdentity, SignedRequest

LIMIT_US = 150
REGION, SERVICE, HOST = "jp-east-1", "hpc-api", "jp-east-1.hpc-api.api.nifcloud.com"
JSON = "application/json;charset=utf-8"
BODY = b'{"jobfile":"work/run.sh"}'


def measure(bench: Bench) -> None:
    """See the module."""
    asyncio.run(_measure(bench))


async def _measure(bench: Bench) -> None:
    count = bench.size(20_000, 200)
    settings = load(None, {}, {}, plugin_options()).settings
    async with opened(bench.folder / "sigv4", settings) as parts:
        await parts.users.add(None, "ada", Role.USER, "engine")
        key, secret = await parts.access_keys.create(None, "ada")
        medians, worst = [], []
        for _ in bench.each_round():
            # Made anew for each round: it is good for five minutes.
            request = _signed(key.id, secret, parts.clock.now())
            took = sorted(_times(parts.signature_identity, request, count))
            medians.append(took[len(took) // 2])
            worst.append(p99(took))
    what = "signature of a submission checked"
    bench.report(f"sigv4: {what}", "us", medians, under(LIMIT_US), f"median of {count:,}")
    bench.report(f"sigv4: {what}, 99 of 100 within", "us", worst)
    signing = [_botocore_us(key.id, secret, bench.size(2_000, 20)) for _ in range(bench.rounds)]
    bench.report("sigv4: the same signed by botocore, to compare with", "us", signing)


def _times(identity: SignatureIdentity, request: SignedRequest, count: int) -> list[float]:
    """Microseconds of each check."""
    took = []
    for _ in range(count):
        began = time.perf_counter_ns()
        identity.caller(request, address="127.0.0.1")
        took.append((time.perf_counter_ns() - began) / 1000)
    return took


def _signed(key_id: str, secret: str, now: int) -> SignedRequest:
    moment = f"{datetime.fromtimestamp(now / 1e6, UTC):%Y%m%dT%H%M%SZ}"
    scope = f"{moment[:8]}/{REGION}/{SERVICE}/aws4_request"

    def request(signature: str) -> SignedRequest:
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
            f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        )
        headers = {
            "host": HOST,
            "accept-encoding": "identity",
            "user-agent": "Botocore/1.44.8 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11",
            "content-type": JSON,
            "x-amz-date": moment,
            "authorization": authorization,
            "content-length": str(len(BODY)),
        }
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        return SignedRequest(method="POST", path=b"/jobs", query=b"", headers=sent, body=BODY)

    draft = read_signed(request("0" * 64), SignaturePolicy(), now)
    return request(draft.signature(signing_key(secret, moment[:8], REGION, SERVICE)))


def _botocore_us(key_id: str, secret: str, count: int) -> float:
    """Microseconds for each of so many signatures."""
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise Skipped("botocore is not installed: nothing to compare with") from None
    signer = SigV4Auth(Credentials(key_id, secret), SERVICE, REGION)
    began = time.perf_counter()
    for _ in range(count):
        signer.add_auth(AWSRequest("POST", f"https://{HOST}/jobs", {"Content-Type": JSON}, BODY))
    return (time.perf_counter() - began) / count * 1e6
