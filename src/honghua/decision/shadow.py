"""What shadows said: how often each of their outcomes met each live one, and the newest disagreements."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

from honghua.decision import store_judged
from honghua.decision.core.outcomes import Outcome


@dataclass(slots=True)
class ShadowView:
    """One shadow beside one live bundle. pairs: (live outcome, its outcome) → how many.

    scores: of a shadow with a model of its own, (live mean, own mean, mean distance) of the fused scores.
    """

    shadow_id: int
    live_id: int
    judged: int = 0
    agreed: int = 0
    pairs: dict[str, int] = field(default_factory=dict)
    scores: tuple[float, float, float] | None = field(default=None)


def list_shadows(conn: psycopg.Connection) -> list[ShadowView]:
    """Every shadow that ever judged, beside every bundle that judged live."""
    found: dict[tuple[int, int], ShadowView] = {}
    for shadow, live, said_live, said, many in store_judged.sum_shadows(conn):
        view = found.setdefault((shadow, live), ShadowView(shadow, live))
        view.judged += many
        view.agreed += many if said_live == said else 0
        view.pairs[f"{Outcome(said_live).name.lower()}→{Outcome(said).name.lower()}"] = many
    for shadow, live, _, *means in store_judged.sum_shadow_scores(conn):
        found[shadow, live].scores = (means[0], means[1], means[2])
    return list(found.values())
