"""The API's page for people has every route and every member that programs read of."""

from __future__ import annotations

import pytest

from honghua.web.api.v1.about import describe
from honghua.web.app import build_app


@pytest.fixture
def app(site):
    return build_app(site)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_route_and_record_stands_on_the_page(app, browser, language):
    browser.cookies.set("honghua_language", language)
    answer = browser.get("/v1/docs")
    assert answer.status_code == 200
    told = describe(app)
    assert told["paths"]
    for path, item in told["paths"].items():
        assert path.startswith("/v1/"), "pages of ours are no part of the API"
        for method in item:
            assert f"<code>{method.upper()} {path}</code>" in answer.text
    for name, schema in told["components"]["schemas"].items():
        assert f'id="form-{name}"' in answer.text
        for member in schema.get("properties", {}):
            assert f"<code>{member}</code>" in answer.text
    assert "//cdn" not in answer.text
    assert "Idempotency-Key" in answer.text
