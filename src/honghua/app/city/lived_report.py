"""`honghua sim report`: the headline ratios of the demo's city, measured beside true, in a table or on a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.backtest_page import STYLE
from honghua.app.city.headline import Lived, Ratio, judge_city
from honghua.app.city.memory import find_morning
from honghua.app.city.trial_verb import judge_trial
from honghua.base.errors import NotFound
from honghua.sim.api import read_diary
from honghua.store.database import Database, connect

Value = Sequence[float] | float | None


def report_city(database: Database, folder: Path) -> list[Ratio]:
    """The ratios of the city that lives in this database; NotFound when none does."""
    morning = find_morning(folder / "town.pickle")
    if morning is None or not (folder / "truth").is_dir():
        raise NotFound("no city has lived in this database: `honghua demo` lets one", code="NO_CITY")
    released = [one.day for one in morning.refits if one.released]
    with connect(database) as conn:
        screens = morning.platform["screens"]
        model_day = min(released) if released else None
        ratios = judge_city(conn, Lived(read_diary(folder / "truth"), morning.actor, screens, morning.day, model_day))
    tried = judge_trial(morning.actor.registry.plan.seed)
    return sorted([*ratios, *tried], key=lambda one: one.missing != "")  # what nobody knows yet comes last


def show(ratios: Sequence[Ratio], console: Console) -> None:
    """A table."""
    table = Table("", "ratio", "measured", "true", "goal", "how")
    for one in ratios:
        how = f"[dim]unknown yet: room {one.missing} is missing[/]" if one.missing else one.how
        table.add_row(one.id, one.name, say(one.measured), say(one.true), one.goal, how)
    console.print(table)


def say(value: Value) -> str:
    """A share with its interval, a plain number, or a dash."""
    if value is None:
        return "–"
    if isinstance(value, float | int):
        return f"{value:.2%}" if abs(value) <= 1 else f"{value:,.0f}"
    low, middle, high = value
    return f"{middle:.2%} ({low:.2%} … {high:.2%})"


def render(ratios: Sequence[Ratio], *, title: str) -> str:
    """The page."""
    lines = []
    for one in ratios:
        how = (
            f"<span class='dim'>unknown yet: room {escape(one.missing)} is missing</span>"
            if one.missing
            else escape(one.how)
        )
        cells = "".join(f"<td>{escape(say(value))}</td>" for value in (one.measured, one.true))
        lines.append(
            f"<tr><td>{escape(one.id)}</td><td class='left'>{escape(one.name)}</td>{cells}"
            f"<td class='left'>{escape(one.goal)}</td><td class='left'>{how}</td></tr>"
        )
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    table = "<tr><th></th><th class='left'>ratio</th><th>measured</th><th>true</th><th class='left'>goal</th><th class='left'>how</th></tr>"
    body = (
        f"<h1>{escape(title)}</h1><p class='dim'>Measured: what the platform can know. True: what only the city knows. Intervals: 95 %.</p>"
        f"<div class='wide'><table>{table}{''.join(lines)}</table></div>"
    )
    return f"<!doctype html><html lang='en'><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n"


def to_json(ratios: Sequence[Ratio]) -> dict[str, Any]:
    """As `--json` prints it."""
    return {
        "ratios": [one.plain() for one in ratios],
        "missing": sorted({one.missing for one in ratios if one.missing}),
    }


__all__ = ["render", "report_city", "show", "to_json"]
