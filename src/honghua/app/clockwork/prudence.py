"""The job of the prudent lender: once a business date expected loss is kept, ratios are read, and what they break is stopped and told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import ProductTerms
from honghua.credit.prudence import api as prudence
from honghua.decision import api as decision
from honghua.store.database import run_unit

EXCLUDED: Final = decision.ListName("exclusion", "merchant")
PERSON: Final = "prudence"


def watch(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Expected loss and ratios of a business date that has none yet."""
    if find_day(conn) is None:
        return NOT_BEGUN
    if not prudence.is_review_due(conn):
        return "this business date was looked at"
    found = apply_rules(conn, credit.open_registry(conn).terms, prudence.load_rules(), now=now)
    broken = sum(one.status == "broken" for one in found.readings)
    return f"expected loss {found.run.loss_minor} minor units, {broken} of {len(found.readings)} ratios broken"


def apply_rules(
    conn: psycopg.Connection, terms: Mapping[int, ProductTerms], rules: Sequence[prudence.Rule], *, now: dt.datetime
) -> prudence.Review:
    """Keep the expected loss, stop what is broken and let go what holds again, and tell people: all or nothing."""

    def write(inner: psycopg.Connection) -> prudence.Review:
        found = prudence.review(inner, terms, rules, beside=prudence.read_beside(inner), now=now)
        for one in found.moves.raised:
            told = decision.Told("prudence", f"{one.rule}:{one.key}:{now.isoformat()}", one.rule, one.why, now)
            decision.raise_alert(inner, told, now=now)
        _exclude(inner, _shops(found.moves.raised))
        _readmit(inner, _shops(found.moves.lifted))
        return found

    return run_unit(conn, write)


def _shops(moved: Sequence[prudence.Guardrail]) -> list[str]:
    """The merchants among what was stopped or let go."""
    return [one.key for one in moved if one.action == "stop_key" and one.rule.startswith("merchant")]


def _exclude(conn: psycopg.Connection, shops: list[str]) -> None:
    """Policies that read the list `exclusion` take no more purchases of these shops."""
    if shops:
        act = decision.Act(PERSON, "too large a part of new business")
        decision.add_entries(conn, EXCLUDED, [decision.Listed(shop) for shop in shops], act)


def _readmit(conn: psycopg.Connection, shops: list[str]) -> None:
    for shop in shops:
        try:
            decision.remove_entries(
                conn, EXCLUDED, [shop], decision.Act(PERSON, "the concentration is within its bound again")
            )
        except NotFound:
            continue  # somebody took it off before us


__all__ = ["apply_rules", "watch"]
