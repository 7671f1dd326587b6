"""Running: do the next step that is not done for its inputs, write down what it did, until a person is waited for or nothing is left.

The journal is the only state. A step's artefacts are on disk before its `done` is; whoever dies between leaves work that is done again to
the same digests. So a run may be killed at any moment and goes on by calling `work` again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from honghua.agents.core.entries import Author, AuthorKind, Cost, Entry, What
from honghua.agents.core.standing import Standing, StepState
from honghua.agents.journals import Run
from honghua.agents.signing import Signer
from honghua.agents.speaking import NOBODY, Speaker
from honghua.agents.worker import ROUNDS_MAX, Context, Done, Outcome, Refused, SendBack, Waiting, Worker
from honghua.base.clock import Clock
from honghua.base.errors import BadInput, Conflict, HonghuaError

STARTS_MAX: Final = 5  # a step that killed its process so often is not begun again by itself
STEPS_MAX: Final = 1_000
RUNNER: Final = Author(AuthorKind.AGENT, "runner")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may cost in all, looked at before each step; None = not bounded."""

    seconds: float | None = None
    tokens: int | None = None
    money_micro: int | None = None

    def find_excess(self, cost: Cost) -> str:
        """Which bound is reached, in words; "" when none is."""
        pairs = (
            ("seconds", cost.seconds, self.seconds),
            ("tokens", cost.tokens, self.tokens),
            ("money", cost.money_micro, self.money_micro),
        )
        return next(
            (f"{name}: {spent:,} of {most:,}" for name, spent, most in pairs if most is not None and spent >= most), ""
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps of a run in order: a worker reads what earlier ones write. signs: the artefact that is signed as soon as it is there;
    verdict: what a run that ends well says."""

    name: str
    workers: tuple[Worker, ...]
    signs: str = ""
    verdict: str = "done"
    rounds_max: int = ROUNDS_MAX
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        """BadInput for two steps of one name, two writers of one artefact, or an input that no earlier step writes."""
        known: set[str] = set()
        steps = [one.step for one in self.workers]
        for worker in self.workers:
            lacking = [slot.name for slot in worker.reads if slot.name not in known]
            twice = [slot.name for slot in worker.writes if slot.name in known]
            if lacking or twice or steps.count(worker.step) > 1:
                raise BadInput(
                    f"flow {self.name}, step {worker.step}: reads {lacking} that nobody wrote, writes {twice} twice",
                    code="BAD_FLOW",
                )
            known |= {slot.name for slot in worker.writes}


def tell_nobody(entry: Entry) -> None:
    """For runs that nobody watches."""


@dataclass(frozen=True, slots=True)
class Means:
    """What running needs of the world. told: hears each entry after it is on disk; signer: needed where a flow signs."""

    clock: Clock
    scratch: Path
    signer: Signer | None = None
    speaker: Speaker = field(default_factory=lambda: NOBODY)
    told: Callable[[Entry], None] = tell_nobody


@dataclass(frozen=True, slots=True)
class Opening:
    """How a run begins. flow: its name; params: plain JSON that the flow's workers read; why, author: what or who asked for it."""

    flow: str
    seed: int
    why: str
    params: Mapping[str, Any] = field(default_factory=dict)
    author: Author = RUNNER


def begin(run: Run, opening: Opening, *, clock: Clock) -> Standing:
    """Write the first entry, or find the run begun like this; Conflict when it was begun as another."""
    standing = run.standing()
    params = dict(opening.params)
    if standing.count:
        if (standing.flow, standing.seed, dict(standing.params)) != (opening.flow, opening.seed, params):
            raise Conflict(f"run {standing.run} was begun with other settings; take another folder", code="RUN_DIFFERS")
        return standing
    detail = {"flow": opening.flow, "seed": opening.seed, "params": params}
    run.append(clock, What.OPENED, opening.author, reasons=(opening.why,), detail=detail)
    return run.standing()


def work(run: Run, flow: Flow, means: Means, *, steps_max: int = STEPS_MAX) -> Standing:
    """Go on until the run ends or waits for a person, for at most `steps_max` steps; what a worker raises is written down first."""
    standing = run.standing()
    if not standing.count:
        raise BadInput("this run was never opened", code="RUN_UNKNOWN")
    if standing.flow != flow.name:
        raise Conflict(f"run {standing.run[:16]} is of the flow {standing.flow}, not {flow.name}", code="RUN_DIFFERS")
    for _ in range(steps_max):
        _sign(run, flow, means, standing)
        worker = None if standing.ended else find_next(flow, standing)
        if worker is None:
            break
        excess = flow.budget.find_excess(standing.cost)
        if excess:
            means.told(
                run.append(means.clock, What.REFUSED, RUNNER, reasons=(f"the run's budget is spent ({excess})",))
            )
            return run.standing()
        if not _do(run, flow, means, worker):
            return run.standing()
        standing = run.standing()
    standing = run.standing()
    if not standing.ended and find_next(flow, standing) is None:
        means.told(run.append(means.clock, What.CLOSED, RUNNER, reasons=(flow.verdict,)))
    return run.standing()


def find_next(flow: Flow, standing: Standing) -> Worker | None:
    """The first step that is not done for its inputs as they are now; None when all are."""
    for worker in flow.workers:
        inputs = {
            slot.name: standing.current[slot.name].digest for slot in worker.reads if slot.name in standing.current
        }
        if len(inputs) == len(worker.reads) and not standing.step(worker.step).is_done_for(inputs):
            return worker
    return None


def answer(run: Run, *, step: str, person: str, approved: bool, why: str, clock: Clock) -> Entry:
    """A person's word on what a run waits for; Conflict when it does not wait at that step, BadInput without a name or a reason."""
    standing = run.standing()
    waiting = standing.waiting
    if not person.strip() or not why.strip():
        raise BadInput("an answer carries a name and a reason", code="PERSON_OR_REASON_MISSING")
    if waiting is None or waiting.step != step or standing.ended:
        raise Conflict(f"this run does not wait at {step!r}", code="RUN_NOT_WAITING")
    if is_answered(standing):
        raise Conflict(f"somebody has answered at {step!r} already", code="RUN_NOT_WAITING")
    detail = {"approved": approved, "subject": str(waiting.detail["subject"])}
    author = Author(AuthorKind.HUMAN, person)
    return run.append(clock, What.ANSWERED, author, step=step, turn=waiting.turn, reasons=(why,), detail=detail)


def is_answered(standing: Standing) -> bool:
    """Whether a person has said something about what the run waits for."""
    waiting = standing.waiting
    return waiting is not None and any(
        one.subject == waiting.detail["subject"] for one in standing.step(waiting.step).answers
    )


def _do(run: Run, flow: Flow, means: Means, worker: Worker) -> bool:
    """One step; False when the run now waits or has ended."""
    standing = run.standing()
    state = standing.step(worker.step)
    if standing.waiting is not None and standing.waiting.step == worker.step and not is_answered(standing):
        return False
    if state.starts >= STARTS_MAX:
        raise Conflict(
            f"{worker.step} was begun {state.starts} times and never came to an end: look at it first", code="STEP_DIES"
        )
    author = Author(AuthorKind.AGENT, worker.agent)
    context = _make_context(run, means, standing, worker)
    inputs, turn = tuple(context.inputs.values()), state.ends + 1
    means.told(run.append(means.clock, What.STARTED, author, step=worker.step, turn=turn, inputs=inputs))
    started = time.perf_counter()
    try:
        outcome = worker.run(context)
    except HonghuaError as error:
        cost = _cost(context, started)
        means.told(
            run.append(
                means.clock,
                What.FAILED,
                author,
                inputs=inputs,
                reasons=(str(error),),
                cost=cost,
                step=worker.step,
                turn=turn,
            )
        )
        raise
    finally:
        shutil.rmtree(context.scratch, ignore_errors=True)
    return _write_down(run, flow, means, (worker, context, outcome, _cost(context, started)))


def _make_context(run: Run, means: Means, standing: Standing, worker: Worker) -> Context:
    state: StepState = standing.step(worker.step)
    scratch = means.scratch / standing.run[:16] / worker.step.replace(" ", "-")
    shutil.rmtree(scratch, ignore_errors=True)  # of an attempt that died
    scratch.mkdir(parents=True)
    inputs = {}
    for slot in worker.reads:
        ref = standing.current[slot.name]
        assert ref.kind == slot.kind, f"{worker.step} reads {slot.name} as {slot.kind}, which is {ref.kind}"
        inputs[slot.name] = ref
    return Context(
        run.artefacts, inputs, {slot.name: slot for slot in worker.writes}, scratch, standing.seed, standing.params, worker.step,
        state.remarks, state.answers, means.speaker,
    )  # fmt: skip


def _write_down(run: Run, flow: Flow, means: Means, did: tuple[Worker, Context, Outcome, Cost]) -> bool:
    worker, context, outcome, cost = did
    state = run.standing().step(worker.step)
    author = Author(AuthorKind.AGENT, worker.agent)
    told: dict[str, Any] = {"step": worker.step, "turn": state.ends + 1, "inputs": tuple(context.inputs.values())}
    detail: dict[str, Any] = {"transcripts": [ref.digest for ref in context.transcripts]} if context.transcripts else {}
    if isinstance(outcome, Waiting):
        detail |= {"subject": context.inputs[outcome.subject].digest}
        means.told(run.append(means.clock, What.WAITING, author, reasons=(outcome.asks,), detail=detail, **told))
        return False
    told |= {"outputs": tuple(context.outputs.values()), "reasons": outcome.reasons, "cost": cost}
    if isinstance(outcome, Done):
        lacking = [name for name in context.writes if name not in context.outputs]
        assert not lacking, f"{worker.step} is done and did not write {lacking}"
        means.told(run.append(means.clock, What.DONE, outcome.author or author, detail=detail, **told))
        return True
    if isinstance(outcome, SendBack):
        return _send_back(run, flow, means, (outcome, author, told, detail))
    assert isinstance(outcome, Refused)
    means.told(run.append(means.clock, What.REFUSED, outcome.author or author, detail=detail, **told))
    return False


def _send_back(
    run: Run, flow: Flow, means: Means, said: tuple[SendBack, Author, dict[str, Any], dict[str, Any]]
) -> bool:
    outcome, author, told, detail = said
    steps = [worker.step for worker in flow.workers]
    assert outcome.to in steps[: steps.index(told["step"])], (
        f"{told['step']} sends work back to {outcome.to}, which is no earlier step"
    )
    means.told(
        run.append(means.clock, What.SENT_BACK, outcome.author or author, detail={**detail, "to": outcome.to}, **told)
    )
    if len(run.standing().step(outcome.to).remarks) <= flow.rounds_max:
        return True
    reasons = (f"{outcome.to} was sent back more than {flow.rounds_max} times; the last time:", *outcome.reasons)
    means.told(run.append(means.clock, What.REFUSED, RUNNER, reasons=reasons))
    return False


def _sign(run: Run, flow: Flow, means: Means, standing: Standing) -> None:
    """Sign what the flow signs, once for each content; done again where a run died between the artefact and its signature."""
    ref = standing.current.get(flow.signs)
    if ref is None or ref.digest in standing.signed or standing.ended:
        return
    if means.signer is None:
        raise BadInput(f"the flow {flow.name} signs {flow.signs} and has no key", code="KEY_MISSING")
    means.told(run.sign(means.clock, means.signer, ref))


def _cost(context: Context, started: float) -> Cost:
    return context.cost + Cost(seconds=round(time.perf_counter() - started, 3))


__all__ = ["Budget", "Flow", "Means", "Opening", "answer", "begin", "find_next", "is_answered", "work"]
