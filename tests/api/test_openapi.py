"""Schemathesis asks the API everything that its OpenAPI page allows, and much that it does not: no server error, no undocumented answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from honghua.base.clock import FixedClock
from honghua.store.database import Database
from honghua.web.api.tests.partners_door import make_partner, signed_headers
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.tests.doors import NOON, Browser, buy, make_site, open_account

FAST, DEEP = 2, 120  # requests for each operation and manner
ENDLESS = "/v1/events/stream"
CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    negative_data_rejection,
]  # fmt: skip
CUSTOMER, MERCHANT = "李雷", "书店"


@dataclass(frozen=True)
class World:
    """A site with a customer, purchases and a plan, and a partner that may do everything with them."""

    site: Site
    browser: Browser
    key: Any
    real: dict[str, Any]

    def ask(self, case: Any) -> httpx.Response:
        """Send a case, signed as it stands on the wire."""
        told = case.as_transport_kwargs(base_url=self.browser.address)
        told.pop("cookies", None)
        if "data" in told:
            told["content"] = told.pop("data")
        headers = {
            name: value
            for name, value in (told.pop("headers", None) or {}).items()
            if not name.lower().startswith("honghua-")
        }
        request = self.browser.client.build_request(**told, headers=as_sendable(headers))
        idem = request.headers.get("idempotency-key", "")
        signed = signed_headers(self.site, self.key, request.method, request.url.raw_path, request.read(), idem=idem)
        request.headers.update(signed)
        return self.browser.runner.run(self.browser.client.send(request))


def as_sendable(headers: dict[str, Any]) -> dict[str, str]:
    """Headers that can be written at all: what HTTP forbids, no client sends."""
    return {
        name: value for name, value in headers.items()
        if isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    with make_site(module_database, clock=FixedClock(NOON), is_demo=True) as site:
        open_account(site, CUSTOMER)
        answer = buy(site, CUSTOMER, [50_000], merchant=MERCHANT)[0]
        key = make_partner(site, "schemathesis", [MERCHANT], is_house=True)
        with Browser(build_app(site, consoles=("ui", "api")), accept="application/json") as browser:
            app: Any = browser.app
            app.state.look_up = lambda *_: ["93.184.215.14"]
            yield World(
                site,
                browser,
                key,
                {"customer": CUSTOMER, "purchase_id": answer["purchase_id"], "decision_id": answer["purchase_id"]},
            )


def try_everything(world: World, mode: GenerationMode, examples: int) -> Counter[int]:
    """Every operation with that many requests; how often each status was answered."""
    page = world.browser.get("/v1/openapi.json").json()
    del page["security"], page["components"]["securitySchemes"]  # `ask` signs: what signatures refuse is test_signing's
    schema = schemathesis.openapi.from_dict(page)
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error in the page raises
        if operation.path == ENDLESS:
            continue

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), make_real=st.booleans())
        def ask(case: Any, make_real: bool) -> None:
            if make_real and mode is GenerationMode.POSITIVE:
                put_real(case, world.real)
            answer = world.ask(case)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        with suppress(SkipTest, Unsatisfiable):  # an operation without anything to get wrong
            ask()
    return statuses


def put_real(case: Any, real: dict[str, Any]) -> None:
    """Let a request be about something that exists."""
    for name in (case.path_parameters or {}).keys() & real.keys():
        case.path_parameters[name] = real[name]
    body = case.body
    if isinstance(body, dict):
        for part in [body, *body.get("purchases", [])]:
            if "merchant" in part:
                part |= {"merchant": MERCHANT, "currency": "CNY"} | (
                    {"customer": CUSTOMER} if "customer" in part else {}
                )


def test_a_few_requests_of_every_kind(world):
    right = try_everything(world, GenerationMode.POSITIVE, FAST)
    assert right[200] > FAST
    wrong = try_everything(world, GenerationMode.NEGATIVE, FAST)
    assert wrong.total() > 10 * FAST
    assert wrong[400] + wrong[422] > 0.8 * wrong.total()  # the rest: a query that says more than was asked


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_many_requests_of_every_kind(world, mode):
    statuses = try_everything(world, mode, DEEP)
    print(mode.value, dict(statuses))
    assert statuses.total() > 10 * DEEP
    assert not any(status >= 500 for status in statuses)
