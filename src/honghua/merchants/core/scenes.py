"""The taxonomy of scenes and goods: what is sold where, at which risk, fee, subsidy and instalment rules; one line of a file a scene.

A new scene product is a new line: nothing here or elsewhere names a scene in code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from honghua.base.errors import BadInput, Problem, Refusal
from honghua.base.money import parse_minor

PAYER_CONSUMER: Final = 1  # as in credit's plans
PERIODS_MAX: Final = 60
FEE_PPM_MAX: Final = 100_000
SETTLE_DAYS_MAX: Final = 30
CHANNELS: Final = frozenset({"online", "offline", "social", "instant", "live", "c2c"})
COLUMNS: Final = (
    "code", "zh", "en", "categories", "channel", "risk", "fee_ppm", "periods", "interest_free", "state_field", "trade_in",
    "second_hand", "most_yuan", "settle_days",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene. categories: goods that are sold in it, the main one first. risk: 1 (least) … 5. fee_ppm: of the price, for the merchant.

    periods: numbers of instalments on offer, none = no instalments. interest_free: merchant or platform may bear the plan's cost.
    state_field: the state subsidy's word for it, "" = none. most_minor: of one order. settle_days: T+n of its merchants.
    """

    code: str
    zh: str
    en: str
    categories: tuple[str, ...]
    channel: str
    risk: int
    fee_ppm: int
    periods: tuple[int, ...]
    interest_free: bool
    state_field: str
    trade_in: bool
    second_hand: bool
    most_minor: int
    settle_days: int


@dataclass(frozen=True, slots=True)
class SceneBook:
    """All scenes by code; looking one up costs the same however many there are."""

    by_code: Mapping[str, Scene]

    def __len__(self) -> int:
        return len(self.by_code)

    def find(self, code: str) -> Scene | None:
        """One scene."""
        return self.by_code.get(code)

    def of_category(self, category: str) -> list[Scene]:
        """Scenes in which a category is sold, by code."""
        return [scene for _, scene in sorted(self.by_code.items()) if category in scene.categories]

    def matrix(self) -> dict[tuple[str, str], bool]:
        """(scene, category) -> whether it is sold there, for all scenes and categories."""
        categories = sorted({category for scene in self.by_code.values() for category in scene.categories})
        return {
            (code, category): category in scene.categories
            for code, scene in sorted(self.by_code.items())
            for category in categories
        }


def parse_scenes(lines: Iterable[str], *, source: str) -> SceneBook:
    """The scenes of a CSV text with the header of `COLUMNS`; BadInput names the first wrong line and all its faults."""
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise BadInput(f"{source}: the header must be {','.join(COLUMNS)}")
    found: dict[str, Scene] = {}
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise BadInput(f"{source}: line {number} has not {len(COLUMNS)} columns")
        try:
            scene = _read_row(row)
        except ValueError as error:
            raise BadInput(f"{source}: line {number}: {error}") from None
        problems = check_scene(scene, number)
        if problems or scene.code in found:
            said = "; ".join(str(one) for one in problems) or f"scene {scene.code!r} stands there twice"
            raise BadInput(f"{source}: line {number}: {said}")
        found[scene.code] = scene
    return SceneBook(found)


def _read_row(row: Mapping[str, str]) -> Scene:
    def flag(name: str) -> bool:
        if row[name] not in ("0", "1"):
            raise ValueError(f"{name} is 0 or 1, not {row[name]!r}")
        return row[name] == "1"

    def words(name: str) -> tuple[str, ...]:
        return tuple(word for word in row[name].split("|") if word)

    return Scene(
        code=row["code"], zh=row["zh"], en=row["en"], categories=words("categories"), channel=row["channel"], risk=int(row["risk"]),
        fee_ppm=int(row["fee_ppm"]), periods=tuple(int(word) for word in words("periods")), interest_free=flag("interest_free"),
        state_field=row["state_field"], trade_in=flag("trade_in"), second_hand=flag("second_hand"),
        most_minor=parse_minor(row["most_yuan"], "CNY"), settle_days=int(row["settle_days"]),
    )  # fmt: skip


def check_scene(scene: Scene, number: int) -> tuple[Problem, ...]:
    """What is wrong with a scene, column by column."""
    checks = (
        (
            "code",
            scene.code.replace("-", "").isalnum() and scene.code == scene.code.lower(),
            "letters, digits and hyphens",
        ),
        ("categories", bool(scene.categories), "at least one category"),
        ("channel", scene.channel in CHANNELS, f"one of {', '.join(sorted(CHANNELS))}"),
        ("risk", 1 <= scene.risk <= 5, "1 … 5"),
        ("fee_ppm", 0 <= scene.fee_ppm <= FEE_PPM_MAX, f"0 … {FEE_PPM_MAX} ppm"),
        ("periods", all(2 <= n <= PERIODS_MAX for n in scene.periods), f"2 … {PERIODS_MAX}"),
        (
            "interest_free",
            bool(scene.periods) or not scene.interest_free,
            "without instalments there is nothing to bear",
        ),
        ("most_yuan", scene.most_minor > 0, "above zero"),
        ("settle_days", 1 <= scene.settle_days <= SETTLE_DAYS_MAX, f"1 … {SETTLE_DAYS_MAX}"),
    )
    return tuple(
        Problem(number, "SCENE_INVALID", f"{name}: {wanted}", name) for name, is_right, wanted in checks if not is_right
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOrder:
    """An order as the scene's rules see it. periods 1 = paid at once; payer as in credit's plans (1 consumer, 2 merchant, 3 platform)."""

    scene: str
    category: str
    amount_minor: int
    periods: int = 1
    payer: int = PAYER_CONSUMER


def check_order(book: SceneBook, order: SceneOrder) -> Refusal | None:
    """Why an order may not be bought on credit in its scene; None when it may. Source: R-009, R-020, R-241."""
    scene = book.find(order.scene)
    if scene is None:
        return Refusal("SCENE_UNKNOWN", "Purchases on credit are not offered in this place.")
    if order.category not in scene.categories:
        return Refusal("CATEGORY_NOT_IN_SCENE", "These goods do not belong to this place.")
    if not 0 < order.amount_minor <= scene.most_minor:
        return Refusal("SCENE_AMOUNT", "One order here may not cost that much.")
    if order.periods != 1 and order.periods not in scene.periods:
        return Refusal("SCENE_PERIODS", "This number of instalments is not offered here.")
    if order.periods != 1 and order.payer != PAYER_CONSUMER and not scene.interest_free:
        return Refusal("SCENE_NOT_INTEREST_FREE", "Nobody else may bear the cost of instalments here.")
    return None
