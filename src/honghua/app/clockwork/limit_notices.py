"""Each change of a limit is told to its customer: what it was, what it is, why, and what one can do about it. One message a change."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg

from honghua.app.clockwork.sweeping import take_all
from honghua.app.clockwork.telling import Telling, tell_customer
from honghua.base.money import format_minor
from honghua.customers import api as customers
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.store.wishes import Wish, WishState, count_wishes, settle_wish, take_wishes
from honghua.web.keyring import Secrets

AT_ONCE: Final = 200
LEASE: Final = dt.timedelta(seconds=60)
CURRENCY: Final = "CNY"  # of every limit: limits.core.terms
WAITING: Final = "no keys are attached: {} notice(s) wait"
# What one can do: Chinese, English.
AFTER_RAISE: Final = (
    "您可以不使用新额度,也可要求调低。如有疑问,请在“找人帮忙”中要求人工复核。",
    "You need not use it and may ask for less. Questions: ask for a person to look, under “Talk to a person”.",
)
AFTER_CUT: Final = (
    "已有的账单与分期不变。如有异议,请在“找人帮忙”中免费提出或要求人工复核。",
    "Bills and instalments stay as they are. If you disagree, object free of charge or ask for a person, under “Talk to a person”.",
)


def make_teller(secrets: Secrets | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job that turns notices of limits into messages; nobody's number can be read without keys, so they wait."""

    def tell(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None:
            waiting = count_wishes(conn, limits.NOTICE)[WishState.WAITING]
            return WAITING.format(waiting) if waiting else "nothing to tell"
        vault, counts = secrets.vault, Counter[str]()
        take_all(lambda: _tell_some(conn, vault, counts, now), at_once=AT_ONCE)
        return f"{counts['']} told, {counts.total() - counts['']} without anybody to tell"

    return tell


def write_notice(body: Mapping[str, Any]) -> str:
    """The words of one notice, by the body of its wish (limits.moving): Chinese, then English."""
    before, after = (format_minor(int(body[name]), CURRENCY) for name in ("from_minor", "to_minor"))
    changed = {
        "opened": (f"您的额度已开通,为{after}元", f"your limit is open: {after} {CURRENCY}"),
        "fixed": (f"您的额度由{before}元调整为{after}元", f"your limit moves from {before} to {after} {CURRENCY}"),
        "temporary": (f"您的临时额度为{after}元", f"your temporary limit is {after} {CURRENCY}"),
    }[body["kind"]]
    advice = AFTER_CUT if body["to_minor"] < body["from_minor"] else AFTER_RAISE
    chinese, english = (
        f"{what}{stop}{why}{end}{then}"
        for what, stop, why, end, then in zip(
            changed, ("。原因:", ". Why: "), (body["zh"], body["en"]), ("。", ". "), advice, strict=True
        )
    )
    return f"额度通知:{chinese} / Notice: {english}"


def _tell_some(conn: psycopg.Connection, vault: customers.Vault, counts: Counter[str], now: dt.datetime) -> int:
    taken = run_unit(conn, lambda c: take_wishes(c, limits.NOTICE, AT_ONCE, now=now, lease=LEASE))
    for one in taken:
        counts[run_unit(conn, lambda c, one=one: _tell_one(c, vault, one, now))] += 1  # type: ignore[misc]
    return len(taken)


def _tell_one(conn: psycopg.Connection, vault: customers.Vault, one: Wish, now: dt.datetime) -> str:
    """The message is wished for in the transaction that settles the notice: both or neither. "" or why nobody can be told."""
    telling = Telling(f"limit_notice:{one.key}", str(one.body["customer"]), write_notice(one.body))
    problem = tell_customer(conn, vault, telling, now=now)
    settle_wish(conn, one, WishState.FAILED if problem else WishState.DONE, now=now, error=problem or None)
    return problem
