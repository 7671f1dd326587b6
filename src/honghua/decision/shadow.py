"""What shadows said: how often each of their outcomes met each live one, and the newest disagreements."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

from honghua.decision import store_judged, store_policy
from honghua.decision.core.outcomes import Outcome
from honghua.decision.releases import PURPOSE


@dataclass(slots=True)
class ShadowView:
    """One shadow beside one live bundle. pairs: (live outcome, its outcome) → how many.

    scores: of a shadow with a model of its own, (live mean, own mean, mean distance) of the fused scores. is_warming: it is not asked yet,
    since the engine has not learnt the values that its model reads.
    """

    shadow_id: int
    live_id: int
    judged: int = 0
    agreed: int = 0
    pairs: dict[str, int] = field(default_factory=dict)
    scores: tuple[float, float, float] | None = field(default=None)
    is_warming: bool = field(default=False)


def find_warming(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> tuple[int, ...]:
    """Shadows of the line-up in force that the newest decision did not ask: they wait for an engine that learns their values from the
    facts beside, and what they say counts from the first purchase that it has sensed for them. None where no decision was made yet."""
    lineup = store_policy.find_lineup(conn, purpose)
    return () if lineup is None else _list_unasked(conn, lineup)


def _list_unasked(conn: psycopg.Connection, lineup: store_policy.LineupRow) -> tuple[int, ...]:
    page = store_judged.read_page(conn, "ORDER BY decision_id DESC LIMIT 1", [])
    if not len(page):
        return ()
    regime = store_judged.list_regimes(conn)[int(page.regime_id[0])]
    if regime.lineup_id != lineup.lineup_id:
        return ()
    return tuple(shadow for shadow, said in zip(lineup.shadows, page.shadows[0], strict=True) if not said)


def list_shadows(conn: psycopg.Connection) -> list[ShadowView]:
    """Every shadow that ever judged, beside every bundle that judged live, and those that are warming, beside the champion."""
    found: dict[tuple[int, int], ShadowView] = {}
    for shadow, live, said_live, said, many in store_judged.sum_shadows(conn):
        view = found.setdefault((shadow, live), ShadowView(shadow, live))
        view.judged += many
        view.agreed += many if said_live == said else 0
        view.pairs[f"{Outcome(said_live).name.lower()}→{Outcome(said).name.lower()}"] = many
    for shadow, live, _, *means in store_judged.sum_shadow_scores(conn):
        found[shadow, live].scores = (means[0], means[1], means[2])
    lineup = store_policy.find_lineup(conn, PURPOSE)
    if lineup is None:
        return list(found.values())
    for shadow in _list_unasked(conn, lineup):
        view = found.setdefault((shadow, lineup.champion), ShadowView(shadow, lineup.champion))
        view.is_warming = True
    return list(found.values())
