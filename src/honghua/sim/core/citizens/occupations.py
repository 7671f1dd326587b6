"""Occupations: who works at what, earns how much and how surely – the table that most differences between citizens come from.

Rough guides, quoted from memory and not checked line by line: the National Bureau of Statistics' yearly wage tables (2024: about
124,000 yuan a year in urban non-private, 69,000 in private units), its survey of migrant workers (2024: about 5,000 yuan a month) and
trade reports on couriers and drivers. Shares, spreads, hazards, habits and card shares are assumptions of ours, made to be plausible
side by side. Only R-073 pins one: less than 30 % of couriers hold a credit card.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens.records import PayRhythm
from honghua.sim.core.draft import Ints
from honghua.sim.core.people import RHYTHMS

Floats = NDArray[np.float64]

OFFICE: Final = 0  # place in RHYTHMS
AGE_MIN: Final = 18
AGE_MAX: Final = 84
TIERS: Final = 4
TIER_PAY: Final = (1.30, 1.03, 0.88, 0.74)  # of the median income, by tier of the city


class Occupation(NamedTuple):
    """weight: relative; age: (mean, spread, least, most); women: share; median: yuan a month in a middling city; sigma: between people;
    noise: from payment to payment; loss: jobs lost a year; growth: of income a year; migrant: share that came from elsewhere;
    hukou: share of these that get the local one; card: share with a bank's credit card; dorm: sleep where they work or learn;
    rhythm: place in RHYTHMS; urban: how much likelier in a first-tier city than in the smallest (1 = alike)."""

    name: str
    zh: str
    weight: float
    age: tuple[float, ...]
    women: float
    median: float
    sigma: float
    noise: float
    pay: PayRhythm
    rhythm: int
    loss: float
    growth: float
    migrant: float
    hukou: float
    card: float
    dorm: float
    urban: float


_TABLE: Final = """
name               |zh          |weight|age           |women|median|sigma|noise|pay      |rhythm |loss|growth|migrant|hukou|card|dorm|urban
courier            |外卖骑手    |4.5   |29 7 18 52    |.1   |6400  |.3   |.3   |daily    |shift  |.22 |.01   |.75    |.04  |.24 |.05 |1.6
parcel courier     |快递员      |2     |31 7 18 52    |.08  |6300  |.25  |.12  |monthly  |shift  |.15 |.02   |.7     |.05  |.3  |.08 |1.3
ride-hailing driver|网约车司机  |2.2   |37 8 22 60    |.06  |6600  |.3   |.28  |weekly   |night  |.12 |-.02  |.55    |.06  |.42 |0   |1.6
truck driver       |货车司机    |1.4   |40 8 24 60    |.04  |8200  |.35  |.35  |irregular|night  |.12 |0     |.45    |.05  |.4  |0   |.7
factory worker     |工厂工人    |9     |33 9 18 58    |.44  |5500  |.22  |.15  |monthly  |shift  |.14 |.03   |.62    |.05  |.28 |.35 |.8
building worker    |建筑工人    |4     |42 10 18 62   |.08  |6600  |.3   |.4   |irregular|shift  |.25 |.01   |.72    |.02  |.16 |.4  |1
shop clerk         |店员        |6     |30 8 18 55    |.66  |4300  |.25  |.12  |monthly  |shift  |.14 |.02   |.5     |.05  |.35 |0   |1
restaurant worker  |餐饮员工    |4.5   |31 10 18 58   |.52  |4500  |.25  |.1   |monthly  |shift  |.18 |.02   |.66    |.03  |.24 |.3  |1
care worker        |家政护理员  |2     |46 8 25 62    |.92  |5200  |.28  |.22  |monthly  |home   |.14 |.03   |.7     |.03  |.16 |.2  |1.6
guard or cleaner   |保安保洁    |2.5   |47 10 20 64   |.42  |3700  |.18  |.05  |monthly  |shift  |.12 |.02   |.55    |.03  |.16 |.15 |1.2
office clerk       |职员        |13    |32 7 21 58    |.54  |6700  |.35  |.08  |monthly  |office |.08 |.04   |.42    |.18  |.66 |0   |1.7
engineer           |工程技术人员|6     |31 6 22 55    |.24  |13500 |.42  |.08  |monthly  |office |.09 |.05   |.58    |.3   |.82 |0   |3
teacher            |教师        |4     |37 8 22 60    |.68  |8000  |.28  |.03  |monthly  |office |.02 |.03   |.22    |.55  |.72 |0   |1
nurse or doctor    |医护人员    |3     |35 8 22 60    |.72  |8800  |.38  |.06  |monthly  |shift  |.02 |.03   |.26    |.5   |.72 |0   |1
civil servant      |公务员      |3.5   |38 8 23 60    |.42  |8400  |.25  |.02  |monthly  |office |.005|.02   |.18    |.7   |.8  |0   |1
salesperson        |销售        |6     |31 7 20 55    |.46  |6900  |.45  |.35  |monthly  |office |.17 |.03   |.5     |.12  |.58 |0   |1.4
self-employed      |个体工商户  |8     |39 9 20 65    |.45  |7000  |.6   |.45  |irregular|shift  |.1  |.01   |.45    |.08  |.48 |0   |1
online seller      |网店主播    |1.8   |28 6 18 50    |.56  |6400  |.75  |.55  |irregular|night  |.2  |.02   |.45    |.08  |.45 |0   |1
new graduate       |应届毕业生  |3     |23 1.4 20 26  |.52  |5600  |.3   |.08  |monthly  |office |.16 |.1    |.58    |.22  |.3  |.05 |2
student            |大学生      |6     |20.5 1.7 18 27|.52  |1700  |.3   |.1   |monthly  |student|0   |.02   |.6     |.12  |.05 |.88 |1.3
farmer             |农业劳动者  |2.5   |45 11 20 70   |.45  |3300  |.45  |.6   |irregular|home   |.02 |.02   |.05    |.05  |.14 |0   |.15
homemaker          |家庭主妇    |4     |37 9 22 60    |.94  |2300  |.4   |.15  |monthly  |home   |0   |.02   |.42    |.1   |.26 |0   |1
looking for work   |待业        |1.8   |31 9 19 58    |.48  |900   |.5   |.4   |monthly  |home   |0   |0     |.45    |.08  |.22 |0   |1
retired            |退休人员    |12    |66 7 52 84    |.55  |3400  |.4   |.01  |monthly  |home   |0   |.03   |.12    |.3   |.2  |0   |1
"""


def _read(line: str) -> Occupation:
    cells: dict[str, Any] = dict(zip(Occupation._fields, (cell.strip() for cell in line.split("|")), strict=True))
    rhythms = [one.name for one in RHYTHMS]
    read: dict[str, Callable[[str], Any]] = {"name": str, "zh": str, "age": _four, "pay": _pay, "rhythm": rhythms.index}
    return Occupation(**{name: read.get(name, float)(cell) for name, cell in cells.items()})


def _four(cell: str) -> tuple[float, ...]:
    return tuple(float(part) for part in cell.split())


def _pay(cell: str) -> PayRhythm:
    return PayRhythm[cell.upper()]


OCCUPATIONS: Final = tuple(_read(line) for line in _TABLE.strip().splitlines()[1:])
NAMES: Final = tuple(one.name for one in OCCUPATIONS)
COURIER: Final = NAMES.index("courier")
IS_STUDENT: Final = NAMES.index("student")
IS_RETIRED: Final = NAMES.index("retired")
IS_GRADUATE: Final = NAMES.index("new graduate")


def of(attribute: str) -> Floats:
    """float64: one attribute of every occupation."""
    return np.array([getattr(one, attribute) for one in OCCUPATIONS], np.float64)


def draw_occupations(rng: np.random.Generator, age: Ints, female: NDArray[np.bool_], tier: Ints) -> Ints:
    """An occupation for each by age, sex and tier of the city."""
    row = ((np.clip(age, AGE_MIN, AGE_MAX) - AGE_MIN) * 2 + female) * TIERS + tier - 1
    running = np.cumsum(_shares(), axis=1)
    place = np.searchsorted(
        (running + np.arange(len(running))[:, None]).ravel(), row + rng.random(len(row)), side="right"
    )
    return np.asarray(np.minimum(place - row * len(OCCUPATIONS), len(OCCUPATIONS) - 1), np.int64)


def _shares() -> Floats:
    """float64[ages × 2 × TIERS, occupations]: rows add up to 1."""
    ages = np.arange(AGE_MIN, AGE_MAX + 1)[:, None]
    mean, spread, least, most = np.array([one.age for one in OCCUPATIONS]).T
    by_age = of("weight") / spread * np.exp(-0.5 * ((ages - mean) / spread) ** 2) * (ages >= least) * (ages <= most)
    by_age[:, IS_RETIRED] = np.where(ages[:, 0] >= 60, 1.0, by_age[:, IS_RETIRED])
    by_sex = np.stack([1 - of("women"), of("women")])
    step = np.log(of("urban")) / (TIERS - 1)
    by_tier = np.exp(step * (TIERS - 1 - np.arange(TIERS))[:, None])
    shares = by_age[:, None, None, :] * by_sex[None, :, None, :] * by_tier[None, None, :, :]
    shares = shares.reshape(-1, len(OCCUPATIONS))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


__all__ = [
    "AGE_MAX", "AGE_MIN", "COURIER", "IS_GRADUATE", "IS_RETIRED", "IS_STUDENT", "NAMES",
    "OCCUPATIONS", "TIER_PAY", "Occupation", "draw_occupations", "of",
]  # fmt: skip
