"""A whole credit bureau in arrays: ten million invented people, their accounts with all lenders, and who asked about them.

It answers one question a call, as a provider does, and keeps no name: a person is the first eight bytes of the digest of an identity
number. Stretched people (many lenders at once) are planted among the others, and lenders report imperfectly, so that whoever looks for
them can be held against the truth, which no answer contains.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.bureau.core.inquiries import ProviderAnswer
from honghua.bureau.core.kernels import FIGURES, RING, count_inquiries, find_person, sum_up_person, worst_of

PEOPLE_MAX: Final = 1_000_000_000
CHUNK: Final = 500_000
STRETCHED_SHARE: Final = 0.08
REPORTED_SHARE: Final = 0.9  # of accounts that lenders hold, those that they report
FIELDS: Final = (
    "lenders", "accounts", "limit_minor", "balance_minor", "monthly_due_minor", "overdue_accounts", "overdue_minor", "worst_status",
    "worst_class", "inquiries_90d", "inquiries_6m",
)  # fmt: skip
assert len(FIELDS) == FIGURES, "one name a figure"


@dataclass(slots=True)
class People:
    """The columns; see `core.kernels.sum_up_person`. stretched: the truth, by place among the sorted keys."""

    keys: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    lenders: NDArray[np.uint16]
    amounts: NDArray[np.uint32]
    classes: NDArray[np.uint8]
    early: NDArray[np.uint64]
    late: NDArray[np.uint32]
    rings: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    stretched: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def bytes_used(self) -> int:
        """Of all columns that answers are made of; the truth is not."""
        return sum(getattr(self, name).nbytes for name in self.__slots__ if name != "stretched")

    def owners(self) -> NDArray[np.int64]:
        """Whose each account is, by place, int64[m]."""
        starts = self.starts.astype(np.int64)
        return np.repeat(np.arange(len(self)), starts[1:] - starts[:-1])

    def count_lenders(self) -> NDArray[np.int64]:
        """How many lenders report each person, int64[n]."""
        owner = self.owners()
        pairs = np.unique(owner * 2**16 + self.lenders)
        return np.bincount(pairs >> 16, minlength=len(self))

    def worst_statuses(self) -> NDArray[np.int64]:
        """The worst of 24 months of each account, int64[m]."""
        return np.array([worst_of(a, b) for a, b in zip(self.early, self.late, strict=True)], np.int64)


def digest_of(number: str) -> bytes:
    """How a person is named to a bureau here: sha256 of the identity number."""
    return hashlib.sha256(number.encode()).digest()


def number_of(k: int) -> str:
    """The identity number of invented person k: eighteen digits that no region begins with."""
    return f"99{k:016d}"


def make_people(n: int, *, seed: int, told: Callable[[int], None] | None = None) -> People:
    """n invented people, the same for a seed. told: is called with how many are made. BadInput for none or too many."""
    if not 1 <= n <= PEOPLE_MAX:
        raise BadInput(f"1 … {PEOPLE_MAX} people")
    keys = np.fromiter((_key(digest_of(number_of(k))) for k in range(n)), np.uint64, n)
    keys.sort()
    assert n == 1 or bool((keys[1:] != keys[:-1]).all()), "two people share eight bytes of a digest: take more"
    parts = []
    stretched = np.zeros(n, np.bool_)
    for first in range(0, n, CHUNK):
        rng = derive_rng(seed, "bureau people", first)
        size = min(CHUNK, n - first)
        stretched[first : first + size] = rng.random(size) < STRETCHED_SHARE
        parts.append(_accounts(rng, stretched[first : first + size]))
        if told is not None:
            told(first + size)
    held = np.concatenate([part[0] for part in parts])
    starts = np.zeros(n + 1, np.uint32)
    np.cumsum(held, out=starts[1:], dtype=np.uint32)
    lenders, amounts, classes, early, late = (np.concatenate([part[k] for part in parts]) for k in range(1, 6))
    rings, counts = np.zeros((n, RING), np.uint16), np.zeros(n, np.uint8)
    return People(keys, starts, lenders, amounts, classes, early, late, rings, counts, stretched)


@dataclass(slots=True)
class BureauSimulator:
    """Answers about `people`; keeps who was asked about. today: the day of an inquiry, and that its figures describe."""

    people: People
    today: Callable[[], dt.date]

    @property
    def name(self) -> str:
        """Says what it is."""
        return "bureau simulator (invented people)"

    def ask(self, national_id_digest: bytes, *, reason_code: str) -> ProviderAnswer:
        """Figures of one person; of somebody unknown all are zero. The inquiry is remembered and counts in the next answer."""
        if not reason_code:
            raise BadInput("a bureau is not asked without a reason", code="REASON_MISSING")
        people, today = self.people, self.today()
        out = np.zeros(FIGURES, np.int64)
        place = find_person(people.keys, np.uint64(_key(national_id_digest)))
        if place >= 0:
            sum_up_person(
                place, people.starts, people.lenders, people.amounts, people.classes, people.early, people.late, out
            )
            count_inquiries(place, people.rings, people.counts, to_day(today), out)
        else:
            out[FIELDS.index("worst_class")] = 1
        body: dict[str, object] = dict(zip(FIELDS, out.tolist(), strict=True))
        body["as_of"] = today.isoformat()
        return ProviderAnswer(national_id_digest=national_id_digest, body=body)


def _key(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big")


Columns = tuple[
    NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint64], NDArray[np.uint32]
]


def _accounts(rng: np.random.Generator, stretched: NDArray[np.bool_]) -> Columns:
    """Accounts of some people: how many each holds, then the columns of all of them."""
    held = np.where(stretched, 2 + rng.poisson(5.0, len(stretched)), rng.poisson(1.7, len(stretched)))
    held = rng.binomial(held, REPORTED_SHARE)
    m = int(held.sum())
    strained = np.repeat(stretched, held)
    limit = rng.integers(1_000, 50_000, m)
    used = np.where(strained, 0.5 + 0.5 * rng.random(m), rng.random(m) ** 2)
    balance = (limit * used).astype(np.int64)
    lateness = np.where(rng.random(m) < np.where(strained, 0.18, 0.015), rng.integers(1, 8, m), 0)
    overdue = np.where((lateness > 0) & (rng.random(m) < 0.5), balance // 8, 0)
    early, late = _strips(rng, lateness)
    amounts = np.stack([limit, balance, balance // 10, overdue], axis=1).astype(np.uint32)
    classes = np.minimum(5, 1 + lateness // 2).astype(np.uint8)
    return held, rng.integers(1, 3_000, m).astype(np.uint16), amounts, classes, early, late


def _strips(rng: np.random.Generator, lateness: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """24 months of 4 bits: 8 = normal, and somewhere a climb up to the lateness of those who were late."""
    m = len(lateness)
    early = np.full(m, 0x8888888888888888, np.uint64)
    late = np.full(m, 0x88888888, np.uint32)
    who = np.flatnonzero(lateness)
    top = rng.integers(7, 16, len(who))  # the month of the worst; the climb fits before it
    for level in range(1, 8):
        in_it = lateness[who] >= level
        place = (top - (lateness[who] - level))[in_it].astype(np.uint64) * np.uint64(4)
        rows = who[in_it]
        early[rows] = (early[rows] & ~(np.uint64(15) << place)) | (np.uint64(level) << place)
    return early, late


def list_digests(count: int, *, people: int, seed: int, unknown_share: float = 0.02) -> Sequence[bytes]:
    """Whom to ask about: people at random, and some that nobody knows."""
    rng = derive_rng(seed, "bureau questions")
    which = rng.integers(0, people, count)
    strange = rng.random(count) < unknown_share
    return [digest_of(number_of(int(k) + (people if odd else 0))) for k, odd in zip(which, strange, strict=True)]
