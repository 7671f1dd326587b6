"""The alarm budget: what share of orders risk may hold up, turned into lines of the fused score.

A score's height says little about how many orders pass a line: a model that was fitted on few frauds is timid, one that was fitted on
many is bold, and each refit is another. So a house says how many orders it will look at and how many it will ask for a proof, and the lines
are those shares of the latest orders that the model has not learnt from. Dear orders get more of the budget than cheap ones: a wrong no
costs a customer the same, a wrong yes costs the money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

PPM: Final = 1_000_000
NEVER: Final = 1.0  # a line that nothing passes
ROWS_MIN: Final = 500  # orders in a band; where there are fewer, its shares are drawn on orders of every size

POLICY: Final = '''"""A purchase on credit: the account's rules, and lines of the fused score that an alarm budget has drawn.

Of the latest orders so many were above each line: {shares}. Without a model only the account's rules decide.
Where the limit falls short, a sound customer gets a limit for this order instead of a refusal; others get what is left.
"""

is_short = amount_minor > available_minor
{names}
with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

{rules}with amount:
{rescues}    short = refuse("LIMIT_SHORT", when=is_short)
'''
NAMES: Final = """missing_minor = amount_minor - available_minor
is_known = statements >= {statements} and risk_class <= 1
"""
RESCUES: Final = """    for_this_order = temporary_limit("ORDER_LIMIT", amount=missing_minor,
        when=is_short and is_known and fused < {trusted}
            and temporary_minor + missing_minor <= limit_minor * percent({percent}), missing=skip)
    partly = approve_less("LIMIT_PARTLY", amount=floor_to(available_minor, yuan(1)),
        when=is_short and available_minor >= amount_minor * percent(50))
"""


@dataclass(frozen=True, slots=True)
class Band:
    """Orders up to an amount, and of them the shares that are held for a person and that are asked for a proof (both in ppm)."""

    name: str
    until_minor: int
    held_ppm: int
    asked_ppm: int


@dataclass(frozen=True, slots=True)
class Rescue:
    """An order beyond the limit is decided by itself: for customers with so many statements and no arrears, up to a part of their limit."""

    statements: int = 3
    percent: int = 20


@dataclass(frozen=True, slots=True)
class AlarmBudget:
    """Bands from cheap to dear. rows: of the latest orders the lines are drawn on. rescue: None = who lacks limit is refused."""

    bands: tuple[Band, ...]
    rows: int = 20_000
    rescue: Rescue | None = Rescue()

    def unfitted(self) -> Lines:
        """As long as there is no model: no order passes a line."""
        return Lines(self, tuple((NEVER, NEVER) for _ in self.bands), 0)

    def draw(self, scores: Doubles, amount_minor: Ints) -> Lines:
        """Lines of scores float64[n] and amounts int64[n] of orders that the model has not learnt from."""
        lines, low = [], 0
        known = ~np.isnan(scores)
        for band in self.bands:
            sized = known & (amount_minor > low) & (amount_minor <= band.until_minor)
            mine = scores[sized if np.count_nonzero(sized) >= ROWS_MIN else known]
            held, asked = (quantile_of(mine, ppm) for ppm in (band.held_ppm, band.held_ppm + band.asked_ppm))
            lines.append((min(asked, held), held))
            low = band.until_minor
        return Lines(self, tuple(lines), int(known.sum()))


@dataclass(frozen=True, slots=True)
class Drawn:
    """One rule: its name, the share of its band that it is to hold up, and what it says."""

    name: str
    ppm: int
    says: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What a budget came to: (from where on a proof is asked, from where on a person looks) of each band, drawn on so many orders."""

    budget: AlarmBudget
    lines: tuple[tuple[float, float], ...]
    rows: int

    def rules(self) -> list[Drawn]:
        """Those that anything can pass: where both lines fall together, nothing is left to ask."""
        found, low = [], 0
        for band, (asked, held) in zip(self.budget.bands, self.lines, strict=True):
            size = f"amount_minor > minor({low}) and amount_minor <= minor({band.until_minor})"
            if held < NEVER:
                says = f'review("RISK_REVIEW", queue="fraud", when=fused >= {held:.12f} and {size}, missing=skip)'
                found.append(Drawn(f"held_{band.name}", band.held_ppm, says))
            if asked < held:
                says = f'step_up("RISK_STEP_UP", kind="face", when=fused >= {asked:.12f} and {size}, missing=skip)'
                found.append(Drawn(f"asked_{band.name}", band.asked_ppm, says))
            low = band.until_minor
        return found

    def source(self) -> str:
        """The policy with these lines."""
        drawn = "".join(f"    {rule.name} = {rule.says}\n" for rule in self.rules())
        shares = "; ".join(f"{rule.name} {rule.ppm / 10_000:g} %" for rule in self.rules()) or "no line is drawn yet"
        rescue, trusted = self.budget.rescue, min(asked for asked, _ in self.lines)
        names = rescues = ""
        if rescue is not None:
            names = NAMES.format(statements=rescue.statements)
            rescues = RESCUES.format(trusted=f"{trusted:.12f}", percent=rescue.percent)
        rules = f"with score:\n{drawn}\n" if drawn else ""
        return POLICY.format(rules=rules, shares=shares, names=names, rescues=rescues)

    def reference_ppm(self) -> dict[str, int]:
        """For the brake: what each rule is to hold up, of all orders at most its band's share."""
        return {rule.name: rule.ppm for rule in self.rules()}


def quantile_of(scores: Doubles, ppm: int) -> float:
    """The least line that at most this share of them reaches; NEVER where none is to reach it."""
    if not len(scores) or ppm == 0:
        return NEVER
    return float(np.nextafter(np.quantile(scores, 1.0 - ppm / PPM, method="higher"), NEVER))


__all__ = ["AlarmBudget", "Band", "Lines"]
