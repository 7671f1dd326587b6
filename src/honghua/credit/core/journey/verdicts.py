"""What a risk hook says of a step: pass, refuse, or let a person say; with reasons by code and the figures that it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """In rising order of weight: pass, refer (to a person), refuse."""

    PASS = "pass"  # noqa: S105  a word of the verdict, no secret
    REFER = "refer"
    REFUSE = "refuse"


WEIGHT: Final = {Verdict.PASS: 0, Verdict.REFER: 1, Verdict.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class RiskVerdict:
    """One hook's word. reasons: codes of `reasons.REASON_WORDS`; figures: what it saw, plain JSON values, nothing personal."""

    hook: str
    verdict: Verdict = Verdict.PASS
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_pass(self) -> bool:
        """Whether the step may go on."""
        return self.verdict is Verdict.PASS

    def body(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "hook": self.hook, "verdict": self.verdict.value, "reasons": list(self.reasons), "figures": dict(self.figures),
        }  # fmt: skip


PASS: Final = RiskVerdict("nothing asked")


def join_verdicts(first: RiskVerdict, second: RiskVerdict) -> RiskVerdict:
    """Two looks at one step as one word: the graver counts, the reasons of both stand."""
    graver = first if WEIGHT[first.verdict] >= WEIGHT[second.verdict] else second
    return RiskVerdict(
        first.hook if first is not PASS else second.hook,
        graver.verdict,
        tuple(dict.fromkeys((*first.reasons, *second.reasons))),
        {**first.figures, **second.figures},
    )
