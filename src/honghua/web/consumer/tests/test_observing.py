"""What a browser tells of how somebody applied reaches the record, and what cannot be is left out."""

from __future__ import annotations

import json

import pytest
from starlette.requests import Request

from honghua.credit.journey import api as journey
from honghua.web.consumer.joining.observing import read_observed
from honghua.web.consumer.tests.test_joining import SUITED, agree, evidence
from honghua.web.consumer.tests.walking import walk

TYPING = [91.5, 210.0, 31.0, 140.0, 3, 1]
SECONDS = [3.5, 40.0, 61.25, 80.0, 0, 0, 0, 0]
TOLD = {"typing": TYPING, "path": [0, 1, 2, 3], "page_s": SECONDS}


def request_from(host: str | None) -> Request:
    return Request({"type": "http", "headers": [], "client": None if host is None else (host, 1)})


def test_how_it_was_applied_stands_beside_the_application(house):
    with walk(house, has_account=False) as me:
        agree(me)
        me.film("joining")
        form = me.follow(me.send("/my/opening/identity", **evidence()))
        assert '<input type="hidden" name="observed" value="">' in form
        assert 'name="applying-page" content="3"' in form
        assert "不记录您输入了什么" in form
        me.follow(me.send("/my/opening/application", **SUITED, observed=json.dumps(TOLD)))
        with me.site.pool.connection() as conn:
            (contract,) = journey.list_contracts(conn, me.name)
            applied = next(
                row for row in journey.list_steps(conn, contract.contract_id) if row.step is journey.Step.APPLICATION
            )
            kept = conn.execute(
                "SELECT typing, path, page_s, asked_minor FROM credit_application_session WHERE contract_id = %s",
                [contract.contract_id],
            ).fetchone()
    assert kept == (TYPING, TOLD["path"], SECONDS, 500_000)
    assert applied.risk["figures"]["screen"] == {"state": "no scorer is seated"}


def test_the_network_is_that_of_the_request():
    seen = read_observed(request_from("203.0.113.77"), json.dumps(TOLD))
    assert (seen.network, seen.typing, seen.path) == ("203.0.113.0/24", tuple(TYPING), (0, 1, 2, 3))
    assert read_observed(request_from(None), "") == journey.Observed()
    assert read_observed(request_from("2001:db8:1:2::3"), "").network == "2001:db8:1::/56"


def test_numbers_are_bounded():
    seen = read_observed(
        request_from(None), json.dumps({**TOLD, "typing": [1e30, *TYPING[1:]], "page_s": [1e12, *SECONDS[1:]]})
    )
    assert seen.typing is not None
    assert seen.page_s is not None
    assert (seen.typing[0], seen.page_s[0]) == (60_000.0, 86_400.0)


@pytest.mark.parametrize(
    "told",
    [
        "", "{", "[]", "7", '"x"', json.dumps({"typing": TYPING}), json.dumps({**TOLD, "typing": TYPING[:3]}),
        json.dumps({**TOLD, "path": [99]}), json.dumps({**TOLD, "path": list(range(8)) * 2}), json.dumps({**TOLD, "page_s": [0] * 8}),
        json.dumps({**TOLD, "typing": [float("nan"), *TYPING[1:]]}), json.dumps({**TOLD, "typing": [-1, *TYPING[1:]]}),
        json.dumps({**TOLD, "path": [1e400]}), json.dumps({**TOLD, "typing": None}), "[" * 1_900,
    ],
)  # fmt: skip
def test_what_cannot_be_is_left_out(told):
    assert read_observed(request_from("203.0.113.77"), told) == journey.Observed(network="203.0.113.0/24")
