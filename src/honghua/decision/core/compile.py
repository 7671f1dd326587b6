"""A policy's text compiled to an immutable bundle, and the bundle applied to vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import kernels
from honghua.decision.core.language.checks import check_policy
from honghua.decision.core.language.columns import judge_columns
from honghua.decision.core.language.expressions import Policy, Rule, canonical_policy
from honghua.decision.core.language.planning import Plan, plan_policy
from honghua.decision.core.language.reading import read_policy
from honghua.decision.core.language.telling import Trace, explain_policy
from honghua.decision.core.outcomes import OUTCOMES, Verdict, Verdicts, rules_in
from honghua.decision.core.problems import PolicyProblems
from honghua.decision.core.vocabulary import AMOUNT, ARM_PREFIX, LIST_PREFIX, Vocabulary, vocabulary_bytes

FORMAT: Final = 1  # of what the digest is made of
BLOCK: Final = 128  # rows that the kernel takes at a time: its registers stay in the second cache
FIGURES: Final = kernels.FIGURES


class Digests(NamedTuple):
    """What a bundle was made against: features, the engine's model, lists, the model of its slot `credit`; empty: none."""

    features: bytes = b""
    model: bytes = b""
    lists: bytes = b""
    credit: bytes = b""


NO_DIGESTS: Final = Digests()


@dataclass(frozen=True, eq=False)
class Bundle:
    """An immutable policy: its text, what the text means, and the plan that runs. `digest` (32 bytes) names it for ever: it covers the
    meaning, the vocabulary and the digests given, not white space or comments."""

    name: str
    source: str
    vocabulary: Vocabulary
    policy: Policy
    plan: Plan
    digest: bytes
    features_digest: bytes = b""
    model_digest: bytes = b""
    lists_digest: bytes = b""
    credit_digest: bytes = b""  # the model that fills the slot `credit` (core.slots.placing)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the vector's places."""
        return self.vocabulary.names

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order in which they run; the place is the number."""
        return self.policy.rules

    @property
    def lists(self) -> tuple[str, ...]:
        """Lists that the policy reads."""
        return self._prepared(LIST_PREFIX)

    @property
    def experiments(self) -> tuple[str, ...]:
        """Experiments whose arms the policy reads."""
        return self._prepared(ARM_PREFIX)

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """The inputs that the plan reads, in the order of the vector."""
        return tuple(self.vocabulary.names[p] for p in sorted(self.plan.places.tolist()))

    def no_rules_off(self) -> NDArray[np.uint8]:
        """A mask with every rule on; set 1 to switch a rule off."""
        return np.zeros(len(self.rules), np.uint8)

    @cached_property
    def registers(self) -> NDArray[np.float64]:
        """Room for `kernels.judge_alone`, with the constants in it."""
        plan = self.plan
        first = len(plan.places)
        room = np.zeros((max(first + len(plan.constants), int(plan.code[:, 1].max(initial=-1)) + 1), 1))
        room[first : first + len(plan.constants), 0] = plan.constants
        return room

    def find_rule(self, name: str) -> Rule | None:
        """A rule by its name, or None."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def _prepared(self, prefix: str) -> tuple[str, ...]:
        return tuple(name.removeprefix(prefix) for name in self.inputs_read if name.startswith(prefix))


def compile_bundle(name: str, source: str, vocabulary: Vocabulary, *, digests: Digests = NO_DIGESTS) -> Bundle:
    """Check and compile a policy; PolicyProblems (all at once, with lines) when the text is not sound."""
    policy, problems = read_policy(name, source, vocabulary)
    problems = problems + check_policy(policy)
    if problems:
        raise PolicyProblems(name, problems)
    return _bundle_of(policy, name, source, vocabulary, digests)


def compile_stored(name: str, source: str, vocabulary: Vocabulary, digests: Digests) -> Bundle:
    """A policy that passed the checks of its day: those of today may be stricter, and its records must stay replayable.

    PolicyProblems when it cannot be read at all.
    """
    policy, problems = read_policy(name, source, vocabulary)
    if any(problem.code != "UNUSED_NAME" for problem in problems):
        raise PolicyProblems(name, problems)
    return _bundle_of(policy, name, source, vocabulary, digests)


def _bundle_of(policy: Policy, name: str, source: str, vocabulary: Vocabulary, digests: Digests) -> Bundle:
    # A bundle without a credit model has the digest that it had before there were any.
    told = digests if digests.credit else digests[:3]
    said = [FORMAT, name, msgspec.Raw(vocabulary_bytes(vocabulary)), canonical_policy(policy), [d.hex() for d in told]]
    digest = hashlib.sha256(msgspec.json.encode(said)).digest()
    return Bundle(name, source, vocabulary, policy, plan_policy(policy, vocabulary), digest, *digests)


def judge(bundle: Bundle, vector: NDArray[np.float64], *, off: NDArray[np.uint8] | None = None) -> Verdict:
    """The verdict on one vector float64[I] (missing = NaN). off uint8[rules]: 1 = switched off (suppressed, braked)."""
    vectors = np.asarray(vector, np.float64).reshape(1, -1)
    assert vectors.shape == (1, len(bundle.vocabulary)), "the vector does not have the bundle's inputs"
    return judge_row(bundle, vectors, 0, bundle.plan.places, off=off)


def judge_row(
    bundle: Bundle,
    inputs: NDArray[np.float64],
    row: int,
    places: NDArray[np.int32],
    *,
    off: NDArray[np.uint8] | None = None,
) -> Verdict:
    """The verdict on one row of inputs float64[n, I], whose columns `places` are those that the plan reads, in its order.

    The same words as those of `judge_batch`; what it costs is for the greater part the call.
    """
    plan = bundle.plan
    mask = plan.all_on if off is None else off
    found = np.empty(FIGURES + 2 * plan.words, np.int64)
    kernels.judge_alone(
        plan.code, places, bundle.registers, plan.rules, plan.figures, mask, inputs, row, found
    )  # fmt: skip
    said: list[int] = found.tolist()
    return _verdict(bundle, said[:FIGURES], said[FIGURES : FIGURES + plan.words], said[FIGURES + plan.words :], mask)


def judge_batch(bundle: Bundle, vectors: NDArray[np.float64], *, off: NDArray[np.uint8] | None = None) -> Verdicts:
    """The verdicts on float64[n, I], C-contiguous; the GIL is not held while the kernel walks."""
    plan = bundle.plan
    mask = bundle.plan.all_on if off is None else off
    assert vectors.shape[1:] == (len(bundle.vocabulary),), "vectors do not have the bundle's inputs"
    assert vectors.dtype == np.float64, "vectors are float64"
    assert vectors.flags.c_contiguous, "vectors are C-contiguous"
    assert mask.dtype == np.uint8, "off is uint8"
    assert mask.shape == (len(bundle.rules),), "off is one flag a rule"
    n = len(vectors)
    figures = np.empty((n, FIGURES), np.int64)
    fired, unknown = np.zeros((n, plan.words), np.uint64), np.zeros((n, plan.words), np.uint64)
    kernels.judge_rows(
        plan.code, plan.places, plan.constants, plan.rules, plan.figures, mask, vectors, min(BLOCK, max(n, 1)), figures,
        fired, unknown,
    )  # fmt: skip
    return Verdicts(figures, fired, unknown, mask)


def verdict_at(bundle: Bundle, verdicts: Verdicts, row: int) -> Verdict:
    """One row of a batch for people and records."""
    fired, unknown = verdicts.fired[row].tolist(), verdicts.unknown[row].tolist()
    return _verdict(bundle, verdicts.figures[row].tolist(), fired, unknown, verdicts.off)


def _verdict(
    bundle: Bundle, figures: Sequence[int], fired: Sequence[int], unknown: Sequence[int], off: NDArray[np.uint8]
) -> Verdict:
    outcome, number, rule, amount_rule, amount_minor, extra_minor = figures
    said = bundle.plan.said[number] if number >= 0 else None
    return Verdict(
        outcome=OUTCOMES[outcome], code="" if said is None else said.code, amount_minor=amount_minor, extra_minor=extra_minor,
        minutes=0 if said is None else said.minutes, detail="" if said is None else said.detail, rule=rule,
        amount_rule=amount_rule, fired=rules_in(fired), unknown=rules_in(unknown),
        off=() if off is bundle.plan.all_on else tuple(np.flatnonzero(off).tolist()),
    )  # fmt: skip


def codes_of(bundle: Bundle, verdicts: Verdicts) -> list[str]:
    """The reason code of every row; empty where nobody spoke."""
    codes = [*(said.code for said in bundle.plan.said), ""]  # -1 is the last
    return [codes[k] for k in verdicts.figures[:, 1].tolist()]


def judge_twin(bundle: Bundle, vectors: NDArray[np.float64], *, off: NDArray[np.uint8] | None = None) -> Verdicts:
    """What `judge_batch` says, worked out over columns without the kernel: for checks."""
    mask = bundle.plan.all_on if off is None else off
    return judge_columns(bundle.policy, bundle.plan.said, bundle.vocabulary.place(AMOUNT), vectors, mask)


def explain(bundle: Bundle, vector: NDArray[np.float64], *, off: NDArray[np.uint8] | None = None) -> Trace:
    """The verdict on one vector, told rule by rule."""
    mask = bundle.plan.all_on if off is None else off
    return explain_policy(bundle.policy, vector.tolist(), bundle.vocabulary.place(AMOUNT), mask.tolist())


def differing(one: Verdicts, other: Verdicts) -> NDArray[np.int64]:
    """Rows on which two runs of the same bundle disagree in anything."""
    same = (
        (one.figures == other.figures).all(1)
        & (one.fired == other.fired).all(1)
        & (one.unknown == other.unknown).all(1)
    )
    return np.flatnonzero(~same)
