"""What most tests of pages begin with: a clock that stands at noon, a site on a database of the test's own, a browser before sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from honghua.base.clock import FixedClock
from honghua.store.database import Database
from honghua.web.ground import Site
from honghua.web.tests.doors import NOON, Browser, build_part, make_site


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def site(database: Database, clock: FixedClock) -> Iterator[Site]:
    with make_site(database, clock=clock) as made:
        yield made


@pytest.fixture
def app(site: Site) -> FastAPI:
    """Sign-in alone; whoever wants another console overrides it."""
    return build_part(site)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[Browser]:
    with Browser(app) as made:
        yield made
