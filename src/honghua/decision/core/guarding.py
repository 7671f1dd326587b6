"""Whether a policy would let accounts buy that may not: tried on purchases that no policy may let through, whatever else is true of them.

By trying, not by reading: a rule of the right code may stand there with a condition of its own. What this does not find, the desk does
(`credit.core.deciding`), after the policy spoke.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.decision.core.compile import Bundle, judge_batch
from honghua.decision.core.outcomes import LETS_BUY
from honghua.decision.core.vocabulary import Input, Kind, Vocabulary

MONEY_MAX: Final = 10_000_000
NUMBER_MAX: Final = 1_000
TRIED: Final = 512  # purchases for each way in which an account may not buy
MISSING_SHARE: Final = 0.2
FLAG_SHARE: Final = 0.1
LOWEST_SHARE: Final = 0.5
# An account in good order: whatever else stands in a purchase's way may hide that a rule is lacking.
SOUND: Final = {
    "is_consumption": 1.0, "status": 1.0, "days_past_due": 0.0, "amount_minor_max": float(MONEY_MAX), "available_minor": float(MONEY_MAX),
}  # fmt: skip
# Code of the account's rules → the input that is out of order, and values that it may then have.
FORBIDDEN: Final = {
    "PURPOSE_REFUSED": ("is_consumption", (0,)), "ACCOUNT_NOT_ACTIVE": ("status", (0, 2, 3, 4)),
    "OVERDUE": ("days_past_due", (1, 2, 29, 91, 400)),
}  # fmt: skip
TOO_MUCH: Final = "AMOUNT_INVALID"


def find_leaks(bundle: Bundle, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Codes of the account's rules that this policy would not keep in every purchase that was tried.

    Of a vocabulary without accounts (`status`) nothing is asked: its policies judge something else.
    """
    names = vocabulary.names
    if "status" not in names:
        return ()
    drawn = _draw(vocabulary)
    place = {name: k for k, name in enumerate(names)}
    columns = [place[name] for name in bundle.inputs]
    leaks = []
    for code, (name, values) in FORBIDDEN.items():
        tried = drawn.copy()
        tried[:, place[name]] = np.resize(np.array(values, np.float64), TRIED)
        if _lets_buy(bundle, tried[:, columns]):
            leaks.append(code)
    tried = drawn.copy()
    tried[:, place["amount_minor_max"]] = MONEY_MAX // 4
    tried[:, place["amount_minor"]] = MONEY_MAX // 4 + 1 + np.arange(TRIED)
    if _lets_buy(bundle, tried[:, columns]):
        leaks.append(TOO_MUCH)
    return tuple(leaks)


def _lets_buy(bundle: Bundle, vectors: NDArray[np.float64]) -> bool:
    said = judge_batch(bundle, np.ascontiguousarray(vectors)).outcome
    return bool(np.isin(said, LETS_BUY).any())


def _draw(vocabulary: Vocabulary) -> NDArray[np.float64]:
    """Purchases of every kind by accounts in good order, most of them such as a policy would let through: float64[TRIED, I]."""
    rng = derive_rng(0, "guarding")
    drawn = np.stack([_draw_input(one, rng) for one in vocabulary], axis=1)
    for name, value in SOUND.items():
        if name in vocabulary.names:
            drawn[:, vocabulary.place(name)] = value
    return drawn


def _draw_input(one: Input, rng: np.random.Generator) -> NDArray[np.float64]:
    """Half of the values are the lowest, as those of harmless purchases are; of the others small ones are as frequent as large."""
    if one.kind is Kind.CATEGORY:
        return rng.choice([number for _, number in one.levels], TRIED).astype(np.float64)
    if one.kind is Kind.FLAG:
        return (rng.random(TRIED) < FLAG_SHARE).astype(np.float64)
    low, high = max(one.low, 0.0), min(one.high, MONEY_MAX if one.kind is Kind.MONEY else NUMBER_MAX)
    span = np.exp(rng.random(TRIED) * np.log(high + 2.0)) - 1.0 if high > 1 else rng.random(TRIED) * high
    found = np.clip(span if high <= 1 else np.floor(span), low, high)
    if one.kind is not Kind.MONEY:
        found[rng.random(TRIED) < LOWEST_SHARE] = low
    if one.may_be_missing:
        found[rng.random(TRIED) < MISSING_SHARE] = np.nan
    return found


__all__ = ["find_leaks"]
