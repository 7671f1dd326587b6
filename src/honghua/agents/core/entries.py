"""What the journal of a run holds: entries as canonical JSON, each with the digest of the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from honghua.base.errors import IntegrityBroken

BEGINNING: Final = "0" * 64  # stands before the first entry


class AuthorKind(StrEnum):
    """Who may do a step: a program, or a person."""

    AGENT = "agent"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Author:
    """By whom: a worker's name, or a person's."""

    kind: AuthorKind
    name: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent. seconds: of the clock on the wall; tokens: read by and written by a language model; money_micro: 1e-6 of the
    currency in which the model is paid."""

    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    money_micro: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            round(self.seconds + other.seconds, 3), self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out, self.money_micro + other.money_micro,
        )  # fmt: skip

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Ref:
    """An artefact under the name that it has in a run. kind: how its bytes are read (json, text, html, folder …); digest: sha256, hex."""

    name: str
    kind: str
    digest: str
    size: int


class What(StrEnum):
    """What an entry tells. A step begins with `started`; `done`, `sent_back`, `waiting` and `failed` end it, and kill -9 ends it without
    a word. `opened` is the first entry of a run, `refused` and `closed` are the last."""

    OPENED = "opened"
    STARTED = "started"
    DONE = "done"
    SENT_BACK = "sent_back"
    WAITING = "waiting"
    ANSWERED = "answered"
    FAILED = "failed"
    SIGNED = "signed"
    REFUSED = "refused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal. at: ISO instant in UTC; turn: 1 at first, one more each time the work was sent back; detail: plain JSON
    (of `opened`: flow, seed, params; of `sent_back`: to; of `answered`: approved and subject; of `signed`: subject, key, signature)."""

    run: str
    number: int
    at: str
    what: What
    author: Author
    step: str = ""
    turn: int = 0
    inputs: tuple[Ref, ...] = ()
    outputs: tuple[Ref, ...] = ()
    reasons: tuple[str, ...] = ()
    cost: Cost = field(default_factory=Cost)
    detail: Mapping[str, Any] = field(default_factory=dict)
    previous: str = BEGINNING


def encode_entry(entry: Entry) -> bytes:
    """Canonical JSON in one line, without the newline: the same entry has the same bytes everywhere."""
    return msgspec.json.encode(entry, order="sorted")


def decode_entry(body: bytes) -> Entry:
    """The entry of these bytes; IntegrityBroken when they are none, or not in canonical form."""
    try:
        entry = msgspec.json.decode(body, type=Entry)
    except msgspec.MsgspecError as error:
        raise IntegrityBroken(f"a line of the journal is no entry: {error}", code="JOURNAL_BROKEN") from error
    if encode_entry(entry) != body:
        raise IntegrityBroken(f"entry {entry.number} is not in its canonical form", code="JOURNAL_BROKEN")
    return entry


def digest_of(body: bytes) -> str:
    """sha256, hex."""
    return hashlib.sha256(body).hexdigest()


def digest_entry(entry: Entry) -> str:
    """What the next entry names as `previous`."""
    return digest_of(encode_entry(entry))


def check_chain(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Problems as sentences: numbers from 0 without a gap, one run, each entry naming the digest of the one before it."""
    problems, previous, run = [], BEGINNING, None
    for place, entry in enumerate(entries):
        run = entry.run if run is None else run
        if entry.number != place or entry.run != run:
            problems.append(f"entry {place} calls itself {entry.number} of run {entry.run}")
        if entry.previous != previous:
            problems.append(f"entry {place} does not follow the one before it: something was changed or left out")
        if (place == 0) != (entry.what is What.OPENED):
            problems.append(f"entry {place} is {entry.what.value}: a run is opened once, by its first entry")
        previous = digest_entry(entry)
    return tuple(problems)


def compute_trail(entries: Iterable[Entry]) -> str:
    """sha256, hex, of what was done and why, without when, by which machine and at what cost: the same for every run of one seed."""
    told = [
        {
            "step": one.step, "turn": one.turn, "what": one.what.value, "by": one.author.name, "reasons": one.reasons,
            "inputs": {ref.name: ref.digest for ref in one.inputs}, "outputs": {ref.name: ref.digest for ref in one.outputs},
        }
        for one in entries if one.what in (What.DONE, What.SENT_BACK)
    ]  # fmt: skip
    return digest_of(msgspec.json.encode(told, order="sorted"))


def sum_cost(entries: Sequence[Entry]) -> Cost:
    """All of it."""
    return sum((one.cost for one in entries), Cost())


__all__ = [
    "BEGINNING", "Author", "AuthorKind", "Cost", "Entry", "Ref", "What", "check_chain", "compute_trail", "decode_entry", "digest_entry",
    "digest_of", "encode_entry", "sum_cost",
]  # fmt: skip
