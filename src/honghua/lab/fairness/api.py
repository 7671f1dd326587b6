"""Part door of protected traits: kept, compared, erased. Whatever fits, chooses or tags may not import it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.lab.fairness import store
from honghua.models.examining.api import Groups

BATCH: Final = 10_000
WORDS_MAX: Final = 100  # of one trait: more are no groups that could be compared


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one trait from one source."""

    trait: str
    rows: int
    source: str
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class TableProtected:
    """Traits out of the table (`lab.monitoring.Protected`), on a connection without an open transaction or inside the caller's."""

    conn: psycopg.Connection

    def groups(self, keys: NDArray[np.int64]) -> tuple[Groups, ...]:
        """One split per trait of which any of these rows is known, in the order of the keys; −1 where nobody told."""
        found = []
        for trait in store.list_traits(self.conn):
            told = store.read_words(self.conn, trait, np.unique(keys))
            if told:
                found.append(split_keys(trait, keys, told))
        return tuple(found)


def split_keys(trait: str, keys: NDArray[np.int64], told: Sequence[tuple[int, str]]) -> Groups:
    """Codes int64[n] of keys int64[n]; told: (key, word), keys rising."""
    known = np.array([key for key, _ in told], np.int64)
    words, codes = np.unique(np.array([word for _, word in told]), return_inverse=True)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    there = known[place] == keys
    return Groups(trait, np.where(there, codes[place], -1).astype(np.int64), tuple(map(str, words)))


def note_traits(
    conn: psycopg.Connection, trait: str, keys: NDArray[np.int64], words: Sequence[str], *, source: str, now: dt.datetime
) -> int:  # fmt: skip
    """Keep a trait of n keys, each once; how many. BadInput for keys twice, a word that is empty, or too many different words."""
    if len(keys) != len(words) or len(np.unique(keys)) != len(keys):
        raise BadInput("a trait has one word for each key, and no key twice", code="BAD_TRAIT")
    if not trait.strip() or not source.strip() or not all(words):
        raise BadInput("a trait has a name, a source and no empty word", code="BAD_TRAIT")
    if len(set(words)) > WORDS_MAX:
        raise BadInput(f"{trait} has {len(set(words)):,} different words: no groups to compare", code="BAD_TRAIT")
    for first in range(0, len(keys), BATCH):
        part = slice(first, first + BATCH)
        store.save_words(conn, trait, (keys[part], list(words[part])), source=source, now=now)
    return len(keys)


def forget_traits(conn: psycopg.Connection, keys: NDArray[np.int64]) -> int:
    """Erase all traits of these keys (a consent was withdrawn, a customer left); how many words went."""
    return store.delete_keys(conn, keys)


def list_kept(conn: psycopg.Connection) -> list[Kept]:
    """What is kept, by trait and source; no person is told."""
    return [Kept(*row) for row in store.count_rows(conn)]


__all__ = ["Kept", "TableProtected", "forget_traits", "list_kept", "note_traits", "split_keys"]
