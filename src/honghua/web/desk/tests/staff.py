"""How tests of the desk come in as somebody of the staff, and look at what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import psycopg

from honghua.web.ground import Site
from honghua.web.roles import Role
from honghua.web.tests.doors import Browser, signed_in


def enter(browser: Browser, site: Site, role: Role, subject: str) -> None:
    """Another person at the same screen, who reads English."""
    browser.cookies.clear()
    signed_in(browser, site, role=role, subject=subject)
    browser.cookies.set("honghua_language", "en")


def follow(browser: Browser, answer: httpx.Response) -> str:
    """The page that a form leads to, which shows what came of it."""
    assert answer.status_code == 303, answer.text[-800:]
    return browser.get(answer.headers["location"]).text


def read(site: Site, work: Callable[[psycopg.Connection], Any]) -> Any:
    """What the books hold."""
    with site.pool.connection() as conn:
        return work(conn)
