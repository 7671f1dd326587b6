"""Random facts for the kernels, as raw as they come: no handler has looked at them."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from numpy.typing import NDArray

from honghua.credit.core.account import Account, refold
from honghua.credit.core.layout import EVENT
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.facts.kinds import FactKind as K

Ints = NDArray[np.int64]
OPENING_ON = 19_700
TERMS = (
    ProductTerms(),
    ProductTerms(
        class_substandard_dpd=12,
        class_doubtful_dpd=25,
        class_loss_dpd=40,
        principal_first_dpd=14,
        cure_months=2,
        restructure_months=2,
        penalty_days_max=9,
        settlement_fee=2,
        refund_fee=0,
        refund_overdue_first=0,
    ),
    ProductTerms(interest_ppm_day=1_000_000, penalty_ppm_day=999_999, minimum_share_ppm=1_000_000, settlement_fee=0),
)
TERMS_ROWS = terms_matrix(dict(enumerate(TERMS, 1)))
PAIRS = np.array([(1, 10), (5, 15), (10, 20), (28, 1), (20, 5), (28, 27)])
KINDS = np.array(
    [K.PURCHASE_CAPTURED] * 5
    + [K.REPAYMENT_RECEIVED] * 4
    + [K.PURCHASE_REFUNDED] * 2
    + [kind for kind in K if 2 <= kind <= 16 and kind not in (K.WRITTEN_OFF, K.PURCHASE_CAPTURED)]
    + [K.CHARGES_WAIVED]
)


def draw_event(rng: np.random.Generator, kind: int, day: int, number: int, amount_max: int) -> Ints:
    """One fact of a kind with any arguments that the kind may carry; plans are numbered by the fact that makes them."""
    amount = int(rng.integers(1, amount_max + 1)) if rng.random() < 0.8 else amount_max
    periods = int(rng.choice([0, 0, 3, 7, 24])) if kind == K.PURCHASE_CAPTURED else int(rng.choice([1, 3, 24]))
    fee = int(rng.integers(0, amount // 8 + 1))
    some_plan = int(rng.integers(0, number + 1))
    args = {
        K.ACCOUNT_OPENED: (*PAIRS[rng.integers(len(PAIRS))], rng.integers(1, len(TERMS) + 1)),
        K.TEMPORARY_LIMIT_GRANTED: (day + rng.integers(0, 70),),
        K.PURCHASE_CAPTURED: (rng.integers(0, amount + 1), periods, fee if periods else 0, rng.integers(1, 4), number),
        K.PURCHASE_REFUNDED: (day - rng.integers(0, 60), some_plan if rng.random() < 0.6 else 0, rng.integers(0, 50)),
        K.BILL_INSTALLED: (periods, fee, rng.choice([1, 3]), number),
        K.PLAN_SETTLED: (some_plan,),
        K.PAIR_CHANGED: tuple(PAIRS[rng.integers(len(PAIRS))]),
        K.HARDSHIP_AGREED: (periods, fee, rng.integers(0, 2), number),
        K.STATUS_SET: (rng.choice([1, 1, 1, 2]),),
        K.CHARGES_WAIVED: (rng.integers(1, 7),),
    }.get(K(kind), ())
    event = np.zeros(EVENT, np.int64)
    event[:3] = kind, day, 0 if kind in (K.PAIR_CHANGED, K.STATUS_SET) else amount
    event[3 : 3 + len(args)] = args
    return event


def draw_events(seed: int, n: int, amount_max: int = 500_000, write_off: float = 0.01) -> Ints:
    """An opening and n further facts in order of days, int64[n + 1, EVENT]."""
    rng = np.random.default_rng(seed)
    day = OPENING_ON + int(rng.integers(0, 40))
    events = [draw_event(rng, K.ACCOUNT_OPENED, day, 0, amount_max)]
    for number in range(1, n + 1):
        day += int(rng.choice([0, 0, 1, 2, 5, 9, 20, 45, 100]))
        kind = K.WRITTEN_OFF if rng.random() < write_off else int(rng.choice(KINDS))
        events.append(draw_event(rng, kind, day, number, amount_max))
    return np.array(events)


def empty() -> Account:
    """An account not yet opened."""
    return Account(1, "test", TERMS_ROWS)


def digest_of(seeds: range) -> str:
    """A hash of the states that seeded histories lead to, and of their statements."""
    sha = hashlib.sha256()
    for seed in seeds:
        events = draw_events(seed, 25, 10**15 if seed % 2 else 500_000)
        account, statements = refold(empty(), events, np.zeros(0, np.int64), int(events[-1, 1]) + 500)
        sha.update(account.snapshot().tobytes() + account.balance.tobytes() + statements.tobytes())
    return sha.hexdigest()


if __name__ == "__main__":
    print(digest_of(range(int(sys.argv[1]), int(sys.argv[2]))))
