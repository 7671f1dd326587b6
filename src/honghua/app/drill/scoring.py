"""How well the scores tell crimes from the crowd, whatever lines were drawn: of a drill's orders, each by its first judgement."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.city.town import Town
from honghua.app.drill.rush import Rush
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.sim.api import TYPOLOGY_NAMES, interval, is_crime_column, typology_of

SHARES: Final = (0.005, 0.01, 0.02, 0.05)  # of good orders that would be held up


def measure_scores(conn: psycopg.Connection, town: Town, rush: Rush) -> dict[str, Any]:
    """recall_at: share of crimes above the line that so many good orders pass; ranks: of each crime, the share of good orders above it."""
    decided = np.array([credit.find_decision_id(rush.answers.get(order.key, {})) for order in rush.orders], np.int64)
    ids, _, scores = decision.read_frozen(
        conn, np.unique(decided[decided > 0]).tolist(), signals=town.desk.engine.sensor.names
    )
    place = np.minimum(np.searchsorted(ids, decided), max(len(ids) - 1, 0))
    known = np.zeros(len(decided), np.bool_) if not len(ids) else (ids[place] == decided) & ~np.isnan(scores[place])
    if not known.any():
        return {"recall_at": {}, "ranks": {}}
    score = np.where(known, scores[place], np.nan)
    crime = is_crime_column(rush.rows["crime"]) & known
    good = np.sort(score[(rush.rows["ring"] == 0) & known])
    above = 1.0 - np.searchsorted(good, score[crime], side="left") / max(len(good), 1)
    kinds = typology_of(rush.rows["crime"][crime])
    return {
        "recall_at": {f"{share:.1%}": interval(int((above <= share).sum()), len(above)) for share in SHARES},
        "ranks": {
            name: np.round(np.sort(above[kinds == k]), 4).tolist()
            for k, name in enumerate(TYPOLOGY_NAMES)
            if (kinds == k).any()
        },
    }


__all__ = ["measure_scores"]
