"""The figures that ratios are made of: what the book owes us and whom it was lent to; the rest of the balance sheet the operator tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import psycopg

from honghua.credit.core.prudence.ratios import Figures
from honghua.credit.prudence.positions import Positions
from honghua.credit.prudence.rulebook import load_service_categories
from honghua.credit.store_risk import find_category_names, find_customer_refs
from honghua.facts.kinds import ARGS_OF, FactKind
from honghua.funding import api as funding
from honghua.ledger import api as ledger
from honghua.store.facts import sum_by_args

WINDOW_DAYS: Final = 90  # new business of so many days is what concentration is about
KEYS_MAX: Final = 50
ARGS: Final = ARGS_OF[FactKind.PURCHASE_CAPTURED]
PLACES: Final = tuple(ARGS.index(name) for name in ("category", "region", "periods"))
DIMENSIONS: Final = ("merchant", "category", "region", "tenor")


def gather_figures(
    conn: psycopg.Connection,
    positions: Positions,
    *,
    told: Mapping[str, int],
    beside: Figures,
    expected_loss_minor: int,
) -> Figures:
    """Figures of the book on its day, with what the operator and other rooms told. Read only."""
    drawn, total, service = _read_drawn(conn, positions.on)
    amounts = {
        "loans_minor": int(positions.principal_minor.sum()),
        "claims_minor": int(positions.claim_minor.sum()),
        "drawn_minor": total,
        "service_minor": service,
        "expected_loss_minor": expected_loss_minor,
        **told,
        **beside.amounts,
    }
    return Figures(amounts, {**drawn, "person": _read_largest(conn, positions), **beside.groups})


def read_beside(conn: psycopg.Connection) -> Figures:
    """Figures of other rooms: what partners hold of our loans."""
    return Figures({"joint_minor": funding.read_joint_total(conn)}, {"partner": funding.read_exposures(conn)})


def _read_drawn(conn: psycopg.Connection, on: dt.date) -> tuple[dict[str, dict[str, int]], int, int]:
    """New business of the window by dimension and key, all of it, and that for services (R-024); reversed purchases are none, and what is
    paid with the bill has no tenor."""
    sums: dict[str, dict[int, int]] = {name: {} for name in DIMENSIONS}
    after = on - dt.timedelta(days=WINDOW_DAYS)
    for *keys, periods, amount in sum_by_args(conn, FactKind.PURCHASE_CAPTURED, after=after, until=on, args=PLACES):
        for name, key in zip(DIMENSIONS, (*keys, max(periods, 1)), strict=True):
            sums[name][key] = sums[name].get(key, 0) + amount
    total = sum(sums["tenor"].values())
    sums["region"].pop(0, None)  # not told
    sums["tenor"].pop(1, None)
    bought = find_category_names(conn, list(sums["category"]))
    service = sum(sums["category"][key] for key, name in bought.items() if name in load_service_categories())
    largest = {name: dict(sorted(one.items(), key=lambda row: -row[1])[:KEYS_MAX]) for name, one in sums.items()}
    names = {
        "merchant": ledger.find_refs(conn, owner_ids=[key for key in largest["merchant"] if key]),
        "category": bought,
        "region": {},
        "tenor": {key: str(key) for key in largest["tenor"]},
    }
    groups = {
        name: {names[name].get(key, f"#{key}"): amount for key, amount in by_key.items()}
        for name, by_key in largest.items()
    }
    return groups, total, service


def _read_largest(conn: psycopg.Connection, positions: Positions) -> dict[str, int]:
    """The customers who owe most."""
    places = [place for place in positions.claim_minor.argsort()[::-1][:KEYS_MAX] if positions.claim_minor[place] > 0]
    refs = find_customer_refs(conn, positions.account_ids[places].tolist())
    return {refs[int(positions.account_ids[place])]: int(positions.claim_minor[place]) for place in places}


__all__ = ["WINDOW_DAYS", "gather_figures", "read_beside"]
