"""Cases of the prudent lender: five classes, stages with expected loss, what a write-off still lacks."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any, Final

from honghua.app.case_kinds.law.reading import find_day, fold_word, major, only, read_choice, read_flag, read_inputs
from honghua.app.case_kinds.reading import Answers, Case, Fields
from honghua.base.errors import BadInput
from honghua.credit.core import CLASS_WORDS, ProductTerms
from honghua.credit.prudence.api import (
    KINDS,
    TABLES,
    Item,
    LossParameters,
    Needs,
    Signs,
    StageRules,
    Standing,
    count_attempts,
    expected_loss_minor,
    exposure_minor,
    find_class,
    find_missing,
    find_stage,
    loss_rate_ppm,
    use_table,
)

PPM: Final = 1_000_000
SOME_DAY: Final = dt.date(2026, 1, 1)  # where only a number of days is told, any day will do
CLASS_NAMES: Final = (
    {word: number for number, words in CLASS_WORDS.items() for word in words}
    | {str(number): number for number in CLASS_WORDS}
    | {"special_mention": 2}
)  # the Basel word for 关注
TABLE_NAMES: Final = {name: name for name in TABLES} | {"banks": "2023", "banks_2023": "2023", "cards": "cards_2011"}


def five_classes(case: Case) -> Any:
    """The class of an account on a day, or `classes` of several `days_past_due`."""
    fields = read_inputs(
        case, "table", "as_of", "on", "days_past_due", "overdue_since", "class_before", "arrears_paid_on", "restructured_on",
        "written_off", "cure_months", "restructure_months",
    )  # fmt: skip
    terms = use_table(ProductTerms(), read_choice(fields, "table", known=TABLE_NAMES, default="2023"))
    terms = replace(
        terms,
        cure_months=fields.whole("cure_months", default=terms.cure_months),
        restructure_months=fields.whole("restructure_months", default=terms.restructure_months),
    )
    if isinstance(fields.get("days_past_due"), list):
        found = [find_class(_standing(fields, late), terms) for late in fields.list_("days_past_due")]
        return Answers(
            classes=lambda: found,
            names=lambda: [CLASS_WORDS[one][0] for one in found],
            names_en=lambda: [CLASS_WORDS[one][1] for one in found],
        )
    late = fields.whole("days_past_due") if "days_past_due" in fields else None
    number = find_class(_standing(fields, late), terms)
    return Answers(**{
        "class": lambda: number, "name": lambda: CLASS_WORDS[number][0], "name_en": lambda: CLASS_WORDS[number][1],
        "non_performing": lambda: number >= 3,
    })  # fmt: skip


def ecl_stage(case: Case) -> Any:
    """The stage of an account, and its expected loss where the case tells probabilities."""
    fields = read_inputs(
        case, "days_past_due", "class", "restructured", "impaired", "pd_now", "pd_at_start", "rebut_30", "rebut_90", "rise_times",
        "rise_least", "claim", "undrawn", "pd_12_months", "pd_lifetime", "lgd", "conversion",
    )  # fmt: skip
    rules = StageRules()
    rules = replace(
        rules,
        rise_times_ppm=_ppm_of(fields, "rise_times", default=rules.rise_times_ppm, whole=PPM),
        rise_least_ppm=_ppm_of(fields, "rise_least", default=rules.rise_least_ppm),
    )
    signs = Signs(
        days_past_due=fields.whole("days_past_due"),
        risk_class=_class(fields, "class"),
        is_restructured=read_flag(fields, "restructured", default=False),
        is_impaired=read_flag(fields, "impaired", default=False),
        pd_now_ppm=_ppm_of(fields, "pd_now") if "pd_now" in fields else None,
        pd_start_ppm=_ppm_of(fields, "pd_at_start") if "pd_at_start" in fields else None,
        rebuts_rise=read_flag(fields, "rebut_30", default=False),
        rebuts_default=read_flag(fields, "rebut_90", default=False),
    )
    if signs.days_past_due < 0:
        raise BadInput("inputs.days_past_due can't be below zero")
    stage = find_stage(signs, rules)
    claim, undrawn = fields.money("claim", default=0), fields.money("undrawn", default=0)
    if claim < 0 or undrawn < 0:
        raise BadInput("inputs.claim and inputs.undrawn can't be below zero")

    def parameters() -> LossParameters:
        year = _ppm_of(fields, "pd_12_months", default=0)
        return LossParameters(
            pd_year_ppm=(year,), pd_life_ppm=(_ppm_of(fields, "pd_lifetime", default=year),),
            lgd_ppm=_ppm_of(fields, "lgd"), conversion_ppm=_ppm_of(fields, "conversion", default=0),
        )  # fmt: skip

    return Answers(
        stage=lambda: stage,
        horizon=lambda: "12_months" if stage == 1 else "lifetime",
        interest_on=lambda: "net" if stage == 3 else "gross",
        exposure=lambda: major(exposure_minor(stage, claim, undrawn, parameters())),
        loss_rate_percent=lambda: major(loss_rate_ppm(stage, 0, parameters()), digits=4),
        expected_loss=lambda: major(
            expected_loss_minor(stage, 0, parameters(), claim_minor=claim, undrawn_minor=undrawn)
        ),
    )


def write_off_evidence(case: Case) -> Any:
    """What a claim still needs before it may be written off."""
    fields = read_inputs(
        case, "claim", "days_past_due", "documents", "attempts", "approved_by", "bands", "asset_search_above"
    )
    needs = Needs(bands=_bands(fields), large_minor=fields.money("asset_search_above", default=2_000_000))
    tried = fields.days("attempts") if "attempts" in fields else []
    # a document that tells no day is no attempt beside those that do
    undated = min(tried, default=SOME_DAY)
    items = [_document(one, undated) for one in (fields.list_("documents") if "documents" in fields else [])]
    items += [_item("contact", day, k) for k, day in enumerate(tried)]
    claim = fields.money("claim")
    approvals = [str(one) for one in (fields.list_("approved_by") if "approved_by" in fields else [])]
    missing = find_missing(
        needs, items, claim_minor=claim, days_past_due=fields.whole("days_past_due"), approvals=approvals
    )
    days, attempts = needs.of_claim(claim)
    return Answers(
        complete=lambda: not missing,
        missing=lambda: sorted({one.code for one in missing}),
        sentences=lambda: [one.sentence for one in missing],
        days_needed=lambda: days,
        attempts_needed=lambda: attempts,
        attempts_counted=lambda: count_attempts(items),
    )


def _class(fields: Fields, name: str) -> int:
    """A class by number or by its name in either language; normal when it is not told."""
    value = fields.get(name)
    known = CLASS_NAMES.get(fold_word(str(1 if value is None else value)))
    if known is None:
        raise BadInput(f"inputs.{name} {value!r} is no class; known: {', '.join(CLASS_NAMES)}")
    return known


def _standing(fields: Fields, late: Any) -> Standing:
    told = find_day(fields, "as_of", "on")
    on = SOME_DAY if told is None else told
    since = find_day(fields, "overdue_since")
    if late is not None:
        if since is not None:
            raise BadInput("inputs tell days_past_due or overdue_since, not both")
        if not isinstance(late, int) or isinstance(late, bool) or late < 0:
            raise BadInput("inputs.days_past_due is a whole number from 0")
        since = on - dt.timedelta(days=late) if late else None
    paid = find_day(fields, "arrears_paid_on")
    if paid is not None and paid > on:
        raise BadInput("inputs.arrears_paid_on lies behind the day that is asked about")
    return Standing(
        on=on,
        overdue_since=since,
        before=_class(fields, "class_before"),
        arrears_paid_on=paid,
        restructured_on=find_day(fields, "restructured_on"),
        is_written_off=read_flag(fields, "written_off", default=False),
    )


def _ppm_of(fields: Fields, name: str, *, default: int | None = None, whole: int = PPM // 100) -> int:
    """Per cent as ppm; with `whole` a plain factor. It must be whole."""
    if default is not None and name not in fields:
        return default
    found = fields.number(name) * whole
    if found.denominator != 1:
        raise BadInput(f"inputs.{name} is finer than one part in a million")
    return int(found)


def _bands(fields: Fields) -> tuple[tuple[int, int, int], ...]:
    if "bands" not in fields:
        return ProductTerms().write_off_bands
    rows = [only(one, "claim_up_to", "days", "attempts") for one in fields.objects("bands")]
    if not rows:
        raise BadInput("inputs.bands is empty")
    return tuple((row.money("claim_up_to"), row.whole("days"), row.whole("attempts")) for row in rows)


def _document(value: Any, undated: dt.date) -> Item:
    """A kind by its name, or an object with `kind` and `on`; `undated` is the day of what tells none."""
    if isinstance(value, str):
        return _item(value, undated, 0)
    row = only(Fields.of(value, "inputs.documents"), "kind", "on")
    told = find_day(row, "on")
    return _item(row.text("kind"), undated if told is None else told, 0)


def _item(kind: str, day: dt.date, place: int) -> Item:
    """A document whose bytes nobody has: its digest is that of its name."""
    kind = fold_word(kind)
    if kind not in KINDS:
        raise BadInput(f"inputs.documents {kind!r} is no kind of evidence; known: {', '.join(KINDS)}")
    name = f"{kind} {day} {place}"
    return Item(kind, day, hashlib.sha256(name.encode()).digest(), name)


__all__ = ["ecl_stage", "five_classes", "write_off_evidence"]
