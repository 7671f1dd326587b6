"""A scorer of applications in the register, made by hand: it looks at one value, how many applications came from this network before."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg

from honghua.base.errors import Refusal
from honghua.credit.journey import api as journey
from honghua.fraud.screening.api import SHARES, KeptScorer, name_values
from honghua.models import api as models
from honghua.models.core.intervals import Interval
from honghua.models.registry import api as registry

NETWORK = 1  # the place of "network before" among the values, a logarithm of 1 + how many


def make_scorer(*, slope: float = 2.0, widths: tuple[tuple[str, int], ...] = ()) -> KeptScorer:
    """Chance by one value: half at one earlier application from the network, nearly sure at three."""
    names = name_values()
    families = widths or count_widths(names)
    log_two = float(np.log(2.0))
    return KeptScorer(
        kind="by hand", trained_on="nothing: a scorer of the tests", names=names, families=families, columns=(NETWORK,), mean=(log_two,),
        scale=(0.25,), layers=((((slope,),), (0.0,)),), typical=(0.0,) * len(names), lines=tuple((one, 0.9 - one) for one in SHARES),
    )  # fmt: skip


def count_widths(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Families of names like "path 3" with how many they have."""
    found: dict[str, int] = {}
    for name in names:
        family = name.rsplit(" ", 1)[0]
        found[family] = found.get(family, 0) + 1
    return tuple(found.items())


def seat_scorer(conn: psycopg.Connection, scorer: KeptScorer, *, now: dt.datetime, champion: bool = False) -> int:
    """File a scorer and let it run beside decisions, or take the seat; its version. In the caller's transaction."""
    names, on = name_values(), now.date()
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, len(names))).astype(np.float32)
    scores = np.array([scorer.screen(row).score for row in x.astype(np.float64).tolist()])
    reference = models.pack_reference(models.measure_reference(x, scores, names=names))
    fitted_until = on - dt.timedelta(days=60)
    told = {
        "digest": scorer.digest.hex(), "passed": True, "problems": [], "rows": 4_000, "ones": 400, "auc": [0.9, 0.95, 0.99],
        "comparison": None, "window": None, "fairness": [],
    }  # fmt: skip
    filing = registry.Filing(
        journey.SEGMENT, journey.PURPOSE, "by hand", scorer.digest, names,
        {journey.SCORER_FILE: scorer.dump(), registry.DRIFT_FILE: reference}, {}, b"s" * 32, "run of the tests", fitted_until,
        "wang", registry.KeptExamination(told),
    )  # fmt: skip
    row = registry.file_version(conn, filing, now=now)
    if champion:
        first, last = fitted_until + dt.timedelta(days=1), on
        trial = registry.Trial(
            scorer.digest, None, 4_000, 400, Interval(0.9, 0.95, 0.99), None, first, last, True, {"town": True}
        )
        moved = registry.promote(conn, row.version_id, trial, word=("li", "a trial of the tests"), now=now)
    else:
        moved = registry.challenge(conn, row.version_id, person="li", why="a test", now=now)
    assert not isinstance(moved, Refusal), moved
    return row.version_id
