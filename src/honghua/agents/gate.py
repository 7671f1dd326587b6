"""The one human step: a worker that waits until a person has looked at an artefact and said yes or no."""

from __future__ import annotations

from dataclasses import dataclass, field

from honghua.agents.core.entries import Author, AuthorKind
from honghua.agents.worker import Context, Done, Outcome, Refused, SendBack, Slot, Waiting


@dataclass(frozen=True, slots=True)
class HumanGate:
    """Waits for a word on `subject`. A yes is kept as the artefact `approval`; a no ends the run, or sends the work back to `back_to`.

    The word counts for the subject as it was: when the work was done again meanwhile, the gate asks again.
    """

    step: str
    subject: Slot
    asks: str
    back_to: str = field(default="")
    agent: str = field(default="gatekeeper")

    @property
    def reads(self) -> tuple[Slot, ...]:
        """What the person looks at."""
        return (self.subject,)

    @property
    def writes(self) -> tuple[Slot, ...]:
        """The yes."""
        return (Slot("approval"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        answer = context.find_answer(self.subject.name)
        if answer is None:
            return Waiting(self.asks, self.subject.name)
        author = Author(AuthorKind.HUMAN, answer.person)
        if answer.approved:
            context.write_json("approval", {"person": answer.person, "why": answer.why, "subject": answer.subject})
            return Done((answer.why,), author=author)
        if self.back_to:
            return SendBack(self.back_to, (answer.why,), author=author)
        return Refused((f"turned down by {answer.person}: {answer.why}",), author=author)


__all__ = ["HumanGate"]
