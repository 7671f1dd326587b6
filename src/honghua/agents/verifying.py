"""Whether a run is what it says: its chain, its artefacts, its signatures, and that nobody but a person opened its gate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from honghua.agents.artefacts import TABLE, list_digests
from honghua.agents.core.entries import AuthorKind, Entry, What, check_chain, compute_trail
from honghua.agents.core.standing import fold_entries
from honghua.agents.journals import Run
from honghua.agents.signing import check_signature
from honghua.base.errors import HonghuaError


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at and what is wrong, as sentences. signed: digests of artefacts under a signature that holds; keys: by which."""

    run: str
    entries: int
    artefacts: int
    trail: str
    signed: tuple[str, ...]
    keys: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_run(run: Run, *, trusted: Collection[str] | None, tables: bool = True) -> Verified:
    """Look at everything. trusted: public keys (hex) that may sign, None = any; tables: whether tables of people must be there too."""
    entries = run.journal.entries()
    problems = list(check_chain(entries))
    digests = _find_digests(run, entries, problems, tables=tables)
    standing = fold_entries(entries)
    for number, entry in enumerate(entries):
        problems += _look(entry, trusted, is_last=number == len(entries) - 1)
    signed = tuple(subject for subject, entry in standing.signed.items() if check_signature(entry))
    keys = tuple(sorted({str(entry.detail.get("key", "")) for entry in standing.signed.values()}))
    return Verified(standing.run, len(entries), len(digests), compute_trail(entries), signed, keys, tuple(problems))


def _find_digests(run: Run, entries: Collection[Entry], problems: list[str], *, tables: bool) -> set[str]:
    looked: set[str] = set()
    for entry in entries:
        for ref in (*entry.inputs, *entry.outputs):
            if ref.digest in looked or (ref.kind == TABLE and not tables):
                continue
            looked.add(ref.digest)
            try:
                digests = list_digests(run.artefacts, ref)
                for digest in digests:
                    run.artefacts.get(digest)
                looked.update(digests)
            except HonghuaError as error:
                problems.append(f"entry {entry.number}, {ref.name}: {error}")
    return looked


def _look(entry: Entry, trusted: Collection[str] | None, *, is_last: bool) -> list[str]:
    problems = []
    if entry.what is What.SIGNED:
        if not check_signature(entry):
            problems.append(f"entry {entry.number}: its signature does not hold")
        elif trusted is not None and str(entry.detail["key"]) not in trusted:
            problems.append(f"entry {entry.number}: signed by {entry.detail['key']}, which is not a key of this site")
    if entry.what is What.ANSWERED and entry.author.kind is not AuthorKind.HUMAN:
        problems.append(f"entry {entry.number}: an agent answered where a person was waited for")
    if entry.what in (What.REFUSED, What.CLOSED) and not is_last:
        problems.append(f"entry {entry.number} ends the run, and entries follow it")
    return problems


__all__ = ["Verified", "verify_run"]
