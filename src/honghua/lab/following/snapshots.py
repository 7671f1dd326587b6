"""A follower's memory in files: windows, names, quantiles and the place in the facts that they know. One whole folder, or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final

import psycopg

from honghua.base.errors import IntegrityBroken
from honghua.decision.api import load_newest, save_snapshot
from honghua.lab.factory.api import Dictionary
from honghua.lab.following.live import Profiles
from honghua.lab.tags.api import FittedTags, TagBook
from honghua.store.database import run_unit
from honghua.store.facts import read_final_page

FORMAT: Final = 1
CONTENTS: Final = "follower.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a follower knows beside its windows. place: (transaction, fact) of the last fact; seen_us: customer → when its newest fact was
    recorded; the others as the translator holds them."""

    place: tuple[int, int]
    last_us: int
    fitted_us: int
    customers: Mapping[int, str]
    scenes: Mapping[int, int]
    limits: Mapping[int, int]
    seen_us: Mapping[str, int]


def write_snapshot(folder: Path, profiles: Profiles, known: Remembered) -> Path:
    """A new snapshot; the two newest are kept, a half-written one is never taken for whole."""

    def write(beside: Path) -> None:
        beside.mkdir(parents=True)
        profiles.save(beside / "windows")
        told = {
            "format": FORMAT, "place": known.place, "last_us": known.last_us, "fitted_us": known.fitted_us,
            "cuts": [[name, q, value] for (name, q), value in profiles.fitted.cuts.items()], "as_of_us": profiles.fitted.as_of_us,
            "customers": list(known.customers.items()), "scenes": list(known.scenes.items()), "limits": list(known.limits.items()),
            "seen_us": dict(known.seen_us), "files": sum_files(beside),
        }  # fmt: skip
        (beside / CONTENTS).write_text(json.dumps(told), encoding="utf-8")

    return save_snapshot(folder, write, fact_id=known.place[0])


def read_snapshot(
    folder: Path, conn: psycopg.Connection, dictionary: Dictionary, book: TagBook, *, told: tuple[int, int]
) -> tuple[Profiles, Remembered] | None:
    """The newest that is whole, of these tags, and of this database up to the place `told`; None = there is none."""

    def restore(path: Path) -> tuple[Profiles, Remembered]:
        said = json.loads((path / CONTENTS).read_text(encoding="utf-8"))
        if said["format"] != FORMAT or said["files"] != sum_files(path):
            raise IntegrityBroken(f"{path} is not what its table of contents says")
        known = Remembered(
            (int(said["place"][0]), int(said["place"][1])), said["last_us"], said["fitted_us"], dict(map(tuple, said["customers"])),
            dict(map(tuple, said["scenes"])), dict(map(tuple, said["limits"])), said["seen_us"],
        )  # fmt: skip
        cuts = {(name, q): value for name, q, value in said["cuts"]}
        asked = {pair for tag in book.tags for pair in tag.rule.quantiles}
        if cuts.keys() != asked or known.place > told or not run_unit(conn, lambda c: is_there(c, known.place)):
            raise IntegrityBroken(f"{path} is of other tags or of another database")
        return Profiles(dictionary, FittedTags(book, cuts, said["as_of_us"]), folder=path / "windows"), known

    found = load_newest(folder, restore, up_to=told[0])
    return None if found is None else found[0]


def is_there(conn: psycopg.Connection, place: tuple[int, int]) -> bool:
    """Whether this database has that fact of that transaction."""
    page = read_final_page(conn, after=(place[0], place[1] - 1), limit=1)
    return bool(len(page)) and (int(page.txid[0]), int(page.fact_id[0])) == place


def sum_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but its table of contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != CONTENTS:
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = file_digest(file, "sha256").hexdigest()
    return found


__all__ = ["Remembered", "read_snapshot", "write_snapshot"]
