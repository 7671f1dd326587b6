"""The seat that a run is about, and its rows as they were known when the run looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.clock import Clock
from honghua.base.errors import Refusal
from honghua.lab.monitoring.api import KINDS, Parts, Past, Protected, RefitTerms, digest_rows, read_past, split_past
from honghua.models.registry import api as registry


class SeatParams(msgspec.Struct, frozen=True, kw_only=True):
    """What a night opened the run with; digest: of the champion that broke a bound."""

    segment: str
    purpose: str
    digest: str
    opened_on: str
    key: str


class SeatTold(msgspec.Struct, frozen=True, kw_only=True):
    """The seat as a run found it. as_of: when it looked; data: digest of all rows and outcomes that it saw."""

    segment: str
    purpose: str
    version: int
    number: int
    kind: str
    digest: str
    as_of: dt.datetime
    rows: int
    ones: int
    first_on: dt.date
    last_on: dt.date
    data: str


NO_SEAT: Final = Refusal("SEAT_MOVED", "another champion holds this seat by now: the night looks at that one")
NO_KIND: Final = Refusal("SEAT_KIND", f"only a {' or a '.join(KINDS)} is fitted again by itself")


@dataclass(slots=True)
class Seat:
    """What the workers of one run share. The rows are kept for this process only; a new one reads them again and compares."""

    conn: psycopg.Connection
    clock: Clock
    params: SeatParams
    protected: Protected
    terms: RefitTerms
    _past: dict[str, Past] = field(default_factory=dict, init=False)

    def look(self) -> SeatTold | Refusal:
        """The champion and its rows as they are now."""
        champion = registry.find_champion(self.conn, self.params.segment, self.params.purpose)
        if champion is None or champion.digest.hex() != self.params.digest:
            return NO_SEAT
        if champion.kind not in KINDS:
            return NO_KIND
        now = self.clock.now()
        past = read_past(self.conn, champion, now=now)
        parts = split_past(past)
        if isinstance(parts, Refusal):
            return parts
        data = digest_rows(past, parts.every()).hex()
        self._past[data] = past
        return SeatTold(
            segment=champion.segment, purpose=champion.purpose, version=champion.version_id, number=champion.number, kind=champion.kind,
            digest=champion.digest.hex(), as_of=now, rows=len(past.keys), ones=int(past.ones.sum()), first_on=past.days.min().item(),
            last_on=past.days.max().item(), data=data,
        )  # fmt: skip

    def rows_of(self, told: SeatTold) -> tuple[Past, Parts] | None:
        """The rows that the run looked at; None where more is known of them by now."""
        past = self._past.get(told.data)
        if past is None:
            past = read_past(self.conn, self.champion(told), now=told.as_of)
        parts = split_past(past)
        if isinstance(parts, Refusal) or digest_rows(past, parts.every()).hex() != told.data:
            return None
        self._past[told.data] = past
        return past, parts

    def champion(self, told: SeatTold) -> registry.VersionRow:
        """The version that holds the seat, as it was filed."""
        return registry.get_version(self.conn, told.version)


def seat_params(params: Mapping[str, Any]) -> SeatParams:
    """Of a run's first entry."""
    return msgspec.convert(dict(params), SeatParams)


__all__ = ["Seat", "SeatParams", "SeatTold", "seat_params"]
