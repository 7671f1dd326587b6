"""What tests of the desk begin with: the whole application, whose tasks end with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from honghua.web.app import build_app
from honghua.web.ground import Site


@pytest.fixture
def app(site: Site) -> Iterator[FastAPI]:
    app = build_app(site)
    yield app
    if hasattr(app.state, "desk_tasks"):
        app.state.desk_tasks.stop()
