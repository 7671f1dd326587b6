"""How a limit grows and shrinks, by rules that its owner can read: what moved it, what counts now, what is still missing for the next step.

The same function decides and explains, so that nobody is told another rule than the one that runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from honghua.limits.core.segments import Segment
from honghua.limits.core.terms import PPM, LimitTerms

Words = tuple[str, str]

REASONS: Final[dict[str, Words]] = {
    "APPLICATION": ("首次授信", "first limit, by the application"),
    "GROWTH": ("按时还款、正常使用,额度提升", "raised: bills paid on time, limit in use"),
    "FRAUD_REPORTED": ("账户出现风险报告,额度下调至已用金额", "cut to what is used: a fraud was reported on the account"),
    "LATE": ("账单逾期,额度下调至已用金额", "cut to what is used: a bill is overdue"),
    "LENDERS_GREW": ("在其他机构的借款明显增加,额度下调", "cut: debts with other lenders grew a lot"),
    "CEILING_FELL": ("风险评估变化,额度下调", "cut: the assessment of risk changed"),
    "IDLE": ("长期未使用,额度恢复至起步额度", "back to the start limit: unused for long"),
    "REPAIRED": ("信用修复后重新评估", "assessed anew after your credit record was repaired"),
    "EVIDENCE": ("您提供的资料通过核验,额度重新评估", "assessed anew by the evidence that you brought"),
    "EVIDENCE_GONE": ("资料撤回或过期,按没有这份资料重新评估", "assessed anew without evidence that was taken back or is over"),
    "SEASON": ("临时额度", "temporary limit offered"),
    "BY_LOT": ("随机对照:为了解额度的作用而调整", "moved by lot, to learn what a limit does"),
    "BY_HAND": ("人工调整", "changed by a person"),
    "CUSTOMER_WISH": ("按您的要求调低", "lowered as you asked"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an account shows of its owner's conduct. Amounts minor units, days calendar days.

    good_statements: bills since the last change with nothing overdue; used_share_ppm: the most that was used of the limit, of the bills
    since then; dpd: days past due now; was_late: whether any bill of the last twelve was overdue; has_temporary: one runs now;
    idle_days: since anything was bought; fraud_reports: standing ones; new_lenders: more than at the last assessment.
    """

    limit_minor: int
    ceiling_minor: int
    used_minor: int = 0
    good_statements: int = 0
    days_since_change: int = 0
    used_share_ppm: int = 0
    dpd: int = 0
    was_late: bool = False
    has_temporary: bool = False
    idle_days: int = 0
    fraud_reports: int = 0
    new_lenders: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition as people read it: whether it is met, where one stands, what is wanted."""

    code: str
    words: Words
    is_met: bool
    now: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Move:
    """A limit that is to change, and why; `from_minor` == `to_minor` means that it stays."""

    reason: str
    from_minor: int
    to_minor: int

    @property
    def is_raise(self) -> bool:
        """Whether it goes up: then it needs consent."""
        return self.to_minor > self.from_minor


@dataclass(frozen=True, slots=True)
class Growth:
    """What an owner is shown: the rules with where they stand, and the limit that comes when all are met."""

    rules: tuple[Rule, ...]
    next_minor: int

    @property
    def missing(self) -> tuple[Rule, ...]:
        """What is still to be done."""
        return tuple(rule for rule in self.rules if not rule.is_met)


def find_segment(terms: LimitTerms, record: Record) -> Segment | None:
    """The first segment that the account is of; None: the general terms hold."""
    shown = {
        "limit_minor": record.limit_minor, "ceiling_minor": record.ceiling_minor, "used_share_ppm": record.used_share_ppm,
    }  # fmt: skip
    held = (one for one in terms.segments if one.holds(**shown, was_late=record.was_late, is_past_due=record.dpd > 0))
    return next(held, None)


def find_rules(terms: LimitTerms, record: Record) -> tuple[LimitTerms, int]:
    """The terms as they hold for this account, and the ceiling of its growth in minor units."""
    own = find_segment(terms, record)
    if own is None:
        return terms, record.ceiling_minor
    rules = replace(
        terms, segments=(), growth_statements=own.growth_statements, growth_days=own.growth_days,
        growth_used_ppm=own.growth_used_ppm, growth_step_ppm=own.growth_step_ppm, growth_step_high_ppm=own.growth_step_ppm,
        cut_late_days=own.cut_late_days, idle_days=own.idle_days,
    )  # fmt: skip
    return rules, min(record.ceiling_minor, own.growth_cap_minor or record.ceiling_minor)


def next_limit(terms: LimitTerms, record: Record) -> int:
    """The limit one step up by the account's segment: by a share that is larger for small limits, in whole steps, never above a ceiling."""
    terms, ceiling = find_rules(terms, record)
    share = terms.growth_step_ppm if record.limit_minor < terms.growth_high_from_minor else terms.growth_step_high_ppm
    step = terms.limit_step_minor
    raised = (record.limit_minor + record.limit_minor * share // PPM) // step * step
    return max(record.limit_minor, min(max(raised, record.limit_minor + step), ceiling // step * step))


def explain_growth(terms: LimitTerms, record: Record) -> Growth:
    """The rules of growth on this record, as they hold for its segment."""
    next_minor = next_limit(terms, record)
    terms, ceiling = find_rules(terms, record)
    rules = (
        Rule("ON_TIME", ("上次调整后按时还清的账单数", "bills paid on time since the last change"),
             record.good_statements >= terms.growth_statements, record.good_statements, terms.growth_statements),
        Rule("WAITED", ("距上次调整的天数", "days since the last change"),
             record.days_since_change >= terms.growth_days, record.days_since_change, terms.growth_days),
        Rule("IN_USE", ("期间用到的额度比例(百万分之)", "share of the limit that was used, ppm"),
             record.used_share_ppm >= terms.growth_used_ppm, record.used_share_ppm, terms.growth_used_ppm),
        Rule("NOT_LATE", ("近12期无逾期", "no bill of the last twelve was overdue"),
             not record.was_late and record.dpd == 0, record.dpd, 0),
        Rule("NO_REPORT", ("无风险报告", "no fraud reported"), record.fraud_reports == 0, record.fraud_reports, 0),
        Rule("NO_TEMPORARY", ("没有生效中的临时额度(期间固定额度不变)", "no temporary limit runs: the fixed one stays meanwhile"),
             not record.has_temporary, int(record.has_temporary), 0),
        Rule("BELOW_CEILING", ("未达可承受上限", "below what was found affordable"),
             next_minor > record.limit_minor, record.limit_minor, ceiling),
    )  # fmt: skip
    return Growth(rules, next_minor)


def decide_move(terms: LimitTerms, record: Record) -> Move:
    """What the record leads to: the first cut that applies, else growth when every rule is met, else it stays."""
    rules, _ = find_rules(terms, record)
    kept = -(-record.used_minor // terms.limit_step_minor) * terms.limit_step_minor
    cuts = (
        ("FRAUD_REPORTED", record.fraud_reports > 0, kept),
        ("LATE", record.dpd >= rules.cut_late_days, kept),
        ("LENDERS_GREW", record.new_lenders >= terms.scan_lenders_more, max(kept, terms.start_minor)),
        ("CEILING_FELL", record.limit_minor > record.ceiling_minor, max(kept, record.ceiling_minor)),
        ("IDLE", record.idle_days >= rules.idle_days, max(kept, terms.start_minor)),
    )
    for reason, applies, to_minor in cuts:
        if applies and to_minor < record.limit_minor:
            return Move(reason, record.limit_minor, to_minor)
        if applies:
            return Move("", record.limit_minor, record.limit_minor)
    growth = explain_growth(terms, record)
    if growth.missing:
        return Move("", record.limit_minor, record.limit_minor)
    return Move("GROWTH", record.limit_minor, growth.next_minor)


__all__ = ["REASONS", "Growth", "Move", "Record", "Rule", "decide_move", "explain_growth", "find_segment", "next_limit"]
