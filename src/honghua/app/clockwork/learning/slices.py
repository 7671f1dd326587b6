"""The job of the permanent random slice: what a period brought is noted, then limits are moved by lot for the next (R-037, ADR-0090).

Only who consented to limits moved by machine takes part, and only whose ceiling and use let every factor be lawful: that is decided before
the lot. Each piece is kept before its limits move, and they move by keys of period and customer: a pass that died is repeated unharmed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.limits import find_raise_consent
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.credit.core import ChangeLimit, LimitCause, holder_of
from honghua.lab.profiles.api import key_of_person
from honghua.limits import api as limits
from honghua.limits.core import Record
from honghua.limits.response import api as response
from honghua.store.database import run_unit

OFF: Final = "no slice is named by HONGHUA_LIMIT_SLICE: no limit moves by lot"
REASON: Final = "BY_LOT"
PIECE: Final = 500  # rows of one transaction
PIECES_MAX: Final = 20  # of one run: the next goes on


def make_drawer(terms: response.SliceTerms | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job; without terms it says so."""

    def draw(conn: psycopg.Connection, now: dt.datetime) -> str:
        if terms is None:
            return OFF
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        registry, period = credit.open_registry(conn), terms.period_of(today)
        noted = moved = 0
        for _ in range(PIECES_MAX):
            count = note_piece(conn, registry, terms, period, now=now)
            noted += count
            if count == 0:
                break
        else:
            return (
                f"{noted} outcomes noted, more wait"  # the lots of this period are drawn when all is known of the last
            )
        for _ in range(PIECES_MAX):
            drawn = draw_piece(conn, registry, terms, period, now=now)
            if drawn < 0:
                break
            moved += drawn
        return f"{noted} outcomes noted, {moved} limits moved by lot"

    return draw


def note_piece(
    conn: psycopg.Connection, registry: credit.Registry, terms: response.SliceTerms, period: int, *, now: dt.datetime
) -> int:  # fmt: skip
    """Outcomes of some rows of earlier periods; how many."""

    def work(c: psycopg.Connection) -> int:
        rows = response.list_unnoted(c, terms, before=period, limit=PIECE)
        for number in sorted({row.period for row in rows}):
            told = [
                (row.customer, *find_outcome(c, registry, row.customer, terms.default_days))
                for row in rows
                if row.period == number
            ]
            response.note_outcomes(c, terms.lots, number, told, now=now)
        return len(rows)

    return run_unit(conn, work)


def find_outcome(conn: psycopg.Connection, registry: credit.Registry, customer: str, days: int) -> tuple[int, int]:
    """(used, lost) in minor units as the account stands: what is owed where it is in default or was charged off."""
    view = credit.find_account_view(conn, registry, customer)
    if view is None:
        raise BadInput(f"{customer} of the slice has no account any more", code="ACCOUNT_UNKNOWN")
    lost = view.charged_off_minor + (view.owed_minor if view.days_past_due >= days else 0)
    return max(view.limit.used_minor, 0), lost


def draw_piece(
    conn: psycopg.Connection, registry: credit.Registry, terms: response.SliceTerms, period: int, *, now: dt.datetime
) -> int:  # fmt: skip
    """Lots of the next accounts: kept first, then moved, then passed; how many limits moved, −1 where no account is left."""
    done, after = run_unit(conn, lambda c: response.read_pass(c, terms.lots.name))
    after = after if done == period else 0
    ids = run_unit(conn, lambda c: credit_jobs.list_month_accounts(c, after_id=after, limit=PIECE))
    if not ids:
        return -1
    commands = run_unit(conn, lambda c: keep_piece(c, registry, terms, period, ids, now=now))
    answers = credit.execute(conn, registry, commands, now=now) if commands else []
    run_unit(conn, lambda c: response.write_pass(c, terms.lots.name, period, ids[-1]))
    return sum(one["outcome"] == "done" and not one.get("repeated") for one in answers)


def keep_piece(
    conn: psycopg.Connection, registry: credit.Registry, terms: response.SliceTerms, period: int, ids: Sequence[int],
    *, now: dt.datetime,
) -> list[ChangeLimit]:  # fmt: skip
    """Draw who of these accounts may take part, keep it, and say what moves."""
    refs = credit.find_customer_refs(conn, list(ids))
    names = sorted(name for name in refs.values() if holder_of(name) == name)
    keys = {name: key_of_person(name) for name in names}
    inside = response.is_in_slice(terms.lots, np.array(list(keys.values()), np.int64))
    chosen = [name for name, is_inside in zip(names, inside.tolist(), strict=True) if is_inside]
    before = response.find_drawn(conn, terms, chosen)
    book = limits.get_rulebook(conn, on=credit.get_business_day(conn))
    kept: list[tuple[str, Record, int]] = []
    now_minor: dict[str, int] = {}
    for name in chosen:
        view = credit.find_growth(conn, registry, book.terms, name)
        last = before.get(name)
        if view is None:
            continue
        now_minor[name] = view.record.limit_minor
        base = response.find_base(view.record, last)
        is_new = last is None or last.period != period
        if is_new and response.may_be_moved(terms, view.record, base) and find_raise_consent(conn, name):
            kept.append((name, view.record, base))
    if kept:
        rows = response.make_rows(
            [keys[name] for name, _, _ in kept], [one for _, one, _ in kept], [base for _, _, base in kept]
        )
        labels = response.Labels([name for name, *_ in kept], response.X_NAMES)
        response.keep_slice(conn, terms.lots, period, rows, labels, now=now)
    return make_moves(conn, terms, period, now_minor, rulebook=book.digest.hex())


def make_moves(
    conn: psycopg.Connection, terms: response.SliceTerms, period: int, now_minor: Mapping[str, int], *, rulebook: str
) -> list[ChangeLimit]:
    """What the kept lots of this period lead to, from the kept rows: the same again after a crash. now_minor: limits as they stand."""
    moves = []
    for name, row in sorted(response.find_drawn(conn, terms, list(now_minor)).items()):
        differs = row.period == period and row.moved_minor != now_minor[name]
        consent = find_raise_consent(conn, name) if differs else ""
        if consent:
            key = f"slice:{terms.lots.name}:{period}:{name}"
            cause = LimitCause(
                reason=REASON, rule=f"slice {terms.lots.name} {period}", rulebook=rulebook, consent=consent
            )
            moves.append(ChangeLimit(key=key, customer=name, limit_minor=row.moved_minor, cause=cause))
    return moves


__all__ = ["draw_piece", "make_drawer", "note_piece"]
