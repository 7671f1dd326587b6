"""The fit as a few steps: keep report rows away, screen columns, cross-fit, choose, fit, examine, fit again on all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.lab.fitting.candidates import Candidates, Pair, Predictions, Step, judge, measure
from honghua.lab.fitting.crossfit import (
    CARD,
    FIELDS_MAX,
    CrossFit,
    Matter,
    Shares,
    add_up,
    choose_shares,
    cross_fit,
    fit_card,
    fit_forest,
    probability_of,
)
from honghua.lab.fitting.folds import draw_folds, draw_sample, find_groups, split_report
from honghua.lab.fitting.screening import Dropped, Screening, screen, tell_noise
from honghua.lab.fitting.settings import FitSettings, Plan, plan_for
from honghua.lab.tables.api import Table, describe, encode
from honghua.models.api import Calibration, CalibrationKind, Forest, build_model, log_loss
from honghua.models.scorecard.api import blend_boosters, calibrated

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Progress = Callable[[str], None]

SLICES: Final = 12
HELP_ERRORS: Final = 1.0  # doubtful columns help when the gain in log loss is so many standard errors over the folds
ROUNDS_MORE: Final = 1.1  # a fit on all rows may take so many times the trees of a fit on all folds but one


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What the cross-fitting of some rows chose: rounds, pairs, shares; places of those rows, and each ingredient's margins of them."""

    found: CrossFit
    shares: Shares
    places: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What the rows of one table taught: the columns, the rows as they are fitted on, what was chosen, the pair; sentences per step."""

    screening: Screening
    matter: Matter
    chosen: Chosen
    pair: Pair
    steps: tuple[Step, ...]


def fit_candidates(table: Table, settings: FitSettings, *, progress: Progress | None = None) -> Candidates:
    """Fit champion and challenger on a table with a target; BadInput with a sentence when that cannot be done."""
    say = progress or (lambda _: None)
    plan = settings.plan or plan_for(table.rows, len(table.columns))
    share = min(settings.report_share, plan.report_share_max)
    split = split_report(table, share=share, seed=settings.seed)
    development, kept = split.development, split.report
    steps = [Step("split", f"{len(development):,} rows to fit on, {len(kept):,} kept for the report ({split.told})")]
    learnt = learn(table.take(development), settings, plan, progress=say)
    report = speak(learnt.pair, make_matter(table.take(kept), learnt.screening, settings, plan), kept)
    figures = measure("scorecard", report.y, report.champion), measure("forest", report.y, report.challenger)
    steps += [*learnt.steps, Step("examine", f"both were asked about {len(kept):,} rows that they had not seen")]
    pair = learnt.pair
    if settings.refit and plan.refit:
        say("refit: on all rows")
        whole = replace(make_matter(table, learnt.screening, settings, plan), groups=find_groups(table))
        again = choose(whole, without_memory(plan, table)) if plan.again else learnt.chosen
        pair = fit_pair(whole, again, plan)
        steps.append(
            Step("refit", f"both fitted again on all {table.rows:,} rows; the figures are those of the examined ones")
        )
    difference, verdict = judge(report, figures, learnt.screening)
    steps.append(Step("judge", verdict))
    told = {
        "size": plan.size, "shares": dict(learnt.chosen.shares.of), "rounds": dict(learnt.chosen.found.rounds),
        "card": learnt.chosen.found.form.told, "target_by_time": rate_by_time(table),
    }  # fmt: skip
    return Candidates(
        learnt.matter.schema, pair, learnt.pair, development, tell_out_of_fold(learnt.chosen, learnt.matter, development), report,
        learnt.screening, *figures, difference, tuple(steps), verdict, told,
    )  # fmt: skip


def learn(table: Table, settings: FitSettings, plan: Plan, *, progress: Progress) -> Learnt:
    """Screen, cross-fit, choose and fit on all rows of a table."""
    _check_directions(table, settings)
    steps = []

    def done(name: str, what: str) -> None:
        steps.append(Step(name, what))
        progress(f"{name}: {what}")

    threads = min(settings.threads, plan.threads)
    screening = screen(table, seed=settings.seed, leave_out=settings.leave_out, trust=settings.trust, threads=threads)
    groups = find_groups(table)
    screening, told = weigh_doubtful(table, screening, plan, settings, groups=groups)
    done("screen", told)
    if not screening.accepted:
        raise BadInput("no column is left that says anything about the target", code="NO_COLUMNS")
    matter = replace(make_matter(table, screening, settings, plan), groups=groups)
    plan = without_memory(plan, table)
    chosen = choose(matter, plan)
    done("choose", tell_choice(chosen, plan))
    pair = fit_pair(matter, chosen, plan)
    done("fit", f"both candidates fitted on {table.rows:,} rows")
    return Learnt(screening, matter, chosen, pair, tuple(steps))


def without_memory(plan: Plan, table: Table) -> Plan:
    """The plan without boosted pairs where rows have times but no ids: the same person's rows of several dates would stand in several
    folds, and what can tell persons apart by pairs of fine ranges would seem to foretell what it only remembers."""
    return plan if table.time is None or table.ids is not None else replace(plan, pairs=None)


def make_matter(table: Table, screening: Screening, settings: FitSettings, plan: Plan) -> Matter:
    """The rows of the accepted columns as they are fitted on."""
    schema = describe(table, screening.accepted)
    ranked = sorted(schema.names, key=lambda name: (-screening.singles[name].auc, name))
    monotone = {name: way for name, way in settings.monotone.items() if name in schema.names and way}
    threads = min(settings.threads, plan.threads)
    x = encode(table, schema)
    return Matter(x, table.labels, schema, monotone, tuple(ranked[:FIELDS_MAX]), settings.seed, threads)


def choose(matter: Matter, plan: Plan) -> Chosen:
    """Cross-fit (on a sample of a long table) and choose."""
    places = draw_sample(matter.y, rows=plan.tune_rows, seed=matter.seed, name="tune")
    part = matter.take(places)
    ones = int(part.y.sum())
    count = max(2, min(plan.folds, ones, len(part.y) - ones))
    folds = draw_folds(part.y, count=count, seed=matter.seed, name="tune", groups=part.groups)
    found = cross_fit(part, folds, plan)
    return Chosen(found, choose_shares(found, part.y), places)


def fit_pair(matter: Matter, chosen: Chosen, plan: Plan) -> Pair:
    """Both candidates on all rows of the matter."""
    card = fit_card(matter, chosen.found.form, plan)
    champion = calibrated(card, chosen.shares.card_line)
    texts = []
    for recipe in plan.recipes:
        share = chosen.shares.of.get(recipe.name, 0.0)
        if share:
            rounds = max(1, round(ROUNDS_MORE * chosen.found.rounds[recipe.name]))
            bag = (fit_forest(matter, recipe, rounds=rounds, number=k) for k in range(plan.bag))
            texts += [(trained.booster_text, share / plan.bag) for trained in bag]
    if not texts:  # the scorecard alone is best: a booster of no weight lends its head
        texts = [(fit_forest(matter, plan.recipes[0], rounds=1, number=0).booster_text, 0.0)]
    cards = [(card, chosen.shares.of[CARD])] if chosen.shares.of.get(CARD) else []
    forest = Forest.from_text(blend_boosters(texts, cards=cards), names=matter.schema.names)
    slope, shift = chosen.shares.line
    line = Calibration(CalibrationKind.LOGISTIC, np.array([slope]), np.array([shift]))
    return Pair(champion, build_model(forest, calibration=line))


def speak(pair: Pair, matter: Matter, rows: Int64) -> Predictions:
    """What both say of the rows of a matter; `rows` are their places in the table."""
    return Predictions(rows, matter.y, pair.champion.predict(matter.x), pair.challenger.predict(matter.x))


def tell_out_of_fold(chosen: Chosen, matter: Matter, development: Int64) -> Predictions:
    """The cross-fitted margins as probabilities; places are those of the table."""
    rows = development[chosen.places]
    card, sum_ = chosen.found.margins[CARD], add_up(chosen.found.margins, chosen.shares.of)
    said = [
        probability_of(line[0] * margins + line[1])
        for margins, line in ((card, chosen.shares.card_line), (sum_, chosen.shares.line))
    ]
    return Predictions(rows, matter.y[chosen.places], *said)


def weigh_doubtful(
    table: Table, screening: Screening, plan: Plan, settings: FitSettings, *, groups: Int64 | None
) -> tuple[Screening, str]:
    """Doubtful columns are used when a forest foretells rows it has not seen better with them; else they are dropped as noise."""
    names = (*screening.accepted, *screening.doubtful)
    helped = ""
    dropped: list[Dropped] = []
    accepted, doubtful = screening.accepted, screening.doubtful
    if doubtful and (not accepted or _do_help(table, screening, plan, settings, groups=groups)):
        accepted, helped = (
            tuple(name for name in table.names if name in names),
            f"; {len(doubtful)} in doubt help out of fold and are kept",
        )
    else:
        dropped, doubtful = [tell_noise(screening.singles[name]) for name in doubtful], ()
    told = replace(screening, accepted=accepted, doubtful=doubtful, dropped=(*screening.dropped, *dropped))
    out = sum(1 for one in screening.suspected if one.left_out)
    return (
        told,
        f"{len(accepted)} of {len(table.columns) + len(table.unread)} columns accepted, {out} left out as leaks{helped}",
    )


def _do_help(table: Table, screening: Screening, plan: Plan, settings: FitSettings, *, groups: Int64 | None) -> bool:
    recipe = plan.recipes[0]
    losses = []
    for names in (screening.accepted, (*screening.accepted, *screening.doubtful)):
        matter = replace(make_matter(table, replace(screening, accepted=names), settings, plan), groups=groups)
        matter = matter.take(draw_sample(matter.y, rows=plan.tune_rows, seed=matter.seed, name="doubt"))
        folds = draw_folds(matter.y, count=plan.folds, seed=matter.seed, name="doubt", groups=matter.groups)
        found = cross_fit(matter, folds, replace(plan, recipes=(recipe,), crosses=()))
        p = probability_of(found.margins[recipe.name])
        losses.append([log_loss(matter.y[folds == k], p[folds == k]) for k in range(plan.folds)])
    gain = np.array(losses[0]) - np.array(losses[1])
    return bool(gain.mean() > HELP_ERRORS * gain.std(ddof=1) / np.sqrt(len(gain)))


def rate_by_time(table: Table) -> list[dict[str, Any]]:
    """Rows and target rate in slices of about equal size, in order of time; none without a time."""
    if table.time is None:
        return []
    order = np.argsort(table.time, kind="stable")
    told = []
    for part in np.array_split(order, SLICES):
        if len(part):
            ends = {"from": int(table.time[part[0]]), "to": int(table.time[part[-1]])}
            told.append({**ends, "rows": len(part), "rate": round(float(table.labels[part].mean()), 6)})
    return told


def tell_choice(chosen: Chosen, plan: Plan) -> str:
    """What the challenger is made of, in words."""
    total = sum(chosen.shares.of.values())
    parts = [f"{name} {share / total:.0%}" for name, share in chosen.shares.of.items() if share]
    made = f"challenger = {' + '.join(parts)}; scorecard {chosen.found.form.told}"
    return f"{plan.folds} folds of {len(chosen.places):,} rows; {made}"


def _check_directions(table: Table, settings: FitSettings) -> None:
    for name, way in settings.monotone.items():
        if way not in (-1, 0, 1) or table.column(name).kind.has_words:
            raise BadInput(
                f"a direction is +1 or -1 and needs a column of numbers: {name} = {way}", code="BAD_DIRECTION"
            )


__all__ = ["Learnt", "choose", "fit_candidates", "fit_pair", "learn", "make_matter", "speak", "weigh_doubtful"]
