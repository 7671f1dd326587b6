"""What is wrong with the text of a policy: all of it at once, each with its line and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from honghua.base.errors import BadInput


@dataclass(frozen=True, slots=True, order=True)
class PolicyProblem:
    """One thing wrong: the line of the text (1-based), a stable code, and a sentence that says what to do."""

    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message} [{self.code}]"


class PolicyProblems(BadInput):
    """The text is not a policy yet; `problems` in the order of lines."""

    code = "POLICY_INVALID"

    def __init__(self, name: str, problems: Iterable[PolicyProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(f"policy {name}: {len(self.problems)} problem(s)\n" + "\n".join(map(str, self.problems)))
