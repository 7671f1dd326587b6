"""Segments of accounts: by what an account shows, its own steps of growth, its own ceiling of growth, its own days until a cut (R-035).

An account is of the first segment whose every condition it meets, else of none: then the general terms hold. Values are grade U: to be set
on one's own history. What tells risk is conduct: how much of the limit is used and whether bills are late. A limit or a ceiling by itself
does not: who may borrow more owes more when things go wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Who: limit, ceiling and use from … (below 0 = without an upper end), late or not (None = whoever). Minor units, days calendar days.

    ceiling_from_minor …: of the ceiling that the last assessment found: proven income and debts bear it, so the highest are those of high
    net worth. used_from_ppm …: of the largest share of the limit that bills since its last change used. was_late: within the last twelve
    bills; is_past_due: now. The rest takes the place of the terms' field of its name; growth_step_ppm that of both steps; growth_cap_minor:
    no growth beyond it (0 = the account's own ceiling alone); it cuts nobody.
    """

    name: str
    limit_from_minor: int = 0
    limit_below_minor: int = 0
    ceiling_from_minor: int = 0
    ceiling_below_minor: int = 0
    used_from_ppm: int = 0
    used_below_ppm: int = 0
    was_late: bool | None = None
    is_past_due: bool | None = None
    growth_statements: int
    growth_days: int
    growth_used_ppm: int
    growth_step_ppm: int
    growth_cap_minor: int = 0
    cut_late_days: int
    idle_days: int

    def holds(
        self, *, limit_minor: int, ceiling_minor: int, used_share_ppm: int, was_late: bool, is_past_due: bool
    ) -> bool:
        """Whether an account that shows this is one of it."""
        return (
            _is_within(limit_minor, self.limit_from_minor, self.limit_below_minor)
            and _is_within(ceiling_minor, self.ceiling_from_minor, self.ceiling_below_minor)
            and _is_within(used_share_ppm, self.used_from_ppm, self.used_below_ppm)
            and self.was_late in (None, was_late)
            and self.is_past_due in (None, is_past_due)
        )

    def body(self) -> dict[str, Any]:
        """Plain values for storage. A condition that came later and is not used is left out, as it was before there was one."""
        body = asdict(self)
        for name, unused in LATER.items():
            if body[name] == unused:
                del body[name]
        return body


LATER: Final[dict[str, int | None]] = {"used_from_ppm": 0, "used_below_ppm": 0, "is_past_due": None}
# An example to propose from, in force nowhere: tiers of risk by conduct. Bounds and steps were chosen on simulated training cities
# (`honghua approval dynamics`, docs/CITY.md); high_net_worth keeps an amount meant for a house of its own.
EXAMPLE_SEGMENTS: Final = (
    Segment(
        name="past_due", is_past_due=True, growth_statements=6, growth_days=180, growth_used_ppm=300_000, growth_step_ppm=100_000,
        growth_cap_minor=1_000_000, cut_late_days=4, idle_days=180,
    ),
    Segment(
        name="was_late", was_late=True, growth_statements=6, growth_days=180, growth_used_ppm=300_000, growth_step_ppm=100_000,
        growth_cap_minor=1_000_000, cut_late_days=4, idle_days=180,
    ),
    Segment(
        name="light", used_below_ppm=200_000, was_late=False, growth_statements=3, growth_days=90, growth_used_ppm=100_000,
        growth_step_ppm=300_000, cut_late_days=8, idle_days=360,
    ),
    Segment(
        name="high_net_worth", ceiling_from_minor=10_000_000, used_below_ppm=400_000, was_late=False, growth_statements=2, growth_days=60,
        growth_used_ppm=200_000, growth_step_ppm=300_000, growth_cap_minor=20_000_000, cut_late_days=15, idle_days=720,
    ),
    Segment(
        name="stretched", used_from_ppm=900_000, was_late=False, growth_statements=6, growth_days=180, growth_used_ppm=900_000,
        growth_step_ppm=200_000, cut_late_days=6, idle_days=360,
    ),
)  # fmt: skip


def find_segment_problems(segments: Sequence[Segment]) -> Iterator[str]:
    """What is wrong with them, a sentence each."""
    names = [one.name for one in segments]
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        yield "segments need names of their own"
    for one in segments:
        ranges = (
            (one.limit_from_minor, one.limit_below_minor),
            (one.ceiling_from_minor, one.ceiling_below_minor),
            (one.used_from_ppm, one.used_below_ppm),
        )
        if any(low < 0 or (high != 0 and high <= low) for low, high in ranges):
            yield f"segment {one.name}: ranges begin at 0 or above and end above where they begin"
        if not (0 <= one.growth_used_ppm <= MILLION and 0 <= one.growth_step_ppm <= MILLION):
            yield f"segment {one.name}: shares must be 0 … 1,000,000 ppm"
        if min(one.growth_statements, one.growth_days, one.growth_cap_minor) < 0:
            yield f"segment {one.name}: what growth asks for is not below 0"
        if min(one.cut_late_days, one.idle_days) < 1:
            yield f"segment {one.name}: a cut comes after a day or more"


def _is_within(value: int, low: int, high: int) -> bool:
    return low <= value and (high == 0 or value < high)


__all__ = ["EXAMPLE_SEGMENTS", "Segment", "find_segment_problems"]
