"""The Strategist: cut-offs on the frontier of approval, loss and profit, and what they mean for a policy that judges now.

The strategy judges people by a chance that is computed once for everybody, so its policy reads two lists: who is to be looked at by a
person, and who is to be refused. The lists are part of the candidate; the policy text is that of the frame plus two rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.agents.api import FOLDER, JSON, TABLE, TEXT, Context, Done, Outcome, Refused, SendBack, Slot
from honghua.base.errors import BadInput, Refusal
from honghua.decision.core import POLICIES, compile_bundle, engine_vocabulary, find_leaks
from honghua.lab.fitting.api import load_candidates, score
from honghua.lab.strategy.api import (
    FLOORS_CHECK,
    Group,
    Orders,
    Plan,
    Strategy,
    diff_policies,
    draw_strategy,
    read_plan,
    swap_set,
)
from honghua.lab.workers.columns_file import unpack_columns
from honghua.lab.workers.joint import compare_jointly
from honghua.lab.workers.modeller import make_table
from honghua.lab.workers.protecting import read_groups
from honghua.lab.workers.question import Question
from honghua.lab.workers.segmenter import Events, read_drawn
from honghua.models.examining.api import Groups

Floats = NDArray[np.float64]
AGENT: Final = "Strategist"
REVIEW_LIST: Final = "lab_review"
REFUSE_LIST: Final = "lab_refuse"
LISTS: Final = {"review": REVIEW_LIST, "refuse": REFUSE_LIST}  # an action of the plan → the list of those whom it meets
LANE: Final = "with exclusions:"
RULES: Final = f"""\
    judged_risky = refuse("RISK_REFUSED", when=on_list("{REFUSE_LIST}"))
    judged_doubtful = review("RISK_REVIEW", queue="credit", when=on_list("{REVIEW_LIST}"))
"""
ON_LIST: Final = re.compile(r'on_list\("([a-z0-9_]+)"\)')
DEFAULT_FRAME: Final = "account-rules"
DRAW: Final = "draw the strategy"
LOSS: Final = "loss budget"  # the strategy's own check, which is against its own, perhaps tightened, budget
PPM: Final = 1_000_000


def read_frame(told: str) -> str:
    """The policy that the candidate is added to: a shipped one by its name, or a file."""
    if told in POLICIES:
        return POLICIES[told]
    try:
        return Path(told).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"no policy {told}: {error}; shipped are {', '.join(POLICIES)}", code="FILE_UNREADABLE"
        ) from error


def add_rules(frame: str) -> str:
    """The frame with the two rules at the end of its lane of exclusions; BadInput where it has none, or has them already."""
    lines = frame.splitlines(keepends=True)
    starts = [place for place, line in enumerate(lines) if line.rstrip() == LANE]
    if len(starts) != 1 or "judged_risky" in frame:
        raise BadInput(f"the frame needs one lane {LANE!r} and no rule judged_risky", code="NO_LANE")
    end = starts[0] + 1
    while end < len(lines) and lines[end].startswith((" ", "\t")):
        end += 1
    return "".join(lines[:end]) + RULES + "".join(lines[end:])


@dataclass(frozen=True, slots=True)
class DrawStrategy:
    """Chosen on rows that the models did not learn from (out of fold), told on later rows."""

    events: Events
    question: Question
    frame: str = DEFAULT_FRAME
    agent: str = AGENT
    step: str = DRAW
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("rows", TABLE), Slot("table", TABLE), Slot("segments"), Slot("segment_codes", TABLE),
        Slot("candidates", FOLDER), Slot("out_of_fold", TABLE), Slot("examination"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (
        Slot("strategy"),
        Slot("swap_set"),
        Slot("joint"),
        Slot("policy", TEXT),
        Slot("diff", TEXT),
        Slot("cuts"),
    )

    def run(self, context: Context) -> Outcome:
        """See the class."""
        plan = tighten(read_plan(self.question.plan), [one.reasons for one in context.remarks])
        self.events.check_same(context.read_json("source", dict[str, Any]))
        develop, report = draw_orders(context, self.events)
        found = draw_strategy(develop, report, plan, name=f"lab-{self.question.name}")
        if isinstance(found, Refusal):
            return Refused((found.sentence,))
        frame = read_frame(self.frame)
        policy = add_rules(frame)
        everybody = np.ones(len(report), np.bool_)
        context.write_json("strategy", found.as_json())
        context.write_json("swap_set", swap_set(report, everybody, found.lets_pass(report), plan).as_json())
        joint = compare_jointly(found, read_variables(context), (develop, report), context.rng("joint"))
        context.write_json("joint", joint)
        context.write("policy", policy.encode())
        context.write("diff", "\n".join(diff_policies(frame, policy)).encode())
        context.write_json("cuts", {
            "chance": found.grid.chance.tolist(), "amount_minor": found.grid.amount_minor.tolist(),
            "actions": [plan.actions[number].name for number in found.actions.tolist()],
        })  # fmt: skip
        return Done((*tell_strategy(found), tell_joint(joint)))


def tighten(plan: Plan, remarks: Sequence[Sequence[str]]) -> Plan:
    """The plan that asks for more of what did not hold, once for each remark: what holds where cut-offs are chosen and not on later rows
    was chosen too finely. A fifth less loss, a twentieth of the way to everybody's approval, a tenth fewer good orders turned away, a
    fifth of the way to equal approval shares."""
    kept = plan.constraints
    for remark in remarks:
        if any(one.startswith(LOSS) for one in remark):
            kept = replace(kept, loss_ppm=kept.loss_ppm * 4 // 5)
        if any(one.startswith(FLOORS_CHECK) and "approved" in one for one in remark):
            kept = replace(kept, approved_ppm=kept.approved_ppm + (PPM - kept.approved_ppm) // 20)
        if any(one.startswith(FLOORS_CHECK) and "refused_good" in one for one in remark):
            kept = replace(kept, refused_good_ppm=kept.refused_good_ppm * 9 // 10)
        if any("fairness" in one for one in remark):
            kept = replace(kept, fairness_ppm=kept.fairness_ppm + (PPM - kept.fairness_ppm) // 5)
    return replace(plan, constraints=kept)


def tell_strategy(found: Strategy) -> tuple[str, ...]:
    """What it promises and what it keeps, on rows that it was not chosen on."""
    approved, loss = found.figures["approved_share"], found.figures["loss_share"]
    kept = f"{loss.mid:.2%} of the amount is lost (interval {loss.low:.2%} … {loss.high:.2%})"
    floors = [one for one in found.scorecard if one.is_asked]
    least = min(floors, key=lambda one: one.room)
    nearest = f"{least.figure} {least.promised:.2%}, {least.side} {least.bound:.2%}"
    return (
        f"{approved.mid:.1%} pass without anybody's doing, {kept}",
        f"{len(floors)} floors of growth, protection and risk are kept; the nearest: {nearest}",
        f"the budget of loss is {found.plan.constraints.loss_ppm / 10_000:g}%: {found.plan.constraints.source}",
    )


def tell_joint(joint: Mapping[str, Any]) -> str:
    """What both goals gain over a rule of one variable, in a sentence."""
    if "why" in joint:
        return str(joint["why"])
    good, lost = (joint[name]["difference"] for name in ("good_passed", "bad_amount_passed"))
    return (
        f"{joint['strategy']} beside the rule {joint['rule']}: good orders that pass {good[1]:+.1%} [{good[0]:+.1%} … {good[2]:+.1%}], "
        f"bad amounts that pass {lost[1]:+.1%} [{lost[0]:+.1%} … {lost[2]:+.1%}]"
    )


def read_variables(context: Context) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The computed variables of the rows to choose on (those with an out-of-fold chance) and of the later ones; NaN = no value."""
    drawn, columns = read_drawn(context), unpack_columns(context.read("table"))
    rows = unpack_columns(context.read("out_of_fold"))["row"]
    plain = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    return (
        {name: values[drawn.part == 0][rows] for name, values in plain.items()},
        {name: values[drawn.part == 1] for name, values in plain.items()},
    )


def draw_orders(context: Context, events: Events) -> tuple[Orders, Orders]:
    """(out-of-fold rows to choose on, later rows to tell on); what people owe is the amount. Protected traits bound the choice and are told
    of it; no cut-off reads them."""
    drawn = read_drawn(context)
    folds = unpack_columns(context.read("out_of_fold"))
    owed = drawn.owed_minor[drawn.part == 0][folds["row"]]
    splits = [split_by(one, folds["row"]) for one in read_groups(events, drawn, part=0)]
    develop = Orders(folds["challenger"], folds["y"].astype(np.uint8), owed, protected=tuple(splits))
    later = drawn.part == 1
    scored = score(load_candidates(context.lay("candidates")), make_table(context, drawn, 1))
    return develop, Orders(
        scored.challenger, drawn.bad[later].astype(np.uint8), drawn.owed_minor[later],
        protected=tuple(split_by(one, np.arange(int(later.sum()))) for one in read_groups(events, drawn, part=1)),
    )  # fmt: skip


def split_by(groups: Groups, rows: NDArray[np.int64]) -> Group:
    """A protected trait of some rows as the strategist compares it."""
    return Group(groups.name, groups.codes[rows].astype(np.int32), groups.words)


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """The Validator's look at the strategy: its own checks on later rows, the policy's static checks, the account's rules kept."""

    question: Question
    agent: str = "Validator"
    step: str = "check the policy"
    reads: tuple[Slot, ...] = (Slot("strategy"), Slot("policy", TEXT), Slot("cuts"))
    writes: tuple[Slot, ...] = (Slot("policy_check", JSON),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        strategy = context.read_json("strategy", dict[str, Any])
        source = context.read("policy").decode()
        vocabulary = engine_vocabulary(
            lists=tuple(dict.fromkeys(ON_LIST.findall(source)))
        )  # which lists there are is the desk's to know
        bundle = compile_bundle("lab candidate", source, vocabulary)  # PolicyProblems names every line that is wrong
        leaks = find_leaks(bundle, vocabulary)
        budget, loss = read_plan(self.question.plan).constraints.loss_ppm / PPM, strategy["figures"]["loss_share"]
        failed = [
            f"{one['name']}: {one['problem']}"
            for one in strategy["checks"]
            if not one["passed"] and one["name"] != LOSS
        ]
        if loss[0] > budget:
            failed.append(f"{LOSS}: {loss[1]:.4f} of the amount is lost on later rows, the budget is {budget:.4f}")
        problems = [*failed, *(f"the policy does not always refuse with {leak}" for leak in leaks)]
        report = {
            "checks": strategy["checks"],
            "leaks": list(leaks),
            "passed": not problems,
            "inputs": list(bundle.inputs),
        }
        context.write_json("policy_check", report)
        if leaks:
            return Refused(tuple(problems))
        if problems:
            return SendBack(DRAW, tuple(problems))
        return Done(
            (f"{len(strategy['checks'])} checks of the strategy hold on later rows; the account's rules are kept",)
        )


__all__ = ["LISTS", "REFUSE_LIST", "REVIEW_LIST", "CheckPolicy", "DrawStrategy", "add_rules", "read_frame"]
