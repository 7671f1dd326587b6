"""Units that fail and accounts that are broken: others in the batch hardly notice, and the engine's state is that of the facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from honghua.credit import core as c
from honghua.credit.api import attach, list_quarantined
from honghua.credit.core.account import Account, AccountBroken
from honghua.credit.engine import RiskDesk
from honghua.credit.plain.buying import PlainRun
from honghua.credit.quarantine import release as release_account
from honghua.credit.tests.days import NOW, Town, settle
from honghua.credit.tests.test_engine import check_sound, desk_of, fail, fresh_desk, make_setup, order, release

SAVING = "honghua.credit.unit.save_commands"
REFUSED = 44_444


@pytest.fixture
def town(database, conn):
    """A town whose purchases the engine judges, silence included."""
    town = settle(database, conn, 30)
    release(conn)
    attach(conn, town.registry, make_setup(silent_days=1))
    town.do(*(order(f"first{k}", f"C{k:02d}", 1_000 + k) for k in range(30)))
    return town


@pytest.fixture
def rebuilt(monkeypatch):
    """A list that grows with every state that is built anew."""
    found: list[int] = []
    rebuild: Callable[..., None] = RiskDesk._rebuild

    def counted(desk: RiskDesk, conn: Any) -> None:
        found.append(desk.cursor)
        rebuild(desk, conn)

    monkeypatch.setattr(RiskDesk, "_rebuild", counted)
    return found


def batch(tag: str, rows: range, **more: Any) -> list[c.Command]:
    """Purchases of several customers, some refused, at moments of their own."""
    return [order(f"{tag}{k}", f"C{k % 30:02d}", REFUSED if k % 7 == 3 else 100 + k, **more) for k in rows]


def lose(town: Town, monkeypatch: pytest.MonkeyPatch, commands: list[c.Command]) -> None:
    """A unit that fails when all is judged and booked."""
    with monkeypatch.context() as patch:
        patch.setattr(SAVING, fail)
        with pytest.raises(RuntimeError):
            town.do(*commands)


def check_state(town: Town) -> None:
    """A process that starts now finds the same state."""
    assert fresh_desk(town, make_setup(silent_days=1)).engine.digest() == desk_of(town).engine.digest()
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_the_same_orders_again_are_known(town, monkeypatch, rebuilt):
    lose(town, monkeypatch, batch("a", range(24)))
    lose(town, monkeypatch, batch("a", range(24)))
    town.do(*batch("a", range(24)))
    town.do(*batch("b", range(5)))
    assert rebuilt == []
    check_state(town)


def test_a_batch_that_comes_again_in_two_parts_is_known(town, monkeypatch, rebuilt):
    approved = [order(f"a{k}", f"C{k:02d}", 500 + k) for k in range(20)]
    lose(town, monkeypatch, [*approved])
    town.do(*approved[:8])
    town.do(*approved[8:], *batch("c", range(20, 25)))
    assert rebuilt == []
    check_state(town)


def test_a_part_that_teaches_more_than_purchases_makes_the_rest_be_sensed_anew(town, monkeypatch, rebuilt):
    lose(town, monkeypatch, batch("a", range(24)))
    town.do(*batch("a", range(10)))
    town.do(*batch("a", range(10, 24)))
    assert len(rebuilt) == 1
    check_state(town)


@pytest.mark.parametrize("first", [0, 9])
def test_where_others_come_instead_the_state_is_built_anew(town, monkeypatch, rebuilt, first):
    lose(town, monkeypatch, batch("a", range(24)))
    town.do(*batch("a", range(first)), *batch("other", range(11, 29)))
    assert len(rebuilt) == 1
    check_state(town)


def test_a_unit_that_failed_before_anything_was_sensed_leaves_the_state_as_it_is(town, monkeypatch, rebuilt):
    with monkeypatch.context() as patch:
        patch.setattr("honghua.credit.unit.allocate_each", fail)
        with pytest.raises(RuntimeError):
            town.do(*batch("a", range(24)))
    town.do(*batch("b", range(24)))
    assert rebuilt == []
    check_state(town)


def test_a_commit_that_nobody_heard_of_is_found(town, monkeypatch, rebuilt):
    with monkeypatch.context() as patch:
        patch.setattr(RiskDesk, "committed", RiskDesk.forget)
        town.do(*batch("a", range(24)))
    town.do(*batch("b", range(3)))
    assert rebuilt == []
    check_state(town)


def test_a_batch_that_was_answered_long_ago_says_nothing_of_one_that_failed(town, monkeypatch, rebuilt):
    town.do(*batch("old", range(5)))
    lose(town, monkeypatch, batch("a", range(24)))
    assert all(answer["repeated"] for answer in town.do(*batch("old", range(5))))
    town.do(*batch("a", range(24)))
    assert rebuilt == []
    check_state(town)


@pytest.mark.parametrize("size", [3, 24])
@pytest.mark.parametrize("plant", ["as_of_on = '2026-01-31'", "dues_count = 2", "terms_id = 4711"])
def test_a_broken_account_waits_for_a_person_and_nobody_waits_for_it(town, rebuilt, size, plant):
    town.plant("ALTER TABLE credit_account DROP CONSTRAINT IF EXISTS credit_account_arrays")
    town.plant(f"UPDATE credit_account SET {plant} WHERE customer_ref = 'C01'")
    repaid = c.Repay(key="r", customer="C01", amount_minor=10)
    answers = town.do(*(order(f"a{k}", f"C{k:02d}", 500 + k) for k in range(size)), order("again", "C01", 7), repaid)
    said = [answer.get("code", answer["outcome"]) for answer in answers]
    assert said == ["approved", "ACCOUNT_QUARANTINED", *["approved"] * (size - 2), *["ACCOUNT_QUARANTINED"] * 2]
    assert [one.customer for one in list_quarantined(town.conn)] == ["C01"]
    assert rebuilt == []
    assert fresh_desk(town, make_setup(silent_days=1)).engine.digest() == desk_of(town).engine.digest()


@pytest.mark.parametrize("size", [3, 24])
def test_an_account_that_breaks_while_it_is_booked_on_leaves_a_refusal(town, monkeypatch, rebuilt, size):
    """No row we could plant gets so far: the kernels of one account are made to refuse it."""
    apply, book = Account.apply, PlainRun.book

    def refuse_second(account: Account, event: Any, **more: Any) -> Any:
        if account.customer_ref == "C01":
            raise AccountBroken("C01", "planted")
        return apply(account, event, **more)

    def leave_second(run: PlainRun, *args: Any) -> slice:
        run.forsake(run.table.places["C01"])
        return book(run, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Account, "apply", refuse_second)
        patch.setattr(PlainRun, "book", leave_second)
        answers = town.do(*(order(f"a{k}", f"C{k:02d}", 500 + k) for k in range(size)), order("again", "C01", 7))
    said = [answer.get("code", answer["outcome"]) for answer in answers]
    assert said == ["approved", "ACCOUNT_QUARANTINED", *["approved"] * (size - 2), "ACCOUNT_QUARANTINED"]
    town.do(*batch("b", range(2, 30)))
    assert rebuilt == []
    assert release_account(town.conn, town.registry, "C01", now=NOW) is False
    check_state(town)
