"""The cap of a person is one for both of their lines (rules.md §3, §6): whoever raises either, in whatever lane, counts the other."""

from __future__ import annotations

import datetime as dt
import threading

import msgspec
import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.credit import core as c
from honghua.credit.api import Registry, execute, open_registry, start_book
from honghua.credit.guarding import read_others
from honghua.credit.guarding.other_lines import LOCKS
from honghua.credit.invariants import check_credit
from honghua.credit.journey.products import BUSINESS_TERMS
from honghua.credit.limiting.accepting import accept
from honghua.credit.limiting.tests.test_bound_accounts import AT, DAY, NOW
from honghua.credit.store import find_account_ids, save_terms
from honghua.credit.viewing.growth import read_records
from honghua.limits import api as limits
from honghua.limits.core import Rulebook, Scope, explain_growth
from honghua.store.database import Database, connect, run_unit

WAITING = "SELECT count(*) FROM pg_locks WHERE pid = ANY(%s::int[]) AND NOT granted AND locktype = 'advisory'"
KIM, SHOP = "kim", "kim~business"
CAP = 20_000_000


@pytest.fixture
def registry(conn: psycopg.Connection) -> Registry:
    body = msgspec.json.encode(BUSINESS_TERMS.body()).decode()
    start_book(conn, day=DAY)
    run_unit(conn, lambda k: save_terms(k, BUSINESS_TERMS, body))
    return open_registry(conn, terms=c.ProductTerms())


def ask(conn: psycopg.Connection, registry: Registry, *commands: c.Command) -> list[str]:
    """done, approved, or the code of the refusal."""
    return [str(one.get("code", one["outcome"])) for one in execute(conn, registry, list(commands), now=NOW)]


def opened(line: str, minor: int) -> c.OpenAccount:
    return c.OpenAccount(key=f"open {line} {minor}", customer=line, limit_minor=minor)


def limited(line: str, minor: int, key: str = "") -> c.ChangeLimit:
    return c.ChangeLimit(key=f"limit {line} {minor} {key}", customer=line, limit_minor=minor)


def lent(line: str, minor: int) -> c.GrantTemporaryLimit:
    return c.GrantTemporaryLimit(key=f"lend {line} {minor}", customer=line, amount_minor=minor)


def test_no_command_gives_one_person_more_than_the_cap(conn: psycopg.Connection, registry: Registry) -> None:
    """Each to the minor unit, and a person without another line as ever."""
    no, done = "PERSON_CAP", "done"
    assert ask(conn, registry, opened(SHOP, CAP + 1), opened(KIM, 12_000_000)) == [no, done], (
        "the trade's 500,000 is no person's"
    )
    assert ask(conn, registry, opened(SHOP, 8_000_001), opened(SHOP, 6_000_000)) == [no, done]
    assert ask(conn, registry, limited(KIM, 14_000_001), limited(KIM, 14_000_000)) == [no, done]
    assert ask(conn, registry, limited(SHOP, 6_000_001), lent(SHOP, 1), lent(KIM, 1)) == [no, no, no]
    # one batch for both lines: what one is given, the other may not be given again; what one gives up, the other may have
    assert ask(conn, registry, limited(KIM, 10_000_000), limited(SHOP, 9_000_000), lent(SHOP, 1_000_001), lent(SHOP, 1_000_000)) == [
        done, done, no, done]  # fmt: skip
    assert ask(conn, registry, limited(KIM, 10_000_001), c.EndTemporaryLimit(key="end", customer=SHOP), limited(KIM, 11_000_000)) == [
        no, done, done]  # fmt: skip
    assert ask(conn, registry, opened("lee", CAP), limited(KIM, 1_000_000), limited(KIM, 1_000_001)) == [
        done,
        done,
        done,
    ]
    # a line that is cut frees nothing of what is owed on it
    bought = c.BuyNow(key="b", customer=SHOP, amount_minor=8_000_000, merchant="M", order="b", category="stock")
    assert ask(conn, registry, bought, limited(SHOP, 0), limited(KIM, 12_000_001), limited(KIM, 12_000_000)) == [
        "approved", done, no, done]  # fmt: skip
    # nor does a cut that is undone come back beside what the other line was given meanwhile
    cut = conn.execute("SELECT max(fact_id) FROM store_fact WHERE kind = 2 AND amount_minor = 0").fetchone()
    assert cut is not None
    conn.commit()
    undo = c.ReverseFact(key="undo", customer=SHOP, fact_id=cut[0], reason="a slip")
    assert ask(conn, registry, undo, limited(KIM, 11_000_000, "less")) == [no, done]
    again = c.ReverseFact(key="again", customer=SHOP, fact_id=cut[0], reason="a slip")
    assert ask(conn, registry, again, limited(KIM, 11_000_001)) == [done, no]
    assert [check.name for check in run_unit(conn, check_credit) if not check.ok] == []


def test_limits_decisions_leave_room_for_the_other_line(conn: psycopg.Connection, registry: Registry) -> None:
    """Growth, offers and limits for a scene: what risk approved for one line ends where the person's cap does."""
    assert ask(conn, registry, opened(KIM, 100_000), opened(SHOP, CAP - 120_000)) == ["done", "done"]

    def assess(k: psycopg.Connection) -> limits.Offer:
        limits.assess(k, KIM, 500_000, reason="APPLICATION", lenders=1, now=NOW)
        limits.offer_raise(k, KIM, 150_000, key="o", rulebook="", at=AT)
        wanted = limits.Wanted(
            key="g", customer=KIM, scope=Scope("work_bike", ("e-bikes",)), amount_minor=30_000, from_on=DAY,
            until_on=DAY + dt.timedelta(days=9), taken_minor=100_000,
        )  # fmt: skip
        limits.give(k, wanted, now=NOW)
        return limits.list_offers(k, KIM, on=DAY)[0]

    offer = run_unit(conn, assess)
    record = run_unit(conn, lambda k: read_records(k, registry, [find_account_ids(k, [KIM])[KIM]])[KIM][1])
    assert (record.ceiling_minor, explain_growth(Rulebook().terms, record).next_minor) == (120_000, 120_000)
    with pytest.raises(Conflict) as beyond:
        accept(conn, registry, offer.offer_id, customer=KIM, now=NOW)
    assert beyond.value.code == "OFFER_BEYOND_CEILING"

    def ride(key: str, minor: int) -> c.BuyNow:
        return c.BuyNow(key=key, customer=KIM, amount_minor=minor, merchant="M", order=key, category="e-bikes")

    assert ask(conn, registry, ride("a", 120_001), ride("b", 120_000)) == ["LIMIT_SHORT", "approved"]
    assert run_unit(conn, lambda k: read_others(k, [KIM, SHOP, "lee"])) == {KIM: CAP - 120_000, SHOP: 120_000}
    assert ask(conn, registry, limited(SHOP, CAP - 119_999), limited(SHOP, CAP - 130_000)) == ["PERSON_CAP", "done"]


def test_two_who_raise_both_lines_at_once_wait_for_each_other(
    database: Database, conn: psycopg.Connection, registry: Registry
) -> None:
    """Both stop at the lock that somebody holds; then one after the other reads what the first one left."""
    assert ask(conn, registry, opened(KIM, 1_000_000), opened(SHOP, 1_000_000)) == ["done", "done"]
    said: list[str] = []
    with connect(database) as first, connect(database) as second:
        own = {one.info.backend_pid: (one, open_registry(one)) for one in (first, second)}

        def raise_line(pid: int, line: str) -> None:
            said.extend(ask(*own[pid], limited(line, 15_000_000)))

        workers = [threading.Thread(target=raise_line, args=one) for one in zip(own, (KIM, SHOP), strict=True)]
        with conn.transaction():
            conn.execute(LOCKS[True])
            for worker in workers:
                worker.start()
            waiting = 0
            while waiting < len(own) and all(worker.is_alive() for worker in workers):
                row = conn.execute(WAITING, [list(own)]).fetchone()
                assert row is not None
                waiting = row[0]
            assert (waiting, said) == (2, []), "they wait"
        for worker in workers:
            worker.join()
    assert sorted(said) == ["PERSON_CAP", "done"]
