"""Whether a merchant may sell on credit: a score of goods and scene, an outcome, and the states that a merchant passes through.

The score adds points of signs, each a value beside what is usual; so it can be read, appealed against and changed in one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from honghua.base.errors import Refusal
from honghua.merchants.core.scenes import Scene

POINTS_MAX: Final = 1_000


class MerchantState(StrEnum):
    """Where a merchant stands. Stored: never change a word."""

    APPLIED = "applied"
    CHECKED = "checked"
    ADMITTED = "admitted"
    LIMITED = "limited"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    ENDED = "ended"


class MerchantAct(StrEnum):
    """What moves a merchant. Stored: never change a word."""

    CHECK = "check"
    ADMIT = "admit"
    LIMIT = "limit"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    RESUME = "resume"
    APPEAL = "appeal"
    UPHOLD = "uphold"  # of an appeal: the decision stays
    END = "end"


_S, _A = MerchantState, MerchantAct
MOVES: Final[Mapping[tuple[MerchantState, MerchantAct], MerchantState]] = {
    (_S.APPLIED, _A.CHECK): _S.CHECKED,
    (_S.CHECKED, _A.CHECK): _S.CHECKED,
    (_S.CHECKED, _A.ADMIT): _S.ADMITTED,
    (_S.CHECKED, _A.LIMIT): _S.LIMITED,
    (_S.CHECKED, _A.REFUSE): _S.REFUSED,
    (_S.ADMITTED, _A.CHECK): _S.ADMITTED,
    (_S.LIMITED, _A.CHECK): _S.LIMITED,
    (_S.ADMITTED, _A.LIMIT): _S.LIMITED,
    (_S.LIMITED, _A.ADMIT): _S.ADMITTED,
    (_S.ADMITTED, _A.SUSPEND): _S.SUSPENDED,
    (_S.LIMITED, _A.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _A.RESUME): _S.LIMITED,
    (_S.REFUSED, _A.APPEAL): _S.CHECKED,
    (_S.SUSPENDED, _A.APPEAL): _S.SUSPENDED,
    (_S.SUSPENDED, _A.UPHOLD): _S.SUSPENDED,
    (_S.CHECKED, _A.UPHOLD): _S.REFUSED,
    (_S.APPLIED, _A.END): _S.ENDED,
    (_S.CHECKED, _A.END): _S.ENDED,
    (_S.ADMITTED, _A.END): _S.ENDED,
    (_S.LIMITED, _A.END): _S.ENDED,
    (_S.REFUSED, _A.END): _S.ENDED,
    (_S.SUSPENDED, _A.END): _S.ENDED,
}
SELLS: Final = frozenset({MerchantState.ADMITTED, MerchantState.LIMITED})
CLOSED: Final = frozenset({MerchantState.REFUSED, MerchantState.SUSPENDED, MerchantState.ENDED})


@dataclass(frozen=True, slots=True)
class Standing:
    """What of the register decides about an order: where the merchant stands, and the largest order it may sell, minor units."""

    state: MerchantState
    order_max_minor: int


def judge_sale(standing: Standing | None, amount_minor: int, *, registered_only: bool = False) -> Refusal | None:
    """Whether a merchant may sell an order of this amount on credit; None when it may. standing None: it is not registered.

    A book need not keep a register of all its merchants: whoever never asked for admission, or is still waiting for it, sells as if
    there were none, unless the operator wants registered merchants only.
    """
    if standing is None:
        return Refusal("MERCHANT_UNKNOWN", "This shop does not sell on credit.") if registered_only else None
    if standing.state in CLOSED:
        return Refusal(
            f"MERCHANT_{standing.state.name}", f"This shop does not sell on credit: it is {standing.state.value}."
        )
    if standing.state not in SELLS:
        return Refusal("MERCHANT_NOT_OPEN", "This shop is not admitted yet.") if registered_only else None
    if amount_minor > standing.order_max_minor:
        return Refusal("MERCHANT_ORDER_MAX", "Orders of this shop may not be that large.")
    return None


def follow(state: MerchantState, act: MerchantAct) -> MerchantState | Refusal:
    """The state after an act, or a refusal where it does not follow."""
    after = MOVES.get((state, act))
    if after is None:
        return Refusal("MERCHANT_MOVE", f"A merchant that is {state.value} cannot {act.value}.")
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantSigns:
    """Goods × scene data of a merchant, plain values; None: not known yet. Shares are ppm of its orders.

    price_ratio_ppm: its median price over that of its scene. top_buyers_ppm: of sales, its five largest buyers. repeats_ppm: orders of one
    amount that came within an hour. months: in business here or elsewhere, as proved.
    """

    price_ratio_ppm: int | None = None
    night_ppm: int | None = None
    refund_ppm: int | None = None
    top_buyers_ppm: int | None = None
    round_amounts_ppm: int | None = None
    repeats_ppm: int | None = None
    new_accounts_ppm: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """No points up to `usual`, all of them from `alarming` on, in proportion between; where alarming < usual, low values are alarming."""

    name: str
    usual: int
    alarming: int
    points: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """Points and lines. Everything here is our own choice (grade U), to be fitted on cases of one's own.

    unknown_points: of a sign that nobody knows. scene_points: by the risk of the riskiest scene. Below limited_from: admitted; from
    refused_from on: refused. A limited merchant's orders and T+n are bounded.
    """

    signs: tuple[Sign, ...] = (
        Sign(name="price_ratio_ppm", usual=3_000_000, alarming=8_000_000, points=120, sentence="prices far above those of its scene"),
        Sign(name="night_ppm", usual=120_000, alarming=450_000, points=120, sentence="sells at night what others sell by day"),
        Sign(name="refund_ppm", usual=100_000, alarming=350_000, points=130, sentence="many orders are refunded"),
        Sign(name="top_buyers_ppm", usual=250_000, alarming=750_000, points=180, sentence="a few buyers make most of its sales"),
        Sign(name="round_amounts_ppm", usual=300_000, alarming=800_000, points=120, sentence="many orders of round amounts"),
        Sign(name="repeats_ppm", usual=80_000, alarming=400_000, points=150, sentence="the same amount again and again within an hour"),
        Sign(name="new_accounts_ppm", usual=200_000, alarming=700_000, points=120, sentence="most buyers are new accounts"),
        Sign(name="months", usual=12, alarming=1, points=60, sentence="hardly in business yet"),
    )  # fmt: skip
    unknown_points: int = 15
    scene_points: tuple[int, ...] = (0, 10, 40, 90, 160)
    limited_from: int = 250
    refused_from: int = 500
    limited_order_max_minor: int = 300_000
    limited_settle_days: int = 7
    source: str = "own proposal; R-078 names no weights"
    grade: str = "U"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A score 0 … 1000 (higher is riskier), the act that it proposes, and the sentences behind it, heaviest first."""

    score: int
    proposed: MerchantAct
    reasons: tuple[str, ...]
    order_max_minor: int
    settle_days: int
    fee_ppm: int


def assess(
    signs: MerchantSigns, scenes: Sequence[Scene], *, rules: AdmissionRules | None = None
) -> Assessment | Refusal:
    """Score a merchant for the scenes that it wants to sell in; refused without a scene."""
    using = rules or AdmissionRules()
    if not scenes:
        return Refusal("MERCHANT_SCENES", "A merchant sells in at least one scene that we know.")
    told: list[tuple[int, str]] = []
    values = {f.name: getattr(signs, f.name) for f in fields(signs)}
    for sign in using.signs:
        value = values[sign.name]
        points = using.unknown_points if value is None else points_of(sign, value)
        if points:
            told.append((points, f"{sign.name}: not known" if value is None else sign.sentence))
    riskiest = max(scenes, key=lambda scene: scene.risk)
    scene_points = using.scene_points[riskiest.risk - 1]
    if scene_points:
        told.append((scene_points, f"sells {riskiest.en}, a scene of risk {riskiest.risk}"))
    score = min(POINTS_MAX, sum(points for points, _ in told))
    proposed = _A.REFUSE if score >= using.refused_from else _A.LIMIT if score >= using.limited_from else _A.ADMIT
    most = max(scene.most_minor for scene in scenes)
    days = max(scene.settle_days for scene in scenes)
    if proposed is _A.LIMIT:
        most, days = min(most, using.limited_order_max_minor), max(days, using.limited_settle_days)
    told.sort(key=lambda one: -one[0])
    fee = max(scene.fee_ppm for scene in scenes)  # of the dearest scene that it sells in
    return Assessment(score, proposed, tuple(sentence for _, sentence in told), most, days, fee)


def points_of(sign: Sign, value: int) -> int:
    """What a value earns: in proportion between usual and alarming, rounded down, 0 … `points`."""
    span = sign.alarming - sign.usual
    beyond = (value - sign.usual) if span > 0 else (sign.usual - value)
    return max(0, min(sign.points, sign.points * beyond // abs(span)))
