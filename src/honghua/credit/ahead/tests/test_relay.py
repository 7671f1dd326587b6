"""Units judged while the one before them is written: the same books as one after the other, and whatever fails leaves no trace."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.credit import core as c
from honghua.credit.ahead.relay import Judged, Relay
from honghua.credit.api import attach, execute, hash_commands, list_quarantined, open_registry
from honghua.credit.engine import RiskDesk
from honghua.credit.jobs import close_day
from honghua.credit.store_risk import lock_deciders
from honghua.credit.tests.days import FIRST, NOW, ONE_DAY, Town, settle
from honghua.credit.tests.test_engine import desk_of, make_setup, order, release
from honghua.credit.tests.test_failed_units import batch, check_state, rebuilt, town
from honghua.credit.tests.test_plain import dump, purchases
from honghua.store.database import connect, scratch_database

__all__ = ["rebuilt", "town"]
Answers = list[dict[str, Any]]
DAYS = 19
LOOKS = 10_000


@pytest.fixture
def relay(town):
    with connect(town.database) as reader:
        yield Relay(town.conn, reader, town.registry)


def judge(relay: Relay, commands: Sequence[c.Command], now: dt.datetime = NOW) -> Judged | None:
    return relay.judge(commands, hash_commands(commands), now=now)


def must_judge(relay: Relay, commands: Sequence[c.Command]) -> Judged:
    judged = judge(relay, commands)
    assert judged is not None, "these may go ahead"
    return judged


def finish(relay: Relay, judged: Judged) -> Answers:
    judged.write(relay.conn)
    relay.booked()
    return judged.answers


def run(relay: Relay, batches: Sequence[Sequence[c.Command]], now: dt.datetime) -> tuple[list[Answers], int]:
    """As a desk does, in one thread: a unit is judged before the one before it is written. Answers, and how many batches went ahead."""
    answers: list[Answers] = []
    writing: Judged | None = None
    ahead = 0
    for commands in batches:
        judged = judge(relay, commands, now)
        if writing is not None:
            ahead += judged is not None
            answers.append(finish(relay, writing))
        if judged is None:
            relay.rest()
            answers.append(execute(relay.conn, relay.registry, commands, now=now))
        writing = judged
    if writing is not None:
        answers.append(finish(relay, writing))
    relay.rest()
    return answers, ahead


def live(town: Town, seed: int, relay: Relay | None) -> tuple[list[list[Answers]], int]:
    """Days of purchases in batches and repayments in between, closed one by one; the answers."""
    rng = np.random.default_rng(seed)
    told, ahead, day, now = [], 0, FIRST, NOW
    for number in range(DAYS):
        if number % 3 == 0:
            bought = [
                one
                for one in purchases(rng, town, f"d{number}", now)
                if type(one) is c.BuyNow and one.on is None and one.instalments is None
            ]
            batches: list[list[c.Command]] = [list(bought[k : k + 9]) for k in range(0, len(bought), 9)]
            paying = c.Repay(key=f"r{number}", customer=str(rng.choice(town.names)), amount_minor=20_000)
            batches.insert(len(batches) // 2, [paying])
            if relay is None:
                told.append([execute(town.conn, town.registry, commands, now=now) for commands in batches])
            else:
                answers, n = run(relay, batches, now)
                told.append(answers)
                ahead += n
        close_day(town.database, day=day)
        day, now = day + ONE_DAY, now + ONE_DAY
    return told, ahead


@pytest.mark.parametrize("seed", [1, 2])
def test_units_ahead_leave_the_books_that_one_after_the_other_leave(store_settings, tmp_path, seed):
    told: list[tuple[Any, ...]] = []
    went = 0
    for is_ahead in (True, False):
        with scratch_database(store_settings) as database, connect(database) as conn, connect(database) as reader:
            town = settle(database, conn, 12, limit=900_000)
            release(conn)
            attach(conn, town.registry, make_setup(Path(tmp_path) / str(is_ahead), silent_days=3))
            answers, n = live(town, seed, Relay(conn, reader, town.registry) if is_ahead else None)
            went += n
            told.append((answers, dump(town), desk_of(town).engine.digest(), town.broken()))
            if is_ahead:
                fresh = open_registry(conn)
                attach(conn, fresh, make_setup(silent_days=3))
                assert isinstance(fresh.risk, RiskDesk)
                assert fresh.risk.engine.digest() == desk_of(town).engine.digest(), "a restart finds the same state"
    (answers, tables, digest, broken), (answers_twin, tables_twin, digest_twin, _) = told
    assert went > 12, "most batches are judged while another one is not written yet"
    assert answers == answers_twin
    assert [name for name in tables if tables[name] != tables_twin[name]] == []
    assert digest == digest_twin
    assert broken == []


def break_key(town: Town, key: str) -> None:
    """Somebody wrote this key meanwhile, without the deciders' turn, so that writing it again fails."""
    town.plant(
        "INSERT INTO store_command (key, command_id, body_hash, answer) VALUES (%s, 1, %s, '{}')", key, b"0" * 32
    )


def mend_key(town: Town, key: str) -> None:
    town.plant("ALTER TABLE store_command DISABLE TRIGGER refuse_change")
    town.plant("DELETE FROM store_command WHERE key = %s", key)
    town.plant("ALTER TABLE store_command ENABLE ALWAYS TRIGGER refuse_change")


def test_a_unit_that_cannot_be_written_takes_the_next_one_with_it_and_nothing_is_forgotten(town, relay, rebuilt):
    first, second = batch("a", range(24)), batch("b", range(20, 44))
    writing = must_judge(relay, first)
    must_judge(relay, second)
    break_key(town, "a5")
    with pytest.raises(psycopg.errors.UniqueViolation):
        writing.write(town.conn)
    mend_key(town, "a5")
    assert town.one("SELECT count(*) FROM store_command WHERE key ~ '^[ab][0-9]'") == 0
    relay.fail()
    answers = [*town.do(*first), *town.do(*second)]
    assert {answer["outcome"] for answer in answers} == {"approved", "refused"}
    assert rebuilt == [], "what was sensed and taught is known again"
    check_state(town)


def test_where_others_come_instead_of_what_failed_the_state_is_built_anew(town, relay, rebuilt):
    writing = must_judge(relay, batch("a", range(24)))
    must_judge(relay, batch("b", range(24)))
    break_key(town, "a5")
    with pytest.raises(psycopg.errors.UniqueViolation):
        writing.write(town.conn)
    relay.fail()
    town.do(*batch("other", range(11, 29)))
    assert len(rebuilt) == 1
    check_state(town)


def test_a_commit_that_nobody_heard_of_is_found(town, relay, rebuilt):
    first, second = batch("a", range(24)), batch("b", range(24))
    writing = must_judge(relay, first)
    must_judge(relay, second)
    writing.write(town.conn)
    relay.fail()  # the connection broke before the word came
    again = town.do(*first)
    assert again == [{**answer, "repeated": True} for answer in writing.answers]
    town.do(*second)
    assert rebuilt == []
    check_state(town)


def test_a_lost_connection_loses_its_turn_and_nothing_that_was_told(town, relay, rebuilt):
    first, second = batch("a", range(24)), batch("b", range(24))
    done = finish(relay, must_judge(relay, first))
    writing = must_judge(relay, second)
    with connect(town.database) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [town.conn.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        writing.write(town.conn)
    relay.fail()
    with connect(town.database) as conn:
        town.conn = conn
        assert town.do(*first) == [{**answer, "repeated": True} for answer in done]
        assert all("repeated" not in answer for answer in town.do(*second))
        assert rebuilt == []
        check_state(town)


def test_a_process_that_is_killed_between_two_units_leaves_whole_units(town, relay):
    first, second = batch("a", range(24)), batch("b", range(24))
    writing = must_judge(relay, first)
    must_judge(relay, second)
    writing.write(town.conn)
    town.conn.close()  # all that the database sees of a kill
    with connect(town.database) as conn:
        fresh = open_registry(conn)
        attach(conn, fresh, make_setup(silent_days=1))
        town.conn, town.registry = conn, fresh
        assert town.do(*first) == [{**answer, "repeated": True} for answer in writing.answers]
        assert all("repeated" not in answer for answer in town.do(*second))
        check_state(town)


def test_nobody_else_books_while_units_follow_each_other_and_whoever_waits_gets_a_turn(town, relay):
    finish(relay, must_judge(relay, batch("a", range(9))))
    heard: list[int] = []

    def wait() -> None:
        with connect(town.database) as conn, conn.transaction():
            heard.append(lock_deciders(conn))

    waiting = threading.Thread(target=wait)
    waiting.start()
    awaited = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(LOOKS):
        if town.one(awaited):
            break
    assert heard == []
    assert relay.turn is not None
    relay.turn.looked_at = -1_000.0
    assert judge(relay, batch("b", range(9))) is None, "the turn ends, for somebody waits"
    relay.rest()
    waiting.join(30)
    assert heard == [town.one("SELECT max(fact_id) FROM store_fact")]
    finish(relay, must_judge(relay, batch("b", range(9))))
    relay.rest()
    check_state(town)


def test_what_others_booked_between_two_turns_is_learnt_by_a_unit_that_goes_alone(town, relay):
    finish(relay, must_judge(relay, batch("a", range(9))))
    relay.rest()
    with connect(town.database) as conn:
        other = open_registry(conn)
        attach(conn, other, make_setup(silent_days=1))
        execute(conn, other, batch("x", range(5)), now=NOW)
    commands = batch("b", range(9))
    assert judge(relay, commands) is None
    relay.rest()
    town.do(*commands)
    finish(relay, must_judge(relay, batch("c", range(9))))
    relay.rest()
    check_state(town)


def test_an_account_that_moved_behind_our_back_is_not_written_over(town, relay, rebuilt):
    commands = batch("a", range(24))
    writing = must_judge(relay, commands)
    town.plant("UPDATE credit_account SET quarantined = true WHERE customer_ref = 'C01'")
    with pytest.raises(Conflict, match="moved"):
        writing.write(town.conn)
    relay.fail()
    answers = town.do(*commands)
    assert answers[1]["code"] == "ACCOUNT_QUARANTINED"
    town.plant("UPDATE credit_account SET quarantined = false WHERE customer_ref = 'C01'")
    assert len(rebuilt) == 1, "without it, other orders come than were sensed"
    check_state(town)


def test_what_may_not_go_ahead_goes_alone(town, relay, rebuilt):
    writing = must_judge(relay, batch("a", range(9)))
    again = batch("a", range(9))
    assert judge(relay, again) is None, "its keys are just being written"
    assert judge(relay, [c.Repay(key="r", customer="C01", amount_minor=10)]) is None
    stranger = [order("m", "C01", 10), order("n", "C02", 10)]
    assert (
        judge(relay, [c.BuyNow(key="m", customer="C01", amount_minor=10, merchant="new", order="m", category="food")])
        is None
    )
    finish(relay, writing)
    relay.rest()
    assert all(answer["repeated"] for answer in town.do(*again))
    assert [answer["outcome"] for answer in finish(relay, must_judge(relay, stranger))] == ["approved"] * 2
    assert judge(relay, batch("a", range(9))) is None, "nothing of it is new"
    relay.rest()
    town.plant("ALTER TABLE credit_account DROP CONSTRAINT credit_account_arrays")
    town.plant("UPDATE credit_account SET dues_count = 2 WHERE customer_ref = 'C05'")
    assert judge(relay, batch("q", range(9))) is None, "a person must look at an account"
    relay.rest()
    town.do(*batch("q", range(9)))
    assert [one.customer for one in list_quarantined(town.conn)] == ["C05"]
    assert rebuilt == []
