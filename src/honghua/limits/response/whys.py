"""Why somebody is offered a temporary limit or none, and what a batch of them may cost: light to load, for pages and for the solver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from honghua.base.errors import BadInput

PPM: Final = 1_000_000
HELD_WORDS: Final = "held out by lot, so that what offers bring can be measured"


class Why(IntEnum):
    """Why somebody got an offer or none. Stored numbers: never change one."""

    OFFERED = 0
    MAY_NOT_BE_ASKED = 1  # no consent to offers, a student, over-indebted
    LATE = 2
    HAS_ONE = 3
    NO_ROOM = 4  # below the ceiling not even the smallest amount
    HELD_OUT = 5
    NOT_WORTH_IT = 6  # every amount would lose more than it earns
    BUDGET_WENT_ELSEWHERE = 7


WORDS: Final[dict[Why, tuple[str, str]]] = {
    Why.OFFERED: ("已发放临时额度邀请", "a temporary limit was offered"),
    Why.MAY_NOT_BE_ASKED: ("未同意营销或不适合授信营销", "may not be asked: no consent to offers, or not suitable"),
    Why.LATE: ("存在逾期", "a bill is overdue"),
    Why.HAS_ONE: ("已有生效中的临时额度", "a temporary limit runs already"),
    Why.NO_ROOM: ("已达可承受上限", "no room below what was found affordable"),
    Why.HELD_OUT: ("随机对照,不发放", HELD_WORDS),
    Why.NOT_WORTH_IT: ("预计损失高于收益", "would be expected to lose more than it earns"),
    Why.BUDGET_WENT_ELSEWHERE: ("预算已分配给其他客户", "the budget brings more elsewhere"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTerms:
    """What one campaign may cost, minor units: expected loss added, use added (capital), and offers told (asking_minor each).

    margin_ppm: earned on what is used over the campaign's days, after funding.
    """

    margin_ppm: int
    loss_minor: int
    drawn_minor: int
    asking_minor: int
    marketing_minor: int

    def __post_init__(self) -> None:
        amounts = (self.loss_minor, self.drawn_minor, self.asking_minor, self.marketing_minor)
        if not 0 < self.margin_ppm <= PPM or min(amounts) < 0:
            raise BadInput("a margin above 0 and amounts of 0 or more are wanted", code="BAD_TERMS")


__all__ = ["HELD_WORDS", "WORDS", "CampaignTerms", "Why"]
