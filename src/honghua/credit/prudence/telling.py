"""Figures of the company's balance sheet that the book cannot know: told by a person, kept with their day, the newest counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput
from honghua.credit.core.terms import AMOUNT_MINOR_MAX
from honghua.credit.prudence.rulebook import TOLD


@dataclass(frozen=True, slots=True)
class ToldFigure:
    """One figure, minor units, as of a business date."""

    name: str
    value_minor: int
    as_of: dt.date
    person: str
    at: dt.datetime


def tell_figures(
    conn: psycopg.Connection, figures: Mapping[str, int], *, as_of: dt.date, person: str, now: dt.datetime
) -> None:
    """Keep figures under their names; BadInput for a name that no rule may read. The caller's transaction."""
    if not person.strip():
        raise BadInput("somebody tells the figures")
    for name, value in figures.items():
        if name not in TOLD:
            raise BadInput(f"no such figure: {name}; known: {', '.join(sorted(TOLD))}", code="FIGURE_UNKNOWN")
        if not 0 <= value <= AMOUNT_MINOR_MAX:
            raise BadInput(f"{name} lies outside 0 … {AMOUNT_MINOR_MAX} minor units", code="FIGURE_INVALID")
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO credit_told_figure (name, value_minor, as_of, person, at) VALUES (%s, %s, %s, %s, %s)",
            [(name, value, as_of, person.strip(), now) for name, value in figures.items()],
        )


def list_told(conn: psycopg.Connection) -> list[ToldFigure]:
    """The newest figure of each name, by name."""
    with conn.cursor(row_factory=class_row(ToldFigure)) as cursor:
        return cursor.execute(
            "SELECT DISTINCT ON (name) name, value_minor, as_of, person, at FROM credit_told_figure ORDER BY name, figure_id DESC"
        ).fetchall()


__all__ = ["ToldFigure", "list_told", "tell_figures"]
