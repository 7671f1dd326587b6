"""What `honghua lab temporary` does: a response learnt from the slice and held against it, an allotment within budgets, a proposal."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.book import Book, open_book
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.lab.workers.api import BOOK, CUSTOMERS, SLICE, LimitRows, read_limit_rows, read_limits_question
from honghua.limits import api as limits
from honghua.limits.core import Audience
from honghua.limits.response import api as response
from honghua.store.database import run_unit

FACTORS: Final = (
    1.0,
    1.1,
    1.2,
    1.3,
)  # of the limit; what `temporary_share_ppm` of the rulebook does not allow is never offered


def run_temporary(args: argparse.Namespace, settings: Settings) -> int:
    """Fit, check, choose, propose, tell."""
    started = time.perf_counter()
    question = read_limits_question(args.book)
    past, moved, people = (
        read_limit_rows(args.book / file, question, has_arms=file == SLICE) for file in (BOOK, SLICE, CUSTOMERS)
    )
    lots = question.lots.as_slice()
    baseline = response.fit_baseline(past.rows, names=question.columns, seed=args.seed)
    check_by_halves(baseline, moved, lots, seed=args.seed)
    learnt = response.learn_response(baseline, moved.rows, moved.arm, lots, seed=args.seed)
    terms = response.CampaignTerms(
        margin_ppm=question.costs.margin_ppm, loss_minor=args.loss, drawn_minor=args.drawn, asking_minor=args.asking,
        marketing_minor=args.marketing,
    )  # fmt: skip
    with open_book(settings) as book:
        told = propose(book, learnt, people, terms, args)
    if args.json:
        print_json({**report_header(seed=args.seed, started=started), **told})
    else:
        for key, value in told.items():
            print(f"{key:20} {value}")
    return 0


def check_by_halves(baseline: response.Baseline, moved: LimitRows, lots: response.Slice, *, seed: int) -> None:
    """Conflict with the reason where the response, learnt on one half of the slice's persons, does not hold on the other."""
    said = np.empty((len(moved.arm), len(lots.factors)))
    side = moved.rows.person % 2 == 0
    for part in (side, ~side):
        learnt = response.learn_response(baseline, moved.rows.take(~part), moved.arm[~part], lots, seed=seed)
        said[part] = learnt.curves(moved.rows.take(part), list(lots.factors)).loss_minor
    loss = moved.rows.loss_minor.astype(np.float64)
    verdict = response.check_response(said, response.Moves(moved.arm, loss, moved.rows.person, lots.factors))
    if not verdict.passed:
        raise Conflict(" ".join(str(one) for one in verdict.problems), code=verdict.problems[0].code)


def propose(
    book: Book, learnt: response.Response, people: LimitRows, terms: response.CampaignTerms, args: argparse.Namespace
) -> dict[str, Any]:
    """Choose among customers as the book has them today, and put the choice before a second person."""
    now = SystemClock().now()

    def work(conn: psycopg.Connection) -> dict[str, Any]:
        today = credit.get_business_day(conn)
        rulebook = limits.get_rulebook(conn, on=today)
        names, audience, places = read_audience(conn, book.registry, people.labels)
        rows = people.rows.take(places)._replace(limit_minor=audience.limit_minor)
        lots = response.Slice(name=f"temporary {args.name}", share_ppm=args.holdout_ppm)
        held_out = response.is_in_slice(lots, rows.person)
        curves = learnt.curves(rows, FACTORS)
        found = response.allot_temporary(rulebook.terms, terms, audience, curves, held_out)
        loss, used, asked = found.allocation.spent.tolist()
        expected = {
            "expected_loss_minor": loss, "expected_use_minor": used, "asking_minor": asked, "held_out": int(held_out.sum()),
            "slice_people": learnt.people,
        }  # fmt: skip
        batch = response.Batch(name=args.name, from_on=args.from_on, until_on=args.until_on, terms=terms, told=expected)
        row = response.propose_temporary(conn, batch, found, names, limits.Signed(args.by, args.why), now=now)
        return {
            "campaign": row.campaign_id,
            "state": row.state,
            "chosen": row.chosen,
            "digest": row.digest.hex(),
            **row.figures,
        }

    return run_unit(book.conn, work)


def read_audience(
    conn: psycopg.Connection, registry: credit.Registry, labels: Sequence[str]
) -> tuple[list[str], Audience, np.ndarray[Any, np.dtype[np.int64]]]:
    """Customers of the file who have an account: names, columns as of today, their places in the file. Unassessed: no room."""
    ceilings = limits.find_ceilings(conn, labels)
    consented = customers.list_consented(conn, labels, ConsentKind.MARKETING)
    rows, names, places = [], [], []
    for place, name in enumerate(labels):
        view = credit.find_account_view(conn, registry, name)
        if view is None or view.quarantined or view.limit.fixed_minor <= 0:
            continue
        fixed = view.limit.fixed_minor
        rows.append((
            fixed, ceilings.get(name, (fixed, None))[0], view.limit.used_minor, view.days_past_due, name in consented,
            view.limit.temporary_minor > 0,
        ))  # fmt: skip
        names.append(name)
        places.append(place)
    if not rows:
        raise Conflict("nobody of the file has an account here", code="NOBODY_SEEN")
    whole = [np.array([row[k] for row in rows], np.int64) for k in range(4)]
    flags = [np.array([row[k] for row in rows], np.bool_) for k in (4, 5)]
    risk = np.full(len(rows), np.nan)  # the response weighs loss itself
    audience = Audience(
        limit_minor=whole[0], ceiling_minor=whole[1], used_minor=whole[2], risk=risk, dpd=whole[3], may_offer=flags[0],
        has_temporary=flags[1],
    )  # fmt: skip
    return names, audience, np.array(places, np.int64)


__all__ = ["check_by_halves", "propose", "run_temporary"]
