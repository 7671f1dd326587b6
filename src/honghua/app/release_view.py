"""Who judges, what is silenced, what the brake holds, what is tested – and how each of it is undone: for people at a terminal."""

from __future__ import annotations

import datetime as dt
import shlex

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.decision import api as decision

PPM = 1_000_000


def print_status(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """The whole state of the policy, what is in force first; every line that can be undone says how."""
    console = Console(markup=False, highlight=False, soft_wrap=True)  # names of rules have brackets
    lineup = decision.find_lineup(conn)
    releases = decision.list_releases(conn)
    if lineup is None:
        console.print(
            "Nothing was released yet: the account rules that came with the program judge from the first purchase on."
        )
    else:
        _print_lineup(console, lineup, {row.release_id: row for row in releases})
    if releases:
        _print_releases(console, lineup, releases)
    _print_silenced(console, conn, now)
    _print_brakes(console, conn, lineup)
    _print_experiments(console, conn)
    for view in decision.list_shadows(conn):
        share = f" ({view.agreed / view.judged:.2%})" if view.judged else ""
        console.print(
            f"shadow {view.shadow_id} beside {view.live_id}: {view.agreed:,} of {view.judged:,} the same{share}"
        )


def _print_lineup(console: Console, lineup: decision.LineupRow, releases: dict[int, decision.ReleaseRow]) -> None:
    def name(number: int) -> str:
        row = releases[number]
        brake = "" if row.reference != "{}" else ", without a reference of the brake"
        return f"release {number} {row.name} ({row.digest.hex()[:16]}{brake})"

    own = 1 - lineup.challenger_ppm / PPM
    console.print(f"In force since change {lineup.lineup_id}:")
    console.print(f"  champion    {name(lineup.champion)} judges {own:.2%} of the customers")
    if lineup.challenger is not None:
        share = f"{lineup.challenger_ppm / PPM:.2%}"
        console.print(f"  challenger  {name(lineup.challenger)} judges {share}, of those who are not held out")
        console.print(f"              end: honghua release activate {lineup.challenger} --as none --by YOU")
    for shadow in lineup.shadows:
        console.print(f"  shadow      {name(shadow)} is asked, not heard")
        console.print(f"              end: honghua release activate {shadow} --as none --by YOU")
    console.print(
        "  undo        honghua release rollback --by YOU --why REASON (the line-up before judges from the next batch on)"
    )


def _print_releases(console: Console, lineup: decision.LineupRow | None, releases: list[decision.ReleaseRow]) -> None:
    table = Table("release", "policy", "digest", "author", "reviewer", "role", box=None)
    for row in releases:
        seen = row.reviewer if row.approved else f"turned down by {row.reviewer}"
        table.add_row(
            str(row.release_id), row.name, row.digest.hex()[:16], row.author,
            "waits for review" if row.approved is None else seen, find_role(lineup, row.release_id),
        )  # fmt: skip
    console.print(table)
    for row in releases:
        if row.approved is None:
            command = f"honghua release approve {row.release_id} --by SOMEBODY-ELSE --digest {row.digest.hex()[:16]}"
            console.print(f"release {row.release_id} waits: {command}")


def _print_silenced(console: Console, conn: psycopg.Connection, now: dt.datetime) -> None:
    for found in decision.list_suppressions(conn):
        whom = "everybody" if found.entity is None else f"{found.entity} {found.label}"
        number, until = found.suppression_id, f"{found.expires_at:%Y-%m-%d %H:%M %Z}"
        if found.expires_at <= now:
            console.print(f"silenced #{number}: {found.rule} for {whom} ended by itself on {until}")
            continue
        left = found.expires_at - now
        more = f"{left.days} day(s)" if left.days else f"{left.seconds // 3600} h {left.seconds % 3600 // 60} min"
        console.print(
            f"silenced #{number}: {found.rule} for {whom} until {until}, {more} more, by {found.person}: {found.why}"
        )
        console.print(f"  end: honghua release lift {number} --by YOU")


def _print_brakes(console: Console, conn: psycopg.Connection, lineup: decision.LineupRow | None) -> None:
    judging = () if lineup is None else (lineup.champion, lineup.challenger)
    for brake in decision.list_brakes(conn):
        if brake.state in ("calm", "reopened"):
            continue
        share = f"{brake.refused:,} of {brake.judged:,} refused, bound {brake.bound_ppm / 10_000:g} %"
        where = "" if brake.bundle_id in judging else ", which does not judge now"
        at = f"{brake.happened_at:%Y-%m-%d %H:%M}"
        console.print(f"brake: {brake.rule} of release {brake.bundle_id}{where} {brake.state} at {at} ({share})")
        if brake.state == "stopped":
            console.print(f"  end: honghua release reopen {shlex.quote(brake.rule)} --by YOU --why REASON")


def _print_experiments(console: Console, conn: psycopg.Connection) -> None:
    for experiment in decision.list_experiments(conn):
        arms = ", ".join(f"{arm} {ppm / PPM:.2%}" for arm, ppm in zip(experiment.arms, experiment.shares_ppm))
        console.print(f"experiment {experiment.name}: {arms}")
        console.print(f"  end: honghua release experiment {experiment.name} --stop --by YOU")
    held = decision.find_holdout(conn).share_ppm
    if held:
        console.print(f"held out of every experiment and challenger: {held / PPM:.2%} of the customers, for good")


def find_role(lineup: decision.LineupRow | None, release_id: int) -> str:
    """What a release does now; empty when nothing."""
    if lineup is None:
        return ""
    if release_id == lineup.champion:
        return "champion"
    if release_id == lineup.challenger:
        return f"challenger {lineup.challenger_ppm / PPM:.2%}"
    return "shadow" if release_id in lineup.shadows else ""


__all__ = ["find_role", "print_status"]
