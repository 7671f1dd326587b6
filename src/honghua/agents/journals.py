"""The journal of a run: append-only, durable when `append` returns, held by one process at a time; and a run over it and its artefacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from honghua.agents.artefacts import Artefacts
from honghua.agents.core.entries import Author, AuthorKind, Entry, Ref, What
from honghua.agents.core.standing import Standing, fold_entries
from honghua.agents.signing import Signer, make_message
from honghua.base.clock import Clock

SIGNATORY = Author(AuthorKind.AGENT, "signatory")


class Journal(Protocol):
    """Where entries go. Two of them: a file, and the database."""

    @property
    def run(self) -> str:
        """The run's id."""
        ...

    def entries(self) -> Sequence[Entry]:
        """All of them in order; IntegrityBroken when they are no chain."""
        ...

    def append(self, entry: Entry) -> None:
        """Add the next one; on disk when this returns. Conflict when it is not the next one."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its journal and the store that its artefacts lie in."""

    journal: Journal
    artefacts: Artefacts

    def standing(self) -> Standing:
        """How it stands now."""
        return fold_entries(self.journal.entries())

    def append(
        self, clock: Clock, what: What, author: Author, *, step: str = "", turn: int = 0, **told: Any
    ) -> Entry:  # fmt: skip
        """Write the next entry. told: inputs, outputs, reasons, cost, detail of `Entry`."""
        standing = self.standing()
        entry = Entry(
            run=self.journal.run, number=standing.count, at=clock.now().isoformat(), what=what, author=author, step=step, turn=turn,
            previous=standing.head, **told,
        )  # fmt: skip
        self.journal.append(entry)
        return entry

    def sign(self, clock: Clock, signer: Signer, subject: Ref) -> Entry:
        """Sign an artefact, and with it everything that was written before."""
        standing = self.standing()
        message = make_message(
            run=self.journal.run, number=standing.count, previous=standing.head, subject=subject.digest
        )
        detail: Mapping[str, Any] = {"subject": subject.digest, "key": signer.public, "signature": signer.sign(message)}
        return self.append(clock, What.SIGNED, SIGNATORY, inputs=(subject,), detail=detail)


__all__ = ["Journal", "Run"]
