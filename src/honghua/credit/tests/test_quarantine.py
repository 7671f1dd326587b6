"""An account that can't be closed stands aside with its error, the others go on, and its facts bring it back."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput, IntegrityBroken, NotFound
from honghua.credit import core as c
from honghua.credit.eod import close_day, close_until
from honghua.credit.quarantine import list_quarantined, release
from honghua.credit.tests.days import NOW, Town, settle

JANUARY = dt.date(2026, 1, 30)
CUT = dt.date(2026, 1, 31)
SICK = "C02"

PLANTS = {
    "unknown terms": "UPDATE credit_account SET terms_id = 4711",
    "the next cut lies behind": "UPDATE credit_account SET next_cut_on = '2026-01-02'",
    "a cut day that no month has": "UPDATE credit_account SET cut_day = 31",
    "a next pair that no month has": "UPDATE credit_account SET next_cut_day = 77",
    "a count of statements without statements": "UPDATE credit_account SET dues_count = 3",
    "a negative count": "UPDATE credit_account SET dues_count = -1",
    "a count of plans without plans": "UPDATE credit_account SET plans_count = 5000",
    "an action day that is over": "UPDATE credit_account SET next_action_on = as_of_on",
    "a day ahead of the book": "UPDATE credit_account SET as_of_on = '2026-01-31', next_action_on = '2026-01-31'",
    "more debt than the journal knows": "UPDATE credit_account SET unbilled_minor = unbilled_minor + 1",
    "debt beyond all bounds": "UPDATE credit_account SET unbilled_minor = 4611686018427387904",
    "a plan whose periods are over": "UPDATE credit_account SET plans[5] = plans[4]",
    "a plan with more billed than periods": "UPDATE credit_account SET plans[5] = 77",
}


@pytest.fixture
def town(database, conn) -> Town:
    """Six who have bought, with a plan each; the next day to close cuts everybody's statement."""
    town = settle(database, conn, 6, first=JANUARY)
    for name in town.names:
        town.buy(f"b{name}", name, 10_000)
        town.buy(f"p{name}", name, 9_000, instalments=c.Instalments(periods=3))
    close_day(database)
    return town


def make_sick(town: Town, plant: str) -> None:
    town.plant("ALTER TABLE credit_account DROP CONSTRAINT IF EXISTS credit_account_arrays")
    town.plant("ALTER TABLE credit_account DROP CONSTRAINT IF EXISTS credit_account_amounts")
    town.plant(f"{plant} WHERE customer_ref = '{SICK}'")


@pytest.mark.parametrize(("plant", "shard_ids"), [*((plant, 8_192) for plant in PLANTS), ("unknown terms", 1)])
def test_one_sick_account_stops_nobody_else_and_comes_back(town, plant, shard_ids):
    make_sick(town, PLANTS[plant])
    report = close_day(town.database, shard_ids=shard_ids)
    assert (report.day, report.accounts, report.statements, report.quarantined) == (CUT, 5, 5, 1)
    (found,) = list_quarantined(town.conn)
    assert (found.customer, found.since_on) == (SICK, CUT)
    assert found.error.strip()
    assert town.rows("SELECT quarantined FROM credit_day_shard WHERE quarantined > 0") == [(1,)]

    answer = town.buy("refused", SICK)
    assert (answer["outcome"], answer["code"]) == ("refused", "ACCOUNT_QUARANTINED")
    assert town.do(c.Repay(key="money", customer=SICK, amount_minor=1))[0]["code"] == "ACCOUNT_QUARANTINED"
    assert town.buy("others go on", "C03")["outcome"] == "approved"
    reports = close_until(town.database, dt.date(2026, 3, 3))
    assert sum(each.quarantined for each in reports) == 0, "it is not looked at again"

    assert release(town.conn, town.registry, SICK, now=NOW) is True
    assert list_quarantined(town.conn) == []
    assert town.broken() == []
    assert town.rows("SELECT cut_on, total_minor FROM credit_statement WHERE account_id = %s ORDER BY seq", town.account_id(SICK)) == (
        town.rows("SELECT cut_on, total_minor FROM credit_statement WHERE account_id = %s ORDER BY seq", town.account_id("C01"))
    ), "it has the statements of one who was never sick"  # fmt: skip
    assert town.do(c.Repay(key="again", customer=SICK, amount_minor=500))[0]["outcome"] == "done"
    assert (
        sum(each.quarantined for each in close_until(town.database, dt.date(2026, 4 if shard_ids == 1 else 3, 5))) == 0
    )
    town.touch()
    sick, healthy = (
        town.rows(
            "SELECT status, as_of_on, statements, dues_count, risk_class FROM credit_account WHERE customer_ref = %s",
            name,
        )
        for name in (SICK, "C01")
    )
    assert sick == healthy
    assert town.broken() == []


def test_a_balance_that_the_ledger_refuses(town):
    """The journal's own row is wrong: closing would take it below zero. Nothing is corrected on top of it."""
    amount = town.one("SELECT principal_unbilled FROM ledger_balance WHERE owner_id = %s", town.account_id(SICK))
    assert amount == 10_000
    change = f"UPDATE ledger_balance SET principal_unbilled = %s WHERE owner_id = {town.account_id(SICK)}"
    town.plant(change, 4_000)
    report = close_day(town.database)
    assert (report.accounts, report.statements, report.quarantined) == (5, 5, 1)
    (found,) = list_quarantined(town.conn)
    assert found.customer == SICK
    assert "a balance would leave its side" in found.error
    with pytest.raises(IntegrityBroken, match="not the sum of its journal lines"):
        release(town.conn, town.registry, SICK, now=NOW)
    assert [each.customer for each in list_quarantined(town.conn)] == [SICK]
    town.plant(change, amount)
    assert release(town.conn, town.registry, SICK, now=NOW) is False, "its state was right all the time"
    assert town.broken() == []


def test_many_sick_ones_are_found_one_by_one(town):
    make_sick(town, PLANTS["more debt than the journal knows"])
    town.plant("UPDATE credit_account SET unbilled_minor = unbilled_minor + 1 WHERE customer_ref IN ('C00', 'C05')")
    town.plant("UPDATE credit_account SET terms_id = 0 WHERE customer_ref = 'C03'")
    town.plant("UPDATE credit_account SET plans[5] = plans[4] WHERE customer_ref = 'C04'")
    report = close_day(town.database)
    assert (report.accounts, report.quarantined) == (1, 5)
    assert {each.customer for each in list_quarantined(town.conn)} == {"C00", SICK, "C03", "C04", "C05"}
    for each in list_quarantined(town.conn):
        release(town.conn, town.registry, each.customer, now=NOW)
    assert town.broken() == []
    assert town.one("SELECT count(*) FROM credit_statement") == 6


def test_facts_that_do_not_fold_are_left_to_a_person(town):
    make_sick(town, PLANTS["unknown terms"])
    close_day(town.database)
    before = town.picture()
    town.plant("ALTER TABLE store_fact DISABLE TRIGGER USER")
    town.plant("UPDATE store_fact SET args[3] = 4711 WHERE kind = 1 AND account_id = %s", town.account_id(SICK))
    with pytest.raises(IntegrityBroken, match="can't be folded"):
        release(town.conn, town.registry, SICK, now=NOW)
    assert town.picture() == before


def test_only_a_quarantined_account_is_released(town):
    with pytest.raises(NotFound):
        release(town.conn, town.registry, "nobody", now=NOW)
    with pytest.raises(BadInput, match="not in quarantine"):
        release(town.conn, town.registry, "C00", now=NOW)


def test_the_quarantine_is_seen_in_sql_with_its_history(town):
    make_sick(town, PLANTS["unknown terms"])
    close_day(town.database)
    assert town.rows("SELECT since_on, error, released_at FROM credit_quarantine") == [(CUT, "unknown terms", None)]
    release(town.conn, town.registry, SICK, now=NOW)
    assert town.rows("SELECT count(*), count(released_at) FROM credit_quarantine") == [(1, 1)]
    make_sick(town, "UPDATE credit_account SET terms_id = 4711, next_action_on = '2026-02-01'")
    close_day(town.database)
    assert town.rows("SELECT count(*), count(released_at) FROM credit_quarantine") == [(2, 1)]
