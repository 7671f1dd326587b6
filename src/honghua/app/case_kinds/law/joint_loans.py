"""Cases of joint lending: a loan and its events shared among lenders, and whether it may be shared so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from honghua.app.case_kinds.law.reading import find_local_day, major, only, read_choice, read_inputs
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported
from honghua.base.errors import BadInput, Refusal
from honghua.base.rates import PPM
from honghua.funding.core import (
    FUNDING_RULES,
    OWN,
    Channel,
    Exposure,
    FundingBase,
    MovementKind,
    ShareAsk,
    SharePlan,
    Standing,
    choose_rules,
    plan_shares,
    share_loan,
    share_movement,
)

KINDS: Final = {
    "principal": MovementKind.PRINCIPAL, "repayment": MovementKind.PRINCIPAL, "refund": MovementKind.REFUND,
    "write_off": MovementKind.WRITE_OFF, "interest": MovementKind.INTEREST, "fee": MovementKind.FEE, "penalty": MovementKind.PENALTY,
    "interest_back": MovementKind.INTEREST_BACK, "interest_refund": MovementKind.INTEREST_BACK, "recovery": MovementKind.RECOVERY,
}  # fmt: skip
PRINCIPAL: Final = ("principal", "amount", "loan_amount", "total")
SHARES: Final = ("shares", "lenders", "split")
OURSELVES: Final = frozenset({OWN, "self", "us", "ours", "lender", "honghua", "本行", "我方", "自有"})
STANDINGS: Final = {one.value: one for one in Standing}


def joint_split(case: Case) -> Any:
    """Shares of the loan and of each event; with `capital` or `exposure` or `on`, also whether the rules of the day allow them."""
    fields = read_inputs(
        case, *PRINCIPAL, *SHARES, "periods", "schedule", "events", "on", "date", "lent_on", "tier1", "tier1_capital", "loans",
        "total_loans", "exposure", "exposures", "joint_total", "standings", "own",
    )  # fmt: skip
    read = _read_shares(fields)
    own = fields.text("own", default=next((name for name, _ in read if name.lower() in OURSELVES), OWN))
    shares = [(OWN if name == own else name, ppm) for name, ppm in read]
    principal = fields.money(*PRINCIPAL)
    asks_rules = any(name in fields for name in ("on", "date", "lent_on", "tier1", "tier1_capital", "standings"))
    reasons: tuple[str, ...] = ()
    if asks_rules and OWN in dict(shares):
        plan = _plan(fields, shares, principal)
        if isinstance(plan, Refusal):
            code = plan.code
            return Answers(refused=lambda: code)
        shares, reasons = [(one.lender, one.share_ppm) for one in plan.shares], plan.reasons
    taking = {own if lender == OWN else lender for lender, _ in shares}
    idle = tuple(name for name, _ in read if name not in taking)
    return _shared(fields, shares, principal, idle=idle, reasons=reasons, own=own)


def _shared(
    fields: Fields, shares: Sequence[tuple[str, int]], principal: int, *, idle: tuple[str, ...], reasons: tuple[str, ...], own: str
) -> Answers:  # fmt: skip
    def by_name(parts: Sequence[int]) -> dict[str, Fraction]:
        # whoever was asked about and takes no part has one of nothing
        return {name: major(part) for name, part in zip(names, parts, strict=True)} | dict.fromkeys(idle, Fraction(0))

    positions = share_loan(principal, shares)
    names = [own if one.lender == OWN else one.lender for one in positions]
    granted = [one.outstanding_minor for one in positions]
    rows: list[Mapping[str, Any]] = []
    for one in fields.objects("periods", "schedule") if fields.get("periods", "schedule") is not None else []:
        only(one, "principal", "interest", "fee", "number", "no", "n", "period", "due_on", "date")
        asked = [
            (kind, one.money(kind.value))
            for kind in (MovementKind.PRINCIPAL, MovementKind.INTEREST, MovementKind.FEE)
            if kind.value in one
        ]
        row: dict[str, Any] = {}
        for kind, minor in asked:
            parts, positions = share_movement(positions, kind, minor)
            row[kind.value] = by_name(parts)
        rows.append(row)
    told: list[Mapping[str, Any]] = []
    for one in fields.objects("events") if "events" in fields else []:
        only(one, "kind", "type", "event", "amount", "date", "on")
        kind, minor = read_choice(one, "kind", "type", "event", known=KINDS), one.money("amount")
        try:
            parts, positions = share_movement(positions, kind, minor)
        except BadInput as error:
            raise BadInput(f"{one.place}: {error}") from None
        told.append(by_name(parts))
    left = [one.outstanding_minor for one in positions]
    return Answers(
        refused=lambda: None,
        parts=lambda: by_name(granted),
        shares=lambda: by_name(granted),
        principal=lambda: by_name(granted),
        share_percent=lambda: {
            name: Fraction(one.share_ppm, PPM // 100) for name, one in zip(names, positions, strict=True)
        },
        periods=lambda: rows,
        events=lambda: told,
        outstanding=lambda: by_name(left),
        earned=lambda: by_name([one.earned_minor for one in positions]),
        partner_kept=lambda: len(names) > 1,
        reasons=lambda: list(reasons),
    )


def _plan(fields: Fields, shares: Sequence[tuple[str, int]], principal: int) -> SharePlan | Refusal:
    on = find_local_day(fields, "on", "date", "lent_on")
    rules = FUNDING_RULES[-1] if on is None else choose_rules(on)
    if isinstance(rules, Refusal):
        return rules
    channel = Channel(code="case", name="case", entry="case", shares=tuple(shares), revenue=((OWN, PPM),))
    tier1 = fields.get("tier1", "tier1_capital")
    base = None
    if tier1 is not None:
        loans = fields.money("loans", "total_loans", default=0)
        base = FundingBase(
            on=on or FUNDING_RULES[-1].effective_on,
            tier1_minor=fields.money("tier1", "tier1_capital"),
            loans_minor=loans,
        )
    elif any(name in fields for name in ("standings", "exposure", "exposures")) or on is not None:
        base = FundingBase(
            on=on or FUNDING_RULES[-1].effective_on, tier1_minor=10**15, loans_minor=10**15
        )  # not asked about
    out = Fields.of(fields.get("exposure", "exposures") or {}, f"{fields.place}.exposure")
    by_group = {name: out.money(name) for name in out.values}
    joint = fields.money("joint_total", default=sum(by_group.values()))
    told = Fields.of(fields.get("standings") or {}, f"{fields.place}.standings")
    ask = ShareAsk(
        channel=channel, principal_minor=principal, groups={name: name for name, _ in shares},
        standings={name: read_choice(told, name, known=STANDINGS) for name in told.values},
        exposure=Exposure(by_group=by_group, joint_minor=joint), base=base,
    )  # fmt: skip
    return plan_shares(ask, rules)


def _read_shares(fields: Fields) -> list[tuple[str, int]]:
    """{"own": "30", …} or [{"lender": …, "percent": …}]; in per cent, or as parts of one where they add up to one."""
    value = fields.need(*SHARES)
    if isinstance(value, Mapping):
        listed = Fields.of(value, f"{fields.place}.shares")
        rows = [(name, listed.number(name)) for name in value]
    else:
        rows = []
        for one in fields.objects(*SHARES):
            only(one, "lender", "name", "percent", "share_percent", "share", "ratio")
            rows.append((one.text("lender", "name"), one.number("percent", "share_percent", "share", "ratio")))
    unit = PPM if sum(share for _, share in rows) == 1 else Fraction(PPM, 100)
    ppm = [(name, share * unit) for name, share in rows]
    if any(share.denominator != 1 for _, share in ppm):
        raise Unsupported(f"{fields.place}.shares are finer than a millionth")
    return [(name, int(share)) for name, share in ppm]
