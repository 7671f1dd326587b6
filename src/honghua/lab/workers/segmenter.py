"""The Segmenter: reads the events, draws rows with their outcomes, and finds groups of customers who are alike."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.agents.api import TABLE, Ask, Context, Done, Outcome, Slot
from honghua.base.clock import from_micros
from honghua.base.errors import BadInput, Conflict
from honghua.lab.factory.api import Dictionary, Stream, compute, load_stream, read_dictionary, shipped_dictionary
from honghua.lab.knowledge.sketching import sketch_events
from honghua.lab.workers.clustering import fit_clusters
from honghua.lab.workers.columns_file import pack_columns, unpack_columns
from honghua.lab.workers.drawing import Drawn, draw_rows
from honghua.lab.workers.question import Question

AGENT: Final = "Segmenter"
HASH_BLOCK: Final = 2**22
NAME_CHARS_MAX: Final = 60
SIZED: Final = ("very few", "few", "middling", "many", "very many")
SENSITIVE: Final = (
    "woman", "women", "female", "man ", "men ", "male", "migrant", "muslim", "christian", "ethnic", "disab", "sick", "ill ", "pregnan",
    "gay", "race", "relig", "女", "男", "民族", "宗教", "残疾", "病", "孕",
)  # fmt: skip


@dataclass(slots=True)
class Events:
    """The events of a run: where they lie, and the stream once it was read. What is kept in memory decides nothing: a process that begins
    anew reads it again, and the source's digests must be those of the run."""

    place: Path
    question: Question
    _stream: Stream | None = field(default=None, init=False)

    @property
    def dictionary(self) -> Dictionary:
        """A shipped dictionary by its name, or one from a file."""
        told = self.question.dictionary
        return read_dictionary(Path(told)) if told.endswith(".toml") else shipped_dictionary(told)

    def files(self) -> dict[str, Path]:
        """The file of each table that is there; BadInput where none is."""
        if self.place.is_file():
            found = {table.name: self.place for table in self.dictionary.tables if table.file == self.place.name}
        else:
            found = {table.name: self.place / table.file for table in self.dictionary.tables}
        found = {name: path for name, path in found.items() if path.exists()}
        if not found:
            raise BadInput(
                f"{self.place} holds none of the files that dictionary {self.question.dictionary} reads",
                code="NO_TABLES",
            )
        return found

    def stream(self) -> Stream:
        """All events, read once in this process."""
        if self._stream is None:
            self._stream = load_stream(self.dictionary, self.files())
        return self._stream

    def check_same(self, source: Mapping[str, Any]) -> Stream:
        """The stream, if its files have the sizes that the run began with; Conflict when not."""
        sizes = {one["file"]: one["bytes"] for one in source["files"]}
        now = {path.name: path.stat().st_size for path in set(self.files().values())}
        if sizes != now:
            raise Conflict("the files of the events are not those that this run began with", code="SOURCE_CHANGED")
        return self.stream()


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """Says what there is, by content."""

    events: Events
    agent: str = AGENT
    step: str = "read the events"
    reads: tuple[Slot, ...] = ()
    writes: tuple[Slot, ...] = (Slot("source"), Slot("sketch"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        stream = self.events.stream()
        files = sorted(set(self.events.files().values()))
        customers = len(stream.customers())
        context.write_json("source", {
            "files": [{"file": path.name, "bytes": path.stat().st_size, "sha256": digest_file(path)} for path in files],
            "events": stream.rows, "customers": customers, "first": tell_day(stream.first_us), "last": tell_day(stream.last_us),
            "dictionary": self.events.question.dictionary, "dictionary_digest": self.events.dictionary.digest.hex(),
            "notes": list(stream.notes),
        })  # fmt: skip
        context.write_json("sketch", msgspec.to_builtins(sketch_events(stream)))
        span = f"from {tell_day(stream.first_us)} to {tell_day(stream.last_us)}"
        return Done((f"{stream.rows:,} events of {customers:,} customers, {span}",))


@dataclass(frozen=True, slots=True)
class DrawRows:
    """Rows whose outcome is known, to learn from and to be looked at once; and today's, to be judged."""

    events: Events
    agent: str = AGENT
    step: str = "draw the rows"
    reads: tuple[Slot, ...] = (Slot("source"),)
    writes: tuple[Slot, ...] = (Slot("rows", TABLE), Slot("sample"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        question = self.events.question
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        drawn = draw_rows(stream, question)
        context.write("rows", pack_columns({name: getattr(drawn, name) for name in Drawn.__slots__}))
        dates = [
            {
                "as_of": tell_day(at),
                "rows": len(rows),
                "bad": None if (rows < 0).any() else int(rows.sum()),
                "part": int(part),
            }
            for at, part in sorted(set(zip(drawn.as_of_us.tolist(), drawn.part.tolist(), strict=True)))
            for rows in [drawn.bad[drawn.as_of_us == at]]
        ]
        context.write_json("sample", {"target": question.target.name, "says": question.target.says, "dates": dates})
        learn, later = (drawn.bad[drawn.part == part] for part in (0, 1))
        return Done((
            f"bad: {question.target.says}", f"{len(learn):,} rows to learn from, {learn.mean():.2%} bad",
            f"{len(later):,} later rows that no choice sees, {later.mean():.2%} bad",
        ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """Groups of customers by what they do, fitted on rows to learn from, and named."""

    events: Events
    agent: str = AGENT
    step: str = "segment the customers"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("rows", TABLE))
    writes: tuple[Slot, ...] = (Slot("segments"), Slot("segment_codes", TABLE))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        plan = self.events.question.segments
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        drawn = read_drawn(context)
        values = np.concatenate([compute(stream, plan.variables, drawn.rows(part)) for part in range(3)])
        clusters = fit_clusters(values[drawn.part == 0], plan.count, context.rng("clusters"))
        codes = clusters.assign(values)
        told = [
            describe(plan.variables, code, (values, codes, drawn), clusters.centres)
            for code in range(len(clusters.centres))
        ]
        names, why = name_segments(context, told)
        context.write("segment_codes", pack_columns({"code": codes}))
        context.write_json("segments", [{**one, "name": name} for one, name in zip(told, names, strict=True)])
        worst = max(told, key=lambda one: one["bad_share"])
        return Done(
            (
                f"{len(told)} groups; worst {worst['bad_share']:.2%} bad, best {min(o['bad_share'] for o in told):.2%}",
                why,
            )
        )


@dataclass(frozen=True, slots=True)
class Naming:
    """A proposal of names, one for each segment in their order."""

    names: tuple[str, ...]


def name_segments(context: Context, told: list[dict[str, Any]]) -> tuple[list[str], str]:
    """Names by a language model where there is one and it keeps the rules, else by rule; and which."""
    ours = [one["by_rule"] for one in told]

    def check(naming: Naming) -> tuple[str, ...]:
        problems = (
            []
            if len(naming.names) == len(ours) == len(set(naming.names))
            else [f"{len(ours)} different names are needed"]
        )
        for name in naming.names:
            if not 3 <= len(name) <= NAME_CHARS_MAX or any(one in f"{name.casefold()} " for one in SENSITIVE):
                problems.append(f"{name[:40]!r} is no fit name: short, about habits, never about a protected trait")
        return tuple(problems)

    shown = {f"segment {one['code']}": str(one) for one in told}
    said = context.ask(
        Ask(
            f"Propose {len(ours)} short names for these groups of customers, in order, by their habits.",
            shown,
            Naming,
            check=check,
        )
    )
    return list(said.or_else(Naming(tuple(ours))).names), said.why


def describe(
    names: tuple[str, ...], code: int, of: tuple[NDArray[np.float32], NDArray[np.int32], Drawn], centres: NDArray[np.float64]
) -> dict[str, Any]:  # fmt: skip
    """A segment in figures of the rows to learn from, and a name by rule: what is most unusual about it."""
    values, codes, drawn = of
    mine = (codes == code) & (drawn.part == 0)
    middle = {
        name: None if np.isnan(column).all() else float(np.nanmedian(column)) for name, column in zip(names, values[mine].T, strict=True)
    }  # fmt: skip
    far = int(np.abs(centres[code] - 0.5).argmax())
    sized = SIZED[min(int(centres[code][far] * len(SIZED)), len(SIZED) - 1)]
    return {
        "code": code, "people": int(mine.sum()), "share": float(mine.sum() / (drawn.part == 0).sum()),
        "bad_share": float(drawn.bad[mine].mean()) if mine.any() else 0.0, "middle": middle,
        "ranks": {name: round(float(rank), 3) for name, rank in zip(names, centres[code], strict=True)},
        "by_rule": f"{code + 1}: {sized} by {names[far].replace('__', ' ').replace('_', ' ')}",
    }  # fmt: skip


def read_drawn(context: Context) -> Drawn:
    """The rows as they were drawn."""
    columns = unpack_columns(context.read("rows"))
    return Drawn(*(columns[name] for name in Drawn.__slots__))


def tell_day(at_us: int) -> str:
    """A moment's day in UTC."""
    return f"{from_micros(at_us).astimezone(dt.UTC):%Y-%m-%d}"


def digest_file(path: Path) -> str:
    """sha256 of a file, hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            found.update(block)
    return found.hexdigest()


__all__ = ["DrawRows", "Events", "ReadEvents", "Segment", "read_drawn", "tell_day"]
