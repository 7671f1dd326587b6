"""A whole run about limits by the verbs: a confounded book, the naive model refused with its reason, raises offered after one click."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.app.bench.lab.limit_files import write_book
from honghua.app.bench.lab.limit_world import World, live_world
from honghua.app.book import open_book
from honghua.limits import api as limits

pytestmark = pytest.mark.slow
BORROWERS, SEED = 32_000, 20261202
ROOM = 50  # customers whose ceiling lets them be raised


@pytest.fixture(scope="module")
def world() -> World:
    return live_world(BORROWERS, seed=SEED)


def test_the_naive_model_is_refused_and_raises_wait_for_a_person_and_for_each_customer(
    honghua, settings, world, tmp_path
):
    write_book(world, tmp_path / "book")
    told = json.loads(honghua("lab", "limits", "--book", tmp_path / "book", "--out", tmp_path / "out", "--json"))
    assert (told["state"], len(told["signed"])) == ("waiting", 1)
    assert "RESPONSE_WRONG_SIGN" in [one["code"] for one in told["models"]["what-if"]["problems"]]
    assert told["models"]["response"]["passed"]
    choice = told["choice"]
    assert choice["loss_minor"] <= choice["loss_budget_minor"]
    assert choice["violation"] == 0
    again = json.loads(honghua("lab", "limits", "--book", tmp_path / "book", "--out", tmp_path / "twin", "--json"))
    assert (again["trail"], again["signed"]) == (told["trail"], told["signed"]), "the same seed, the same bytes"

    run = agents.look_at_run(tmp_path / "out" / "run")
    raises = agents.read_json(run.artefacts, run.standing().current["raises"].digest, dict)
    honghua("account", "open", "somebody", "--limit", "1000")
    now = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
    with open_book(settings) as book, book.conn.transaction():
        for number, (customer, to_minor) in enumerate(sorted(raises.items())):
            if number < 2 * ROOM:  # half of them have the room, half have not, all others were never assessed
                ceiling = to_minor if number % 2 else to_minor - 1
                limits.assess(book.conn, customer, ceiling, reason="BY_HAND", lenders=None, now=now)
    approved = json.loads(
        honghua("lab", "approve", tmp_path / "out", "--by", "ann", "--why", "the slice shows it", "--json")
    )
    assert (approved["state"], approved["human_clicks"]) == ("closed", 1)
    assert (approved["release"]["offers"], approved["release"]["no_room"]) == (ROOM, len(raises) - ROOM)
    with open_book(settings) as book:
        customer = sorted(raises)[1]
        (offer,) = limits.list_offers(book.conn, customer, on=now.date())
        assert (offer.kind, offer.amount_minor) == ("fixed", raises[customer])
    assert json.loads(honghua("verify", "--json"))["broken"] == []


def test_a_what_if_alone_ends_its_run_with_the_reason(honghua, world, tmp_path: Path):
    write_book(world, tmp_path / "book", models=("what-if",))
    words = ("lab", "limits", "--book", tmp_path / "book", "--out", tmp_path / "out", "--json")
    told = json.loads(honghua(*words, status=1))
    assert told["state"] == "refused"
    assert told["models"]["what-if"]["passed"] is False
    last = agents.look_at_run(tmp_path / "out" / "run").journal.entries()[-1]
    assert last.what is What.REFUSED
    assert any("the opposite of what limits moved by lot have shown" in reason for reason in last.reasons)
    assert "limits stay as they are" in told["verdict"]
