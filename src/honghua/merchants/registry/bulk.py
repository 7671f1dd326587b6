"""Merchants by the million: a register that another system kept is taken over at once, each merchant with its score and its terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.merchants.core.admission import MerchantState
from honghua.merchants.registry import store
from honghua.merchants.registry.deciding import load_scenes

MERCHANTS_AT_ONCE: Final = 50_000
STATES: Final = frozenset({MerchantState.ADMITTED, MerchantState.LIMITED, MerchantState.SUSPENDED, MerchantState.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """One merchant as the other register had it. score: 0 … 1000, higher is riskier; order_max_minor: of one order; settle_days: T+n."""

    merchant: str
    name: str
    scenes: tuple[str, ...]
    state: MerchantState
    score: int
    order_max_minor: int
    settle_days: int
    fee_ppm: int


def take_over(
    conn: psycopg.Connection, rows: Sequence[TakenOver], *, person: str, source: str, currency: str, now: dt.datetime
) -> int:
    """Register merchants that were admitted elsewhere, with one step each that says by whom and from where; how many.

    In the caller's transaction, at most `MERCHANTS_AT_ONCE`. BadInput for a scene that we do not know, a state that is no end of an
    admission, or a missing word; Conflict when one of them is registered already: then none of them is taken.
    """
    if len(rows) > MERCHANTS_AT_ONCE or not person.strip() or not source.strip():
        raise BadInput(
            f"at most {MERCHANTS_AT_ONCE} merchants at once, by a person, from somewhere", code="TAKE_OVER_INVALID"
        )
    scenes = load_scenes()
    unknown = {scene for one in rows for scene in one.scenes if scenes.find(scene) is None}
    wrong = next((one.merchant for one in rows if one.state not in STATES or not one.scenes), None)
    if unknown or wrong is not None:
        raise BadInput(
            f"unknown scenes {sorted(unknown)}, or merchant {wrong!r} has no state or scene", code="TAKE_OVER_INVALID"
        )
    names = [one.merchant for one in rows]
    owners = ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=names, currency=currency)
    columns = store.NewMerchants(
        names, owners.tolist(), [one.name for one in rows], ["|".join(one.scenes) for one in rows], [one.state.value for one in rows],
        [one.score for one in rows], [one.order_max_minor for one in rows], [one.settle_days for one in rows],
        [one.fee_ppm for one in rows],
    )  # fmt: skip
    if store.insert_many(conn, columns, said=(person, source), now=now) != len(rows):
        raise Conflict("a merchant among these is registered already", code="MERCHANT_KNOWN")
    return len(rows)


__all__ = ["MERCHANTS_AT_ONCE", "TakenOver", "take_over"]
