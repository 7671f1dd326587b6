"""What the demo shows when its months are over: an account, the books, what risk did beside what is true, and where to look on."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from rich.console import Console

from honghua.app import ledger_view, statement_view
from honghua.app.city.demo import Demo
from honghua.base.clock import DAY_US
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.ledger import api as ledger
from honghua.sim.api import WORDS, Heard, is_crime_column, judged_of, name_person
from honghua.store.control import make_url

CURRENCY: Final = "CNY"


def judge_demo(demo: Demo) -> dict[str, Any]:
    """Figures of the town so far, from the books, the diary and the truth."""
    town = demo.town
    columns = town.platform.diary.columns()
    entries, lines = ledger.count_entries(town.conn)
    trial = sum(ledger.trial_balance(town.conn, currency=CURRENCY).values())
    words = {
        WORDS[number]: int(count)
        for number, count in enumerate(np.bincount(columns["word"], minlength=len(WORDS)))
        if count
    }
    released = [one for one in town.refits if one.released]
    since = released[0].day if released else None
    after = (
        {name: values[columns["at_us"] >= since * DAY_US] for name, values in columns.items()}
        if since is not None
        else None
    )
    return {
        "people": demo.plan.people, "days": town.day, "lived_days": demo.lived, "purchases": len(columns["act"]), "words": words,
        "statements": credit.count_statements(town.conn), "entries": entries, "lines": lines, "trial_balance_minor": trial,
        "days_closed": credit.count_closed_days(town.conn), "business_on": credit.get_business_day(town.conn).isoformat(),
        "auto_debit": {name: getattr(town.debits, name) for name in ("bank", "asked", "paid", "paid_minor", "declined", "timed_out")},
        "arranged": demo.arranged, "refits": len(released),
        "with_model": judged_of(after).figures() if after is not None and len(after["act"]) else None,
        "star": find_star(columns), "stopped": find_stopped(columns),
    }  # fmt: skip


def find_star(columns: dict[str, np.ndarray]) -> str | None:
    """An honest customer who was granted the most purchases."""
    honest = (columns["ring"] == 0) & (columns["granted_minor"] > 0)
    who = columns["customer"][honest]
    return name_person(int(np.bincount(who).argmax())) if len(who) else None


def find_stopped(columns: dict[str, np.ndarray]) -> int | None:
    """The decision on the largest crime that risk stopped."""
    stopped = (
        is_crime_column(columns["crime"])
        & np.isin(columns["heard"], (Heard.REFUSED_RISK, Heard.DELAYED))
        & (columns["decision_id"] > 0)
    )
    rows = np.flatnonzero(stopped)
    return int(columns["decision_id"][rows[np.argmax(columns["wanted_minor"][rows])]]) if len(rows) else None


def show_demo(console: Console, demo: Demo, shown: dict[str, Any], *, program: str, seconds: float) -> None:
    """The page."""
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    town, star = demo.town, shown["star"]
    view = credit.find_account_view(town.conn, town.platform.registry, star) if star else None
    if view is not None:
        console.print(
            statement_view.account_page(view, credit.list_statements(town.conn, town.platform.registry, star, limit=4))
        )
    console.print(ledger_view.trial_table(CURRENCY, ledger.trial_balance(town.conn, currency=CURRENCY)))
    verdict = "every invariant holds" if not shown["broken"] else "BROKEN: " + ", ".join(shown["broken"])
    say(f"honghua verify: {verdict}.")
    words = ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in sorted(shown["words"].items()))
    if shown["lived_days"]:
        say(
            f"{shown['people']:,} people lived until {shown['business_on']}: {shown['purchases']:,} orders ({words}), "
            f"{shown['statements']:,} statements, {shown['entries']:,} entries. {seconds:.1f} s."
        )
        debit = shown["auto_debit"]
        money = ledger_view.money(debit["paid_minor"], CURRENCY)
        say(
            f"Auto-debit by a {debit['bank']}: {debit['paid']} paid ({money}), {debit['declined']} declined, {debit['timed_out']} timeouts."
        )
    else:
        say("Everything had been lived through before: nothing was changed. `honghua demo --fresh` begins anew.")
    if shown["arranged"]:
        say("At the desk: " + "; ".join(shown["arranged"]) + ".")
    judged = shown["with_model"]
    if judged is not None:
        low, share, high = judged["recall_all"]
        say(
            f"Since the platform has a model of its own ({shown['refits']} refits on late labels, released by two robots): "
            f"of {judged['crimes']:,} crimes {share:.0%} stopped ({low:.0%} … {high:.0%}), "
            f"of good orders {judged['false_refusal_share']:.2%}. "
            "The platform never sees the truth."
        )
    if shown["stopped"] is not None:
        say("\nOne of them")
        for line in tell_purchase(demo, shown["stopped"]):
            say(f"  {line}")
    advise(console, demo, shown, program=program)


def tell_purchase(demo: Demo, decision_id: int) -> list[str]:
    """Why it was stopped: rules, detectors and reasons, as `honghua decision show` tells them."""
    trace = decision.find_trace(demo.town.conn, decision_id, find_scorer=decision.find_scorer)
    if trace is None:
        return [f"purchase {decision_id}: no record of the risk engine"]
    head = f"purchase {decision_id}: {trace.outcome} {trace.reason} ({trace.agent or trace.sentence})"
    return [head, *trace.story, *trace.models]


def advise(console: Console, demo: Demo, shown: dict[str, Any], *, program: str) -> None:
    """Where to look on."""
    star = shown["star"] or "P000001"
    stopped = shown["stopped"]
    rows = [
        (f"statement {star}", "this account; --number N for one statement with its items"),
        (f"account history {star}", "facts and entries in order"),
        (f"account quote {star} 1200", "instalments with their cost table"),
        (f"account buy {star} 25.80 --merchant 巷口咖啡", "buy something; the key it prints never works twice"),
        ("review list", "purchases that wait for a person"),
        ("release status", "who judges, with which model, released by whom"),
        *([(f"decision show {stopped}", "why that one was stopped")] if stopped is not None else []),
        ("decision replay --sample 1000", "judge recorded decisions again"),
        ("sim report", "what the platform measured beside what is true"),
        ("demo --live --pace 60", "let the city live on, an hour a minute"),
        ("ledger trial", "the books"),
        ("verify", "recompute every invariant"),
        ("db psql", f"look with SQL ({make_url(demo.town.database.dsn)})"),
    ]
    console.print("\n[bold]Look on[/]")
    for words, what in rows:
        console.print(f"  {program} {words}", highlight=False, soft_wrap=True)
        console.print(f"      {what}", style="dim", highlight=False, soft_wrap=True)


__all__ = ["judge_demo", "show_demo"]
