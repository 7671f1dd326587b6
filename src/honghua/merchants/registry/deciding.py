"""Applications, checks, decisions and appeals: each step with a person and reasons; an appeal is decided by somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib import resources
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound, Refusal
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.merchants.core.admission import (
    AdmissionRules,
    MerchantAct,
    MerchantSigns,
    MerchantState,
    Standing,
    assess,
    follow,
    judge_sale,
)
from honghua.merchants.core.scenes import SceneBook, SceneOrder, check_order, parse_scenes
from honghua.merchants.registry import store
from honghua.merchants.registry.store import MerchantStep, NewStep, RegisteredMerchant

SCENES_FILE: Final = "scenes.csv"
LIST_MAX: Final = 500
BY_MERCHANT: Final = "the merchant"


@cache
def load_scenes() -> SceneBook:
    """The scenes of merchants/data/scenes.csv."""
    text = resources.files("honghua.merchants").joinpath("data", SCENES_FILE).read_text(encoding="utf-8")
    return parse_scenes(text.splitlines(), source=SCENES_FILE)


def apply_merchant(
    conn: psycopg.Connection, merchant: str, *, name: str, scenes: Sequence[str], now: dt.datetime
) -> RegisteredMerchant | Refusal:
    """A merchant asks to sell in these scenes. Conflict when it is registered already. In the caller's transaction."""
    unknown = [scene for scene in scenes if load_scenes().find(scene) is None]
    if unknown or not scenes:
        return Refusal(
            "SCENES_UNKNOWN", f"We do not know the scenes {unknown}." if unknown else "Name at least one scene."
        )
    if not store.insert_merchant(conn, merchant, name, scenes, now=now):
        raise Conflict(f"{merchant!r} is registered already", code="MERCHANT_KNOWN")
    state = MerchantState.APPLIED
    step = NewStep(
        merchant=merchant, act="apply", before=state, after=state, person=BY_MERCHANT, reasons=["asks to sell"]
    )
    store.insert_step(conn, step, now=now)
    return get_merchant(conn, merchant)


def check_merchant(
    conn: psycopg.Connection,
    merchant: str,
    signs: MerchantSigns,
    *,
    person: str,
    currency: str,
    now: dt.datetime,
) -> RegisteredMerchant | Refusal:
    """Score a merchant anew; the score proposes, `act_on_merchant` decides. In the caller's transaction."""
    one = get_merchant(conn, merchant, lock=True)
    after = follow(MerchantState(one.state), MerchantAct.CHECK)
    if isinstance(after, Refusal):
        return after
    book = load_scenes()
    found = assess(signs, [scene for scene in map(book.find, one.scenes) if scene is not None])
    if isinstance(found, Refusal):
        return found
    owner = int(ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=[merchant], currency=currency)[0])
    now_one = replace(
        one, merchant_id=owner, state=after.value, score=found.score, proposed=found.proposed.value,
        order_max_minor=found.order_max_minor, settle_days=found.settle_days, fee_ppm=found.fee_ppm,
    )  # fmt: skip
    reasons = found.reasons or ("nothing unusual",)
    step = NewStep(
        merchant=merchant, act=MerchantAct.CHECK, before=one.state, after=after, person=person, reasons=reasons, signs=asdict(signs),
        score=found.score,
    )  # fmt: skip
    store.save_merchant(conn, now_one)
    store.insert_step(conn, step, now=now)
    return now_one


def act_on_merchant(
    conn: psycopg.Connection, merchant: str, act: MerchantAct, *, person: str, reasons: Sequence[str], now: dt.datetime
) -> RegisteredMerchant | Refusal:
    """Admit, limit, refuse, suspend, resume, appeal, uphold or end, with reasons. In the caller's transaction.

    Whoever decided may not decide about an appeal against it (APPEAL_SAME_PERSON). To admit against a proposed refusal is refused
    while the score stands (MERCHANT_TOO_RISKY): check again, or limit.
    """
    if not person.strip() or not reasons or not all(reason.strip() for reason in reasons):
        raise BadInput("say who decides and why", code="REASON_MISSING")
    one = get_merchant(conn, merchant, lock=True)
    after = follow(MerchantState(one.state), act)
    if isinstance(after, Refusal):
        return after
    decides = act not in (MerchantAct.APPEAL, MerchantAct.END, MerchantAct.CHECK)
    if decides and one.appealed_at is not None and one.decided_by == person:
        return Refusal("APPEAL_SAME_PERSON", "Somebody else than who decided decides about an appeal.")
    if act is MerchantAct.ADMIT and one.proposed != MerchantAct.ADMIT:
        return Refusal("MERCHANT_TOO_RISKY", "The score does not allow a full admission.")
    appealed = now if act is MerchantAct.APPEAL else None if decides else one.appealed_at
    rules = AdmissionRules()
    tight = after is MerchantState.LIMITED
    changed = replace(
        one, state=after.value, appealed_at=appealed, decided_by=person if decides else one.decided_by,
        order_max_minor=min(one.order_max_minor, rules.limited_order_max_minor) if tight else one.order_max_minor,
        settle_days=max(one.settle_days, rules.limited_settle_days) if tight else one.settle_days,
    )  # fmt: skip
    store.save_merchant(conn, changed)
    step = NewStep(merchant=merchant, act=act, before=one.state, after=after, person=person, reasons=reasons)
    store.insert_step(conn, step, now=now)
    return changed


def check_acceptance(conn: psycopg.Connection, merchant: str, order: SceneOrder) -> Refusal | None:
    """Whether a registered merchant may sell this order on credit; None when it may."""
    one = store.find_merchant(conn, merchant)
    standing = None if one is None else Standing(MerchantState(one.state), one.order_max_minor)
    refusal = judge_sale(standing, order.amount_minor, registered_only=True)
    if refusal is not None:
        return refusal
    if one is not None and order.scene not in one.scenes:
        return Refusal("MERCHANT_SCENE", "This shop was not admitted to this scene.")
    return check_order(load_scenes(), order)


def find_standings(conn: psycopg.Connection, merchants: Sequence[str]) -> dict[str, Standing]:
    """What the register says of these merchants, for `core.judge_sale`; those that are not registered are left out."""
    found = store.find_standings(conn, merchants)
    return {merchant: Standing(MerchantState(state), most) for merchant, (state, most) in found.items()}


def get_merchant(conn: psycopg.Connection, merchant: str, *, lock: bool = False) -> RegisteredMerchant:
    """One merchant of the register, with `lock` ours until the transaction ends; NotFound."""
    found = store.find_merchant(conn, merchant, lock=lock)
    if found is None:
        raise NotFound(f"no merchant {merchant!r} is registered", code="MERCHANT_UNKNOWN")
    return found


def list_merchants(
    conn: psycopg.Connection, *, state: MerchantState | None = None, after: str = "", limit: int = 100
) -> list[RegisteredMerchant]:
    """Merchants by name; `after` pages on."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} merchants at a time")
    return store.list_merchants(conn, state=None if state is None else state.value, after=after, limit=limit)


def list_merchant_steps(conn: psycopg.Connection, merchant: str) -> list[MerchantStep]:
    """How a merchant came to stand where it does, in order."""
    return store.list_steps(conn, merchant)
