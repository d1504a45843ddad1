"""A renewal walked through in a real browser: headless Chromium, driven over the WebDriver protocol."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from backend.sandbox.client import plain_client
from tests.sandbox.conftest import Place

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
DRIVER = shutil.which("chromedriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="skipped: no Chromium")


class Browser:
    """The few words of WebDriver that a customer needs."""

    def __init__(self, http: httpx.Client, session: str) -> None:
        self._http, self._at = http, f"/session/{session}"

    def go(self, url: str) -> None:
        self._say("url", url=url)

    def url(self) -> str:
        return str(self._http.get(f"{self._at}/url").json()["value"])

    def click(self, css: str) -> None:
        self._say(f"element/{self._find(css)}/click")

    def type(self, css: str, text: str) -> None:
        self._say(f"element/{self._find(css)}/value", text=text)

    def text(self, css: str) -> str:
        """The text of an element; name its page in `css`, so that the page before is not meant."""
        return str(self._http.get(f"{self._at}/element/{self._find(css)}/text").json()["value"])

    def _find(self, css: str) -> str:
        return str(self._say("element", using="css selector", value=css)[ELEMENT])

    def _say(self, what: str, **said: str) -> Any:
        answer = self._http.post(f"{self._at}/{what}", json=said).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer


@contextmanager
def browser() -> Iterator[Browser]:
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=da"]
    with tempfile.TemporaryDirectory() as home:
        driver = subprocess.Popen(
            [str(DRIVER), "--port=0", f"--log-path={home}/log"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": home},
        )
        assert driver.stdout is not None
        try:
            port = next(
                found for line in driver.stdout if (found := re.search(r"started successfully on port (\d+)", line))
            )
            with plain_client(f"http://127.0.0.1:{port.group(1)}") as http:
                options = {"binary": CHROMIUM, "args": [*arguments, f"--user-data-dir={home}/profile"]}
                wish = {"alwaysMatch": {"goog:chromeOptions": options, "timeouts": {"implicit": 10_000}}}
                session = http.post("/session", json={"capabilities": wish}, timeout=120).json()["value"]["sessionId"]
                try:
                    yield Browser(http, session)
                finally:
                    http.delete(f"/session/{session}")
        finally:
            driver.terminate()
            driver.wait()
            driver.stdout.close()


def test_a_renewal_in_a_real_browser(place: Place) -> None:
    line = place.lines[2]
    landing = f"{place.world.addresses['mailbox']}/?to=landed"
    with browser() as page:
        page.go(place.connect_link(consentId=line["consent_id"], redirect_uri=landing, state="nonce"))
        assert page.text("[data-page=login] h1") == "Log ind hos Aiia"
        page.click("#login button")
        assert page.text("[data-page=code] h1") == "Indtast koden"
        code = re.search(r"\d{6}", place.world.client.mails(line["email"])[0]["text"])
        assert code is not None
        page.type("input[name=code]", code.group())
        page.click("#code button")
        assert line["accounts"][0]["iban"] in page.text("[data-page=accounts] section.current")
        page.click("section.current summary")
        assert page.text("section.current form button") == "Opdater konto"
        page.click("section.current form button")
        assert page.text("[data-page=bank] h1") == f"{line['bank']}: log ind"
        page.click("#approve button")
        page.click("[data-page=choose] #choose button")
        page.click("[data-page=consent] #agree button")
        assert page.text("[data-page=mails] h1") == "Sandkassens postkasse"
        assert re.search(rf"\?to=landed&code=.+&consentId={line['consent_id']}$", page.url())
    assert place.world.client.customer(index=2)["consents"][0]["ended_at"] is None
