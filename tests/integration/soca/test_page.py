"""The page at /api/doc in a real browser: headers are entered, an operation is sent, the answer is shown."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.soca.conftest import Site

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    """The address of a browser's debugging protocol."""
    profile = Path(tempfile.mkdtemp(prefix="headgate-browser-"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [str(BROWSER), *options, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = process.stderr
    assert said is not None
    try:
        for line in said:
            if "DevTools listening on " in line:
                yield line.split("ws://")[1].split("/")[0]
                break
        else:
            pytest.skip("Chromium does not start here")
    finally:
        process.terminate()
        process.wait(20)
        said.close()
        shutil.rmtree(profile, ignore_errors=True)


class Tab:
    """A tab of the browser (Chrome DevTools Protocol)."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.complaints: list[str] = []

    async def tell(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(await self._connection.recv())
            if said.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(json.dumps(said["params"]))
            if said.get("id") == number:
                return said["result"]

    async def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        result = await self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, script: str) -> Any:
        async with asyncio.timeout(20):
            while not (found := await self.run(script)):  # noqa: ASYNC110  the page tells nobody
                await asyncio.sleep(0.05)
        return found


FORM = """document.querySelector('form.operation[data-method="{}"][data-path="/api/{}"]')"""


async def test_headers_are_entered_and_an_operation_is_tried(site: Site, browser: str) -> None:
    page = httpx.put(f"http://{browser}/json/new?about:blank").json()
    async with connect(page["webSocketDebuggerUrl"], max_size=None) as connection:
        tab = Tab(connection)
        for domain in ("Page", "Runtime", "Log"):
            await tab.tell(f"{domain}.enable")
        await tab.tell("Page.navigate", url=f"{site.server.url}/api/doc")
        await tab.until("document.readyState === 'complete' && !!document.querySelector('#who')")
        for name, value in (("X-SOCA-USER", "ada"), ("X-SOCA-TOKEN", site.keys["ada"])):
            await tab.run(f"document.querySelector('input[name={name}]').value = {json.dumps(value)}")
        form = FORM.format("POST", "scheduler/job")
        script = "#!/bin/bash\n#PBS -N from-the-page -h\necho é\n"
        await tab.run(f"{form}.elements.payload.value = {json.dumps(script)}")
        await tab.run(f"{form}.querySelector('button').click()")
        shown = await tab.until(f"{form}.querySelector('output pre')?.textContent")
        assert shown.startswith("200\n"), shown
        number = json.loads(shown.partition("\n")[2])["message"]

        form = FORM.format("GET", "scheduler/job")
        await tab.run(f"{form}.elements.job_id.value = {json.dumps(number)}")
        await tab.run(f"{form}.querySelector('button').click()")
        shown = await tab.until(f"{form}.querySelector('output pre')?.textContent")
        assert json.loads(shown.partition("\n")[2])["message"]["Job_Name"] == "from-the-page"
        # Nothing was loaded from elsewhere, nothing was against the policy, and no key is in an address.
        loaded = await tab.run("performance.getEntriesByType('resource').map((one) => one.name)")
        assert loaded
        assert all(one.startswith(site.server.url + "/api/") for one in loaded)
        assert site.keys["ada"] not in json.dumps(loaded)
        assert tab.complaints == []
    with site.http() as http:
        found = http.get("/scheduler/job", params={"job_id": number}).json()["message"]
        assert found["job_state"] == "H"


def test_the_page_says_that_nothing_else_may_run_in_it(site: Site) -> None:
    answer = httpx.get(site.server.url + "/api/doc")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in answer.text
    assert " on" not in "".join(part.split(">")[0] for part in answer.text.split("<form")[1:])
