"""Who judges, what is silenced, what the brake holds, what is tested – and how each of it is undone: for people at a terminal.

And what stands behind one decision: the edges of its device, address, payee and shop.
"""

from __future__ import annotations

import datetime as dt
import shlex
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.credit.jobs import find_customer_refs
from honghua.decision import api as decision

PPM = 1_000_000
PAIRS_SHOWN = 3
WORST_SHOWN = 10
EDGES_SHOWN = 8
ALERTS_COUNTED = 1_000


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
    _print_challenger(console, conn)
    for view in decision.list_shadows(conn):
        _print_shadow(console, view)
    _print_models(console, conn, releases)
    unseen = len(decision.list_alerts(conn, limit=ALERTS_COUNTED))
    if unseen:
        console.print(f"{unseen:,} alert(s) that nobody has seen: honghua alerts list")


def _print_challenger(console: Console, conn: psycopg.Connection) -> None:
    """How the challenger does beside the champion: differences of shares in points, with bounds that hold at every look."""
    view = decision.view_challenger(conn)
    if view is None or not min(view.customers):
        return
    parts = [
        f"{name} {found.mid * 100:+.2f} points [{found.low * 100:+.2f}, {found.high * 100:+.2f}]"
        for name, found in (("stops", view.stopped), ("loses", view.lost))
    ]
    console.print(
        f"challenger {view.challenger} beside {view.champion}, {view.customers[1]:,} customers against"
        f" {view.customers[0]:,}: {'; '.join(parts)}"
    )


def _print_shadow(console: Console, view: decision.ShadowView) -> None:
    if view.is_warming:
        console.print(
            f"shadow {view.shadow_id} is warming: an engine learns from the facts what its model reads; it is not asked yet"
        )
        return
    share = f" ({view.agreed / view.judged:.2%})" if view.judged else ""
    unlike = {pair: many for pair, many in view.pairs.items() if len(set(pair.split("→"))) > 1}
    most = sorted(unlike.items(), key=lambda item: -item[1])[:PAIRS_SHOWN]
    words = "".join(f"; {pair} {many:,}" for pair, many in most)
    console.print(
        f"shadow {view.shadow_id} beside {view.live_id}: {view.agreed:,} of {view.judged:,} the same{share}{words}"
    )
    if view.scores is not None:
        live, own, apart = view.scores
        console.print(
            f"  its own model says {own:.4f} on average where the champion's says {live:.4f}, {apart:.4f} apart"
        )


def _print_models(console: Console, conn: psycopg.Connection, releases: list[decision.ReleaseRow]) -> None:
    """On whose word models judge that did not pass, and how far the champion's purchases have drifted from its fitting."""
    for row in releases:
        waiver = decision.find_waiver(conn, row)
        if waiver is not None:
            person, why = waiver
            console.print(
                f"release {row.release_id}: its model did not pass its battery; {person} answers for it: {why}"
            )
    for one in list_champion_drift(conn)[:1]:
        report = one.report
        kinds = dict.fromkeys(alarm.kind for alarm in report.alarms)
        state = "; ".join(decision.sentence_of(report, kind) for kind in kinds) or "within its bounds"
        console.print(f"drift on {one.day} ({report.rows:,} purchases, score PSI {report.score_psi:.3f}): {state}")
        console.print("  more: honghua decision monitor")


def list_champion_drift(conn: psycopg.Connection, *, limit: int = 14) -> list[decision.DriftDay]:
    """The newest days of the model that judges, the newest first."""
    lineup = decision.find_lineup(conn)
    digest = b"" if lineup is None else decision.get_release(conn, lineup.champion).model_digest
    return decision.list_drift(conn, digest=digest, limit=limit) if digest else []


def plain_drift(one: decision.DriftDay) -> dict[str, Any]:
    """A day of drift as JSON holds it."""
    report = one.report
    worst = sorted(zip(report.names, report.psi.tolist()), key=lambda item: -item[1])[:WORST_SHOWN]
    return {
        "model": one.model.hex(), "day": one.day.isoformat(), "rows": report.rows, "score_psi": report.score_psi,
        "score_shift_sd": report.score_shift_sd, "psi_worst": dict(worst),
        "alarms": [{"kind": a.kind, "name": a.name, "value": a.value, "bound": a.bound} for a in report.alarms],
    }  # fmt: skip


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
    """What a release does now, a challenger with its share; empty when nothing."""
    role = decision.name_role(lineup, release_id)
    return f"{role} {lineup.challenger_ppm / PPM:.2%}" if lineup is not None and role == "challenger" else role


def plain_edges(conn: psycopg.Connection, evidence: decision.Evidence | None) -> list[dict[str, Any]]:
    """The edges behind a decision as JSON holds them, customers by name."""
    if evidence is None:
        return []
    names = find_customer_refs(conn, sorted({edge.account_id for edge in evidence.edges}))
    return [
        {"entity": e.entity, "key": e.key, "customer": names.get(e.account_id, ""), "own": e.is_own, "purchases": e.purchases,
         "held_up": e.held_up, "amount_minor": e.amount_minor, "first_at": e.first_at.isoformat(), "last_at": e.last_at.isoformat()}
        for e in evidence.edges
    ]  # fmt: skip


def print_edges(console: Console, conn: psycopg.Connection, evidence: decision.Evidence | None) -> None:
    """Who else used the purchase's device, address, payee and shop before it, and when."""
    if evidence is None or not evidence.edges:
        return
    names = find_customer_refs(conn, sorted({edge.account_id for edge in evidence.edges}))
    table = Table("edge", "customer", "purchases", "not let through", "first", "last", box=None)
    for entity in dict.fromkeys(edge.entity for edge in evidence.edges):
        mine = [edge for edge in evidence.edges if edge.entity == entity]
        for edge in mine[:EDGES_SHOWN]:
            who = names.get(edge.account_id, "?") + (" (the same)" if edge.is_own else "")
            first, last = (at.isoformat(timespec="minutes") for at in (edge.first_at, edge.last_at))
            table.add_row(f"{entity} #{edge.key}", who, str(edge.purchases), str(edge.held_up), first, last)
        if len(mine) > EDGES_SHOWN:
            table.add_row("", f"… {len(mine) - EDGES_SHOWN} more customers", "", "", "", "")
    cut = ", as far back as is looked" if evidence.is_cut else ""
    console.print(f"\nEdges since {evidence.looked_back:%Y-%m-%d %H:%M}{cut}:")
    console.print(table)


__all__ = ["find_role", "list_champion_drift", "plain_drift", "plain_edges", "print_edges", "print_status"]
