"""Days past due per instalment, buckets of them, and the five-class table.

An instalment is past due from the day after its due date while any of it is unpaid; the account's days past due are
those of its oldest such instalment. Repayments go to the oldest instalment first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from honghua.base.errors import BadInput


class RiskClass(IntEnum):
    """The five classes, with the codes of the credit bureau."""

    NORMAL = 1  # 正常
    SPECIAL_MENTION = 2  # 关注
    SUBSTANDARD = 3  # 次级
    DOUBTFUL = 4  # 可疑
    LOSS = 5  # 损失


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The least days past due of each class but the first, rising: 关注, 次级, 可疑, 损失."""

    name: str
    special_mention: int
    substandard: int
    doubtful: int
    loss: int

    def __post_init__(self) -> None:
        if not 1 <= self.special_mention <= self.substandard <= self.doubtful <= self.loss:
            raise BadInput("the classes' days past due must rise from at least 1", code="BAD_CLASS_TABLE")

    def class_of(self, days_past_due: int) -> RiskClass:
        """The class of an account by its days past due alone (≥ 0; 0 is not overdue)."""
        thresholds = (self.special_mention, self.substandard, self.doubtful, self.loss)
        return RiskClass(1 + sum(days_past_due >= least for least in thresholds))


ORDER_2023 = ClassTable("金融资产风险分类办法 2023-1", 1, 91, 271, 361)
"""The default: any overdue, > 90, > 270, > 360 days. Source: rules.md §8, left column."""

CARD_2011 = ClassTable("商业银行信用卡业务监督管理办法 art. 92", 1, 91, 121, 181)
"""Bank cards: 1-90, 91-120, 121-180, > 180 days. Source: rules.md §8, right column."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Days past due from `least` to `most`, both inside; None: without end."""

    least: int
    most: int | None

    @property
    def label(self) -> str:
        """ "1-10", "61+"."""
        return f"{self.least}+" if self.most is None else f"{self.least}-{self.most}"


@dataclass(frozen=True, slots=True)
class Delinquency:
    """Days past due of the oldest unpaid instalment, all that is past due, and per bucket what is not zero."""

    days_past_due: int
    amount_minor: int
    by_bucket: dict[str, int]


def check_buckets(buckets: Sequence[Bucket]) -> None:
    """BadInput unless the buckets rise without overlap, from 1 or more, and only the last one is open."""
    before = 0
    for k, bucket in enumerate(buckets):
        most = bucket.least if bucket.most is None else bucket.most
        if bucket.least <= before or most < bucket.least or (bucket.most is None and k + 1 < len(buckets)):
            raise BadInput(f"bucket {bucket.label} does not follow on from the one before it", code="BAD_BUCKETS")
        before = most


def days_past_due(due_on: dt.date, business_on: dt.date) -> int:
    """Days since the due date, 0 on it and before."""
    return max((business_on - due_on).days, 0)


def apply_oldest_first(open_minor: Sequence[int], amount_minor: int) -> tuple[list[int], int]:
    """Instalments' open amounts (oldest first) after a repayment, and what was too much; BadInput when negative."""
    if amount_minor < 0:
        raise BadInput(f"a repayment cannot be negative ({amount_minor})", code="BAD_AMOUNT")
    rest: list[int] = []
    for open_ in open_minor:
        used = min(open_, amount_minor)
        amount_minor -= used
        rest.append(open_ - used)
    return rest, amount_minor


def assess(
    due_on: Sequence[dt.date], open_minor: Sequence[int], business_on: dt.date, buckets: Sequence[Bucket]
) -> Delinquency:
    """Delinquency on a business date of instalments with open amounts (same order, same length)."""
    check_buckets(buckets)
    worst = total = 0
    by_bucket = {bucket.label: 0 for bucket in buckets}
    for due, open_ in zip(due_on, open_minor, strict=True):
        late = days_past_due(due, business_on)
        if not late or not open_:
            continue
        worst = max(worst, late)
        total += open_
        for bucket in buckets:
            if bucket.least <= late and (bucket.most is None or late <= bucket.most):
                by_bucket[bucket.label] += open_
    return Delinquency(worst, total, {label: amount for label, amount in by_bucket.items() if amount})
