"""Limits for one scene, and coupons that carry them: whom and what they cover, how they pass from state to state, how much may be used.

A grant adds nothing to what is available for other things: it only lets an order of its scene go beyond the limit by what it still holds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from honghua.base.errors import BadInput

NAMES_MAX: Final = 500


class State(StrEnum):
    """issued: a coupon nobody has taken yet · active: may be used · spent: wholly used · expired · revoked: clawed back."""

    ISSUED = "issued"
    ACTIVE = "active"
    SPENT = "spent"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Act(StrEnum):
    """What can happen to a grant."""

    CLAIM = "claim"
    USE = "use"
    GIVE_BACK = "give_back"  # the order was cancelled before its goods were received
    EXPIRE = "expire"
    REVOKE = "revoke"


# From which states an act may happen.
FROM: Final[dict[Act, frozenset[State]]] = {
    Act.CLAIM: frozenset({State.ISSUED}),
    Act.USE: frozenset({State.ACTIVE}),
    Act.GIVE_BACK: frozenset({State.ACTIVE, State.SPENT}),
    Act.EXPIRE: frozenset({State.ISSUED, State.ACTIVE}),
    Act.REVOKE: frozenset({State.ISSUED, State.ACTIVE}),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant is for: a scene by name, with the goods categories and merchants that belong to it; an empty tuple = any."""

    scene: str
    categories: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.scene or not (self.categories or self.merchants):
            raise BadInput("a scene has a name, and categories or merchants", code="SCOPE_INVALID")
        if len(self.categories) + len(self.merchants) > NAMES_MAX:
            raise BadInput(f"at most {NAMES_MAX} categories and merchants", code="SCOPE_INVALID")

    def covers(self, *, category: str, merchant: str) -> bool:
        """Whether an order belongs to the scene."""
        return (not self.categories or category in self.categories) and (
            not self.merchants or merchant in self.merchants
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A limit for one scene of one customer. Amounts minor units; from_on … until_on are its days, both inclusive.

    coupon: the coupon that carries it, empty for one that was granted at once; used_minor counts what was taken, for good: not revolving.
    """

    grant_id: int
    customer: str
    scope: Scope
    amount_minor: int
    from_on: dt.date
    until_on: dt.date
    state: State = State.ACTIVE
    used_minor: int = field(default=0)
    coupon: str = ""

    def __post_init__(self) -> None:
        assert 0 <= self.used_minor <= self.amount_minor, f"grant {self.grant_id}: used beyond its amount"

    def left_minor(self, on: dt.date) -> int:
        """What may still be used on a day."""
        if self.state is not State.ACTIVE or not self.from_on <= on <= self.until_on:
            return 0
        return self.amount_minor - self.used_minor


def act(grant: Grant, what: Act, *, on: dt.date, amount_minor: int = 0) -> Grant | None:
    """The grant after an act on a day, None where the act has no place. amount_minor: what is used or given back.

    Used: within what is left on that day. Given back: no more than was used; of a grant whose days are over nothing comes back to life.
    Expired: only after its last day.
    """
    if grant.state not in FROM[what]:
        return None
    if what is Act.CLAIM:
        return replace(grant, state=State.ACTIVE) if on <= grant.until_on else None
    if what is Act.USE:
        if not 0 < amount_minor <= grant.left_minor(on):
            return None
        used = grant.used_minor + amount_minor
        return replace(grant, used_minor=used, state=State.SPENT if used == grant.amount_minor else State.ACTIVE)
    if what is Act.GIVE_BACK:
        if not 0 < amount_minor <= grant.used_minor:
            return None
        state = State.EXPIRED if on > grant.until_on else State.ACTIVE
        return replace(grant, used_minor=grant.used_minor - amount_minor, state=state)
    if what is Act.EXPIRE:
        return replace(grant, state=State.EXPIRED) if on > grant.until_on else None
    return replace(grant, state=State.REVOKED)


def share_out(grants: list[Grant], *, wanted_minor: int, headroom_minor: int, on: dt.date) -> list[tuple[Grant, int]]:
    """Which grants of one order's scene bear how much of what the limit lacks: the one that ends first is used first.

    Empty unless they bear all of it within the headroom: half a purchase is none.
    """
    if wanted_minor <= 0 or wanted_minor > headroom_minor:
        return []
    parts, rest = [], wanted_minor
    for grant in sorted(grants, key=lambda one: (one.until_on, one.grant_id)):
        part = min(rest, grant.left_minor(on))
        if part > 0:
            parts.append((grant, part))
            rest -= part
    return parts if rest == 0 else []


def left_for(grants: list[Grant], *, headroom_minor: int, on: dt.date) -> int:
    """What these grants add for an order of their scene, never beyond the headroom."""
    return max(0, min(headroom_minor, sum(grant.left_minor(on) for grant in grants)))


__all__ = ["FROM", "Act", "Grant", "Scope", "State", "act", "left_for", "share_out"]
