"""Made-up rule sets of a believable shape, as text of our language; the conditions read the same in ZEN's expression language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import Bundle, Input, Kind, Vocabulary, compile_bundle

NUMBERS: Final = 56  # inputs beside the six of the account
CODES: Final = ("RISK_REFUSED", "VELOCITY", "CROWD_RISK", "MERCHANT_RISK", "CASH_OUT")
ACCOUNT: Final = ("amount_minor", "available_minor", "limit_minor", "overdue_days", "is_new", "grade")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Conditions with their codes, in order; the first that holds refuses."""

    conditions: tuple[str, ...]
    codes: tuple[str, ...]

    def text(self) -> str:
        """The policy."""
        lines = ['"""A made-up rule set for measuring."""', "with score:"]
        lines += [
            f'    rule_{k} = refuse("{code}", when={condition}, missing=skip)'
            for k, (condition, code) in enumerate(zip(self.conditions, self.codes))
        ]
        return "\n".join(lines)

    def bundle(self) -> Bundle:
        """The policy compiled."""
        return compile_bundle("bench", self.text(), vocabulary())


def vocabulary() -> Vocabulary:
    """Six inputs of the account and NUMBERS values x0, x1, …"""
    account = (
        Input("amount_minor", Kind.MONEY, may_be_missing=False, low=0), Input("available_minor", Kind.MONEY, may_be_missing=False, low=0),
        Input("limit_minor", Kind.MONEY, may_be_missing=False, low=1), Input("overdue_days", low=0), Input("is_new", Kind.FLAG),
        Input("grade", Kind.NUMBER, low=1, high=3),
    )  # fmt: skip
    return Vocabulary((*account, *(Input(f"x{k}") for k in range(NUMBERS))))


def make_rules(count: int, *, seed: int, rarity: float = 2.6) -> RuleSet:
    """`count` rules over normal values: thresholds, pairs, ratios and groups, each rare; one in eight looks at money."""
    rng = np.random.default_rng(seed)
    conditions = []
    for k in range(count):
        first = (k + k // NUMBERS) % NUMBERS  # no two rules of a shape on the same value: one would hide the other
        others = rng.choice(NUMBERS - 1, 2, replace=False) + 1
        a, b, c = (f"x{i % NUMBERS}" for i in (first, first + others[0], first + others[1]))
        high, low = round(rarity + float(rng.random()), 3), round(0.5 + float(rng.random()), 3)
        shapes = (
            f"{a} > {high}",
            f"{a} > {low} and {b} < -{low} and {c} > {low}",
            f"({a} > {high} or {b} > {high}) and grade >= 2",
            f"{a} / (1 + abs({b})) > {high}",
            f"{a} - {b} > {round(high * 1.6, 3)} and not is_new",
            f"overdue_days > {1 + k % 5} and {c} > {low}",
            f"max({a}, {b}, {c}) > {round(high + 0.6, 3)}",
            f"amount_minor > available_minor and amount_minor / limit_minor > {round(0.9 + k / 1000, 3)} and {a} > {low}",
        )
        conditions.append(shapes[k % len(shapes)])
    return RuleSet(tuple(conditions), tuple(CODES[k % len(CODES)] for k in range(count)))


def make_vectors(rng: np.random.Generator, n: int, *, missing_share: float) -> NDArray[np.float64]:
    """float64[n, 6 + NUMBERS]: three decimals, so that a decimal engine sees the same numbers."""
    found = np.empty((n, len(ACCOUNT) + NUMBERS))
    limit = rng.integers(100_000, 5_000_000, n)
    found[:, 0] = rng.integers(100, 500_000, n)
    found[:, 1] = limit * rng.random(n) // 1
    found[:, 2] = limit
    found[:, 3] = np.where(rng.random(n) < 0.95, 0, rng.integers(1, 60, n))
    found[:, 4] = rng.random(n) < 0.3
    found[:, 5] = rng.integers(1, 4, n)
    found[:, 6:] = np.round(rng.standard_normal((n, NUMBERS), dtype=np.float32).astype(np.float64), 3)
    if missing_share:
        found[:, 6:][rng.random((n, NUMBERS), dtype=np.float32) < missing_share] = np.nan
    return found
