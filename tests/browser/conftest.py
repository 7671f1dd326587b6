"""Journeys through real Chromium: the town that is served, and pages that fail on any console error, failed request or axe fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect, sync_playwright

from tests.browser.town import Town, serve

ROOT: Final = Path(__file__).resolve().parents[2]
CHROMIUM: Final = Path("/usr/bin/chromium")
AXE: Final = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)  # a camera of colours
PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1280, "height": 800}
WAIT_MS: Final = 60_000
GRAVE: Final = ("serious", "critical")
SQUEEZED: Final = """[...document.querySelectorAll("main :is(p, h1, h2, h3, a, button, dt, dd, td, small, label)")]
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && box.height > 8 * box.width && e.textContent.trim().length > 6)
  .map(([e]) => e.textContent.trim().slice(0, 40))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every journey is slow; without a browser it is skipped on a developer's machine and fails in CI."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.slow)
            if not CHROMIUM.exists() and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason=f"no {CHROMIUM}: apt-get install chromium"))


@pytest.fixture
def town(database) -> Iterator[Town]:
    """The application as it is, on a port of its own."""
    with serve(database) as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys. It waits long for what must come: a busy machine is no fault of a page."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Eye:
    """A page that notices what goes wrong on it. refused: answers of the server that the journey expects, by status."""

    town: Town
    page: Page
    context: BrowserContext
    shots: Path
    troubles: list[str] = field(default_factory=list)

    def note_failed(self, request: Request) -> None:
        """A request failed, unless the browser itself gave it up because its page was left: a live stream, a picture on its way."""
        is_left = request.resource_type != "document" and request.failure == "net::ERR_ABORTED"
        if not is_left:
            self.troubles.append(f"failed: {request.url} {request.failure}")

    def go(self, path: str) -> Response:
        """Open a page of the town; it must be there."""
        response = self.page.goto(self.town.address + path)
        assert response is not None
        assert response.ok, (path, response.status)
        return response

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page, as on a screen so long that its bar stands at its end; have axe look at the page."""
        shown = self.page.viewport_size
        assert shown is not None
        self.page.wait_for_load_state()
        height: int = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": shown["width"], "height": max(height, shown["height"])})
        self.page.screenshot(path=self.shots / f"{name}.png")
        self.page.set_viewport_size(shown)
        self.check_axe(name)

    def check_axe(self, name: str) -> None:
        """No grave fault of accessibility."""
        found: dict[str, Any] = self.page.evaluate(
            f"async () => {{ {AXE.read_text()}; return await axe.run(document); }}"
        )
        grave = [
            (fault["id"], [node["html"][:160] for node in fault["nodes"][:3]])
            for fault in found["violations"]
            if fault["impact"] in GRAVE
        ]
        assert found["passes"], "axe looked at nothing"
        assert not grave, (name, grave)
        squeezed = self.page.evaluate(SQUEEZED)
        assert not squeezed, (name, squeezed)
        wide, shown = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= shown, f"{name} is wider than the screen: {wide} > {shown}"


@contextmanager
def watching(
    chromium: Browser, town: Town, cookies: dict[str, str], *, viewport: dict[str, int], shots: Path, **options: Any
) -> Iterator[Eye]:
    """A browser context with these cookies; what goes wrong on its pages fails the journey."""
    context = chromium.new_context(viewport=viewport, locale="zh-CN", **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": name, "value": value, "url": town.address} for name, value in cookies.items()])
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    eye = Eye(town, page, context, shots)
    page.on("console", lambda said: eye.troubles.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: eye.troubles.append(f"script: {error}"))
    page.on("requestfailed", eye.note_failed)
    page.on(
        "response",
        lambda answer: eye.troubles.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None,
    )
    try:
        yield eye
        assert not eye.troubles, eye.troubles
    finally:
        context.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where pictures are kept: docs/img when they are wanted there, else build/."""
    folder = Path(os.environ.get("HONGHUA_SHOTS", ROOT / "build" / "shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
