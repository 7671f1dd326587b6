"""Models of the slot `credit` for tests: fitted on drawn rows, kept with an examination that says what the test wants."""

from __future__ import annotations

from functools import cache

import numpy as np

from honghua.decision import api
from honghua.decision.core.slots.placing import CREDIT_WORD
from honghua.decision.tests.policies import ANN, BASE, BEN, STRICT
from honghua.models.api import build_model, train_forest

READS = ("available_minor", "s2", "amount_minor")  # an input of the account, a sensed value, the order
WITH_SLOT = BASE.extended([CREDIT_WORD])
CREDIT = (
    STRICT.replace('    listed = refuse("DENY_LIST", when=on_list("deny"))\n', "").split("    unsure")[0]
    + '    owing = refuse("RISK_REFUSED", when=credit_chance >= 0.5, missing=skip)\n'
)


@cache
def made(*, seed: int = 1, reads: tuple[str, ...] = READS) -> api.SlotModel:
    """A small forest: who buys much of what is available is bad, more so with a high s2."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(50_000, 120_000, 900), rng.integers(0, 9, 900), rng.integers(1, 100_000, 900)])
    y = (x[:, 2] / x[:, 0] + 0.06 * x[:, 1] + 0.2 * rng.random(900) > 0.9).astype(np.int8)
    rows = np.ascontiguousarray(x, np.float32)
    model = build_model(train_forest(rows, y, names=reads, seed=seed, rounds=12, num_threads=1).forest)
    return api.SlotModel(
        api.SlotWord(kind="forest", says="who does not pay", source="a test", digest=model.digest.hex()), model
    )


def keep(conn, model: api.SlotModel, *, passed: bool = True) -> bytes:
    """Kept with its examination."""
    told = {"digest": model.model.digest.hex(), "passed": passed, "problems": [] if passed else ["it is unfair"]}
    with conn.transaction():
        return api.keep_slot_model(conn, model, battery=told, beside={})


def seat_credit(conn, digest: bytes, *, role=api.Role.CHAMPION, share_ppm=0, source=CREDIT, name="credit") -> int:
    """A release that fills the slot, by two people."""
    with conn.transaction():
        row = api.propose(conn, api.Proposal(name, source, WITH_SLOT, credit_digest=digest), ANN)
        api.review(conn, row.release_id, BEN, approved=True)
        api.activate(conn, row.release_id, BEN, role=role, share_ppm=share_ppm)
    return row.release_id
