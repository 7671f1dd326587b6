"""The script that times keys and pages of an application: what it tells is what the server takes, and never what was typed."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, Route
from starlette.requests import Request

import honghua.web.consumer
from honghua.web.consumer.joining.observing import read_observed

SCRIPT = Path(honghua.web.consumer.__file__).parent / "script" / "applying.js"
PAGE = (
    '<head><meta name="applying-page" content="{page}"></head><body><form><input id="asked" name="asked">'
    '<input type="hidden" name="observed" value=""><button>go</button></form><script type="module" src="/applying.js"></script></body>'
)
KEPT = "e => { e.preventDefault(); window.told = document.querySelector('[name=observed]').value; }"


def serve(route: Route) -> None:
    """Pages by their number, and the script."""
    if route.request.url.endswith(".js"):
        route.fulfill(body=SCRIPT.read_bytes(), content_type="text/javascript")
    else:
        route.fulfill(body=PAGE.format(page=route.request.url[-1]), content_type="text/html")


def send(page: Page) -> str:
    """Press the button; what the hidden field says then."""
    page.evaluate(f"document.addEventListener('submit', {KEPT})")
    page.get_by_role("button").click()
    told: str = page.evaluate("window.told")
    return told


def test_what_the_script_tells_is_taken(chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", serve)
    for number in (1, 2, 3):
        page.goto(f"http://door.example/{number}")
    assert send(page) == "", "who typed nothing tells nothing"
    page.goto("http://door.example/3")
    page.locator("#asked").click()
    page.keyboard.type("98765", delay=30)
    page.keyboard.press("Backspace")
    told = send(page)
    context.close()
    assert errors == []
    assert "98765" not in told
    seen = read_observed(Request({"type": "http", "headers": [], "client": None}), told)
    assert seen.path == (1, 2, 3), "a page seen twice running is one step"
    assert seen.typing is not None
    assert seen.page_s is not None
    dwell, _, _, _, corrections, pasted = seen.typing
    assert dwell >= 1
    assert (corrections, pasted) == (1, 0)
    assert seen.page_s[3] > 0 == seen.page_s[6]
