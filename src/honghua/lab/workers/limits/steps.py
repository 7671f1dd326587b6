"""The workers of a run about limits: Segmenter, Modeller, Validator, Strategist, Releaser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.agents.api import TABLE, Context, Done, Outcome, Refused, Slot
from honghua.base.errors import BadInput
from honghua.lab.api import CANDIDATE
from honghua.lab.workers.columns_file import pack_columns, unpack_columns
from honghua.lab.workers.limits.book import CUSTOMERS, SLICE, LimitBook
from honghua.lab.workers.limits.question import RESPONSE, WHAT_IF
from honghua.lab.workers.limits.trying import baseline_of, moves_of, say_response, say_what_if
from honghua.limits.response.api import (
    ChoiceTerms,
    ChosenLimits,
    Curves,
    Evidence,
    ResponseVerdict,
    check_response,
    choose_limits,
    learn_response,
)

PPM: Final = 1_000_000
CHECK: Final = "check the responses"
CHOOSE: Final = "choose the limits"
SLICE_PEOPLE_MIN: Final = (
    1_200  # `limits.response` wants 500 to learn from, and half of the slice is never far from half
)
OUTCOMES: Final = {WHAT_IF: "default", RESPONSE: "loss"}  # what each kind of model speaks of


@dataclass(frozen=True, slots=True)
class ReadBook:
    """Says what there is, by content."""

    book: LimitBook
    agent: str = "Segmenter"
    step: str = "read the limit book"
    reads: tuple[Slot, ...] = ()
    writes: tuple[Slot, ...] = (Slot("source"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        source = self.book.source()
        context.write_json("source", source)
        moved = self.book.rows(SLICE)
        people = len(np.unique(moved.rows.person))
        return Done((
            f"{source[CUSTOMERS]['rows']:,} customers to choose for",
            f"{len(moved.arm):,} rows of {people:,} persons whose limits were moved by lot",
        ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class TryModels:
    """What each model says of the slice, which it has not learnt from."""

    book: LimitBook
    agent: str = "Modeller"
    step: str = "try the models"
    reads: tuple[Slot, ...] = (Slot("source"),)
    writes: tuple[Slot, ...] = (Slot("said", TABLE),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        self.book.check_same(context.read_json("source", dict[str, Any]))
        thin = find_thinness(self.book)
        if thin:
            return Refused((thin,))
        columns: dict[str, NDArray[Any]] = {}
        for kind in self.book.question.models:
            seed = int(context.rng("fit", kind).integers(2**31))
            said = (
                say_what_if(self.book, seed=seed) if kind == WHAT_IF
                else say_response(self.book, baseline_of(self.book, seed=seed), seed=seed)
            )  # fmt: skip
            columns |= {f"{kind} {number}": said[:, number] for number in range(said.shape[1])}
        context.write("said", pack_columns(columns))
        return Done(
            tuple(
                f"{kind}: asked about each customer of the slice under each factor"
                for kind in self.book.question.models
            )
        )


def find_thinness(book: LimitBook) -> str:
    """Why the slice says too little: a model is checked on half of its persons, by what the other half has taught."""
    people = len(np.unique(book.rows(SLICE).rows.person))
    if people < SLICE_PEOPLE_MIN:
        return f"the slice has {people:,} persons, {SLICE_PEOPLE_MIN:,} are needed: limits stay as they are until lots have shown more"
    return ""


@dataclass(frozen=True, slots=True)
class CheckResponses:
    """Every model is held against what lots have shown: what is refused is refused with its reason, and one that can choose must pass."""

    book: LimitBook
    agent: str = "Validator"
    step: str = CHECK
    reads: tuple[Slot, ...] = (Slot("source"), Slot("said", TABLE))
    writes: tuple[Slot, ...] = (Slot("response_check"), Slot("leaderboard"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        self.book.check_same(context.read_json("source", dict[str, Any]))
        said, moved, question = unpack_columns(context.read("said")), self.book.rows(SLICE), self.book.question
        verdicts = {}
        for kind in question.models:
            arms = range(len(question.lots.factors_ppm))
            predicted = np.stack([said[f"{kind} {number}"] for number in arms], axis=1).astype(np.float64)
            verdicts[kind] = check_response(predicted, moves_of(moved, question, OUTCOMES[kind]))
        context.write_json("response_check", {kind: tell_verdict(kind, one) for kind, one in verdicts.items()})
        context.write_json("leaderboard", [tell_row(kind, one) for kind, one in verdicts.items()])
        refused = [
            f"{kind} is refused: {one.sentence} [{one.code}]" for kind, v in verdicts.items() for one in v.problems
        ]
        chooser = verdicts.get(RESPONSE)
        if chooser is None or not chooser.passed:
            return Refused((*refused, "no model that passed can say what a limit does: limits stay as they are"))
        low, middle, high = chooser.measured
        told = f"measured by lots {middle:,.0f} [{low:,.0f}, {high:,.0f}] minor units a unit of log-limit"
        return Done((f"{RESPONSE} passed: it says {chooser.predicted:,.0f}, {told}", *refused))


def tell_verdict(kind: str, verdict: ResponseVerdict) -> dict[str, Any]:
    """A verdict as plain values; what is not known (too few rows) is None."""
    numbers = [*verdict.measured, verdict.predicted, verdict.falling_share]
    low, middle, high, predicted, falling = (value if np.isfinite(value) else None for value in numbers)
    return {
        "of": OUTCOMES[kind], "passed": verdict.passed, "measured": [low, middle, high], "predicted": predicted,
        "falling_share": falling, "rows": verdict.rows,
        "problems": [{"code": one.code, "says": one.sentence} for one in verdict.problems],
    }  # fmt: skip


def tell_row(kind: str, verdict: ResponseVerdict) -> dict[str, Any]:
    """A line of the leaderboard: the effect by lots beside what the model says; of default the unit is a chance, of loss minor units."""
    low, middle, high = verdict.measured
    known = bool(np.isfinite([low, middle, high]).all())
    return {
        "name": kind, "kind": kind, "role": "challenger" if kind == RESPONSE else "naive", "passed": verdict.passed,
        f"{OUTCOMES[kind]} by lots": [low, middle, high] if known else None, f"{OUTCOMES[kind]} said": verdict.predicted if known else None,
        "note": "; ".join(one.sentence for one in verdict.problems),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChooseLimits:
    """Each customer's factor within both budgets, by the response that was checked, learnt now from the whole slice."""

    book: LimitBook
    agent: str = "Strategist"
    step: str = CHOOSE
    reads: tuple[Slot, ...] = (Slot("source"), Slot("response_check"))
    writes: tuple[Slot, ...] = (Slot("limits", TABLE), Slot("choice"), Slot("raises"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        self.book.check_same(context.read_json("source", dict[str, Any]))
        question, moved, asked = self.book.question, self.book.rows(SLICE), self.book.rows(CUSTOMERS)
        slice_, costs = question.lots.as_slice(), question.costs
        seed = int(context.rng("fit").integers(2**31))
        response = learn_response(baseline_of(self.book, seed=seed), moved.rows, moved.arm, slice_, seed=seed)
        terms = ChoiceTerms(
            margin_ppm=costs.margin_ppm,
            loss_minor=int(asked.rows.loss_minor.sum()) * costs.loss_share_ppm // PPM,
            drawn_minor=int(asked.rows.used_minor.sum()) * costs.drawn_share_ppm // PPM,
        )
        try:
            chosen = choose_limits(response, asked.rows, Evidence(moved.rows, moved.arm), slice_, terms)
        except BadInput as error:
            if error.code != "BUDGET_INFEASIBLE":
                raise
            return Refused((f"even the smallest limits would cost more than the budgets: {error}",))
        curves = response.curves(asked.rows, list(slice_.factors))
        before, after = asked.rows.limit_minor, chosen.limit_minor
        context.write("limits", pack_columns({
            "customer": list(asked.labels), "person": asked.rows.person, "before_minor": before, "after_minor": after, "arm": chosen.arm,
        }))  # fmt: skip
        raises = {
            label: int(to)
            for label, frm, to in zip(asked.labels, before.tolist(), after.tolist(), strict=True)
            if to > frm
        }
        context.write_json("raises", raises)
        told = tell_choice(chosen, curves, terms, (before, slice_.factors_ppm)) | {"source": costs.source}
        context.write_json("choice", told)
        return Done((
            f"{told['raised']:,} of {len(before):,} customers would be raised, {told['lowered']:,} lowered",
            f"expected loss {told['loss_minor']:,} of {terms.loss_minor:,} minor units",
            f"expected use {told['used_minor']:,} of {terms.drawn_minor:,} minor units",
            f"losses were reckoned {chosen.caution:.2f} times what the curves say: so much more the slice has lost where it was moved so",
        ))  # fmt: skip


def tell_choice(
    chosen: ChosenLimits, curves: Curves, terms: ChoiceTerms, of: tuple[NDArray[np.int64], tuple[int, ...]]
) -> dict[str, Any]:
    """The choice in figures, against leaving every limit as it is."""
    before, factors_ppm = of
    at, same = np.arange(len(chosen.arm)), factors_ppm.index(PPM)
    loss, used = curves.loss_minor * chosen.caution, curves.used_minor

    def earned(arm: NDArray[np.int64] | int) -> float:
        return float((used[at, arm] * terms.margin_ppm / PPM - loss[at, arm]).sum())

    arm = chosen.arm.astype(np.int64)
    return {
        "raised": int((chosen.limit_minor > before).sum()), "lowered": int((chosen.limit_minor < before).sum()),
        "by_factor": {str(ppm): int((arm == place).sum()) for place, ppm in enumerate(factors_ppm)},
        "loss_minor": round(float(loss[at, arm].sum())), "used_minor": round(float(used[at, arm].sum())),
        "loss_budget_minor": terms.loss_minor, "use_budget_minor": terms.drawn_minor, "margin_ppm": terms.margin_ppm,
        "profit_minor": round(earned(arm)), "profit_as_is_minor": round(earned(same)),
        "violation": float(chosen.allocation.violation), "gap": float(chosen.allocation.gap), "caution": chosen.caution,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssembleLimits:
    """The candidate that is signed: everything it stands on by digest, and its figures."""

    book: LimitBook
    agent: str = "Releaser"
    step: str = "assemble the candidate"
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("response_check"), Slot("leaderboard"), Slot("limits", TABLE), Slot("choice"), Slot("raises"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (Slot(CANDIDATE),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        choice = context.read_json("choice", dict[str, Any])
        context.write_json(CANDIDATE, {
            "name": f"lab-{self.book.question.name}", "question": "which limits earn most within the budgets of loss and use",
            "seed": context.seed, "choice": choice, "raises": len(context.read_json("raises", dict[str, int])),
            "artefacts": {name: ref.digest for name, ref in sorted(context.inputs.items())},
        })  # fmt: skip
        return Done(
            (f"{len(context.inputs)} artefacts by digest; only raises are offered, nobody is lowered by an estimate",)
        )


__all__ = ["CHECK", "CHOOSE", "AssembleLimits", "CheckResponses", "ChooseLimits", "ReadBook", "TryModels"]
