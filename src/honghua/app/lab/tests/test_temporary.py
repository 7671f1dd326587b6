"""`honghua lab temporary` from files to a proposal: one choice of real accounts, within budgets; a slice that shows nothing is refused."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from honghua.app.book import Book
from honghua.app.clockwork.temporary import make_offerer
from honghua.app.lab.temporary import check_by_halves, propose
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Profile
from honghua.lab.workers.api import LimitRows
from honghua.limits import api as limits
from honghua.limits.response import api as response
from honghua.limits.response.api import Why
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

FIRST = dt.date(2026, 6, 1)
NOW = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)
KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})
ADULT = Profile(is_adult=True, is_student=False)
NAMES = ("limit", "wish")
LOTS = response.Slice(name="permanent", share_ppm=1_000_000, factors_ppm=(700_000, 1_000_000, 1_400_000))


def live(seed: int, n: int, *, harm: float) -> LimitRows:
    """People whose use rises with the limit, and whose loss is so large a share of it."""
    rng = np.random.default_rng(seed)
    person = np.arange(n)
    limit = rng.integers(10, 60, n) * 10_000
    wish = rng.random(n)
    arm = response.draw_arms(LOTS, person, period=0)
    used = limit * LOTS.factors[arm] * (0.3 + 0.5 * wish)
    loss = used * harm * rng.gamma(2.0, 0.5, n)
    x = np.stack([limit, wish], axis=1).astype(np.float32)
    rows = response.Rows(person, x, limit, rng.random(n) * 3, used.astype(np.int64), loss.astype(np.int64))
    return LimitRows(tuple(f"c{k}" for k in range(n)), rows, loss > 0, arm)


@pytest.fixture(scope="module")
def learnt():
    moved = live(1, 2_400, harm=0.02)
    baseline = response.fit_baseline(live(2, 2_000, harm=0.02).rows, names=NAMES, seed=1)
    check_by_halves(baseline, moved, LOTS, seed=1)
    return baseline, response.learn_response(baseline, moved.rows, moved.arm, LOTS, seed=1)


def test_a_slice_whose_losses_do_not_follow_its_lots_is_refused(learnt):
    moved = live(1, 2_400, harm=0.02)
    shuffled = np.random.default_rng(3).permutation(moved.rows.loss_minor)
    other = replace(moved, rows=moved.rows._replace(loss_minor=shuffled))
    with pytest.raises(Conflict) as refused:
        check_by_halves(learnt[0], other, LOTS, seed=1)
    assert refused.value.code.startswith("RESPONSE_")


def test_accounts_are_chosen_within_budgets_approved_by_another_and_offered(learnt, conn, database):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    people = live(4, 12, harm=0.02)
    opened = [c.OpenAccount(key=f"o{k}", customer=f"c{k}", limit_minor=200_000) for k in range(10)]
    credit.execute(conn, registry, opened, now=NOW)

    def prepare(x):
        customers.publish_texts(x, now=NOW)
        text = next(one for one in customers.list_texts(x) if one.kind is ConsentKind.MARKETING)
        for k in range(10):
            limits.assess(x, f"c{k}", 200_000 if k == 9 else 400_000, reason="APPLICATION", lenders=1, now=NOW)
            customers.register(x, KEYS.vault, f"1380000{k:04d}", now=NOW, customer=f"c{k}")
            customers.write_profile(x, KEYS.vault, f"c{k}", ADULT, said_by=f"c{k}", now=NOW)
            if k:
                yes = customers.Said(kind=text.kind, version=text.version, is_given=True, read_ms=60_000)
                customers.say(x, f"c{k}", [yes], channel="app", now=NOW)

    run_unit(conn, prepare)
    terms = response.CampaignTerms(
        margin_ppm=90_000, loss_minor=10**7, drawn_minor=10**8, asking_minor=1, marketing_minor=6
    )
    args = argparse.Namespace(
        name="618", from_on=FIRST, until_on=FIRST + dt.timedelta(days=20), holdout_ppm=1, by="ann", why="feast"
    )
    told = propose(Book(database, conn, registry), learnt[1], people, terms, args)
    assert (told["weighed"], told["chosen"]) == (10, 6), "the marketing budget is for six"
    assert told["expected_loss_minor"] <= terms.loss_minor
    whys, _ = run_unit(conn, lambda x: limits.count_reasons(x, told["campaign"]))
    assert {Why.MAY_NOT_BE_ASKED: 1, Why.NO_ROOM: 1, Why.OFFERED: 6}.items() <= whys.items()
    run_unit(conn, lambda x: limits.answer_temporary(
        x, told["campaign"], limits.Signed("bob", "the frontier holds"), approved=True, digest=told["digest"], now=NOW))  # fmt: skip
    job = make_offerer(KEYS)
    assert job(conn, NOW) == "6 temporary limits offered, 0 customers left out"
    offers = run_unit(conn, lambda x: [one for k in range(10) for one in limits.list_offers(x, f"c{k}", on=FIRST)])
    assert sum(one.amount_minor for one in offers) == told["offered_minor"]
    assert {one.kind for one in offers} == {"temporary"}
    assert all(0 < one.amount_minor <= 60_000 for one in offers)
    assert job(conn, NOW) == "nothing to offer"
