"""The prudent lender in the book: relief for one, a pack of evidence for another, a look at ratios, so that their checks have work."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.credit.api import Registry
from honghua.credit.prudence import api as prudence


def be_prudent(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> None:
    """Relief for chen, gao's claim written off on a complete pack, expected loss kept, growth stopped and let go again."""
    wanted = prudence.Wanted(customer="chen", amount_minor=100, ground=prudence.Ground.ILLNESS, evidence=("letter",))
    relief = prudence.ask_relief(conn, wanted, person="care", now=now)
    word = prudence.Word(person="chief", grant=True, why="a hospital wrote")
    assert prudence.decide_relief(conn, registry, relief.relief_id, word, now=now)["outcome"] == "done"
    pack_id = prudence.begin_pack(conn, "gao", person="care", now=now)
    for k, kind in enumerate(("contract", "statements", "bureau", "insolvency")):
        prudence.add_item(
            conn, pack_id, prudence.Item(kind, now.date(), bytes([k]) * 32, f"archive/{kind}"), person="care", now=now
        )
    for person in ("wang", "li"):
        prudence.approve_pack(conn, pack_id, person=person, now=now)
    assert prudence.write_off_pack(conn, registry, pack_id, now=now)["outcome"] == "done"
    prudence.tell_figures(conn, {"tier1_minor": 10**6}, as_of=now.date(), person="cfo", now=now)
    rule = prudence.Rule(
        name="leverage", part="tier1_minor", whole="loans_minor", least_ppm=10**9, action="stop_openings", source="a test",
        grade="U", since=now.date(),
    )  # fmt: skip
    assert prudence.review(conn, registry.terms, (rule,), beside=prudence.Figures({}), now=now).moves.raised
    prudence.lift_guardrail(conn, "leverage", person="cro", why="only a test", now=now)
