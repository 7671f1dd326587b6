"""The prudent lender over a town that lived: sums beside plain Python, stops that refuse, relief and write-offs by two persons."""

from __future__ import annotations

import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.kernels.measures import share_half_up
from honghua.credit.eod import close_until
from honghua.credit.prudence import api as prudence
from honghua.credit.prudence import figures
from honghua.credit.prudence.invariants import check_prudence
from honghua.credit.tests.days import FIRST, NOW, Town, settle
from honghua.credit.viewing.portfolio import BUCKETS
from honghua.ledger import api as ledger
from honghua.store.database import connect

CERTIFICATE = ("hospital/2026/17",)


@pytest.fixture
def town(database, conn) -> Town:
    """Six people buy; nobody pays; fifty days pass, so that bills are late. One order is still held."""
    town = settle(database, conn, 6)
    for k, name in enumerate(town.names):
        if k < 4:
            town.buy(f"b{k}", name, 20_000 + 1_000 * k)
    town.do(c.AuthorisePurchase(key="h", customer="C03", amount_minor=500, merchant="M", order="h", category="food"))
    close_until(database, FIRST + dt.timedelta(days=50))
    return town


def look(town: Town, rules=(), **more):
    return prudence.look(
        town.conn, town.registry.terms, rules, losses=prudence.LossRules(), beside=prudence.Figures({}), **more
    )


def balances_of(town: Town, account_id: int):
    return ledger.read_balances(town.conn, np.array([account_id], np.int64))[0]


def claim_of(town: Town, customer: str) -> int:
    return int(balances_of(town, town.account_id(customer))[:6].sum())


def test_expected_loss_is_the_sum_of_what_each_account_says(town):
    close_until(town.database, FIRST + dt.timedelta(days=70))
    run = look(town).run
    today = town.one("SELECT business_on FROM credit_book")
    by_hand: dict[tuple[int, int], int] = {}
    for account_id, since in town.rows("SELECT account_id, overdue_since_on FROM credit_account"):
        days = 0 if since.year == 1970 else (today - since).days
        row = balances_of(town, account_id)
        stage = 3 if days > 90 else 2 if days > 30 else 1
        bucket = next(place for place, (low, high) in enumerate(BUCKETS) if low <= days <= high)
        exposure = int(row[:6].sum()) + (
            0 if stage == 3 else int(share_half_up(int(row[18]), run.parameters.conversion_ppm))
        )
        rate = prudence.loss_rate_ppm(stage, bucket, run.parameters)
        by_hand[stage, bucket] = by_hand.get((stage, bucket), 0) + int(share_half_up(exposure, rate))
    assert {(line.stage, line.bucket): line.loss_minor for line in run.lines} == by_hand
    assert {line.stage for line in run.lines} == {1, 2}
    assert sum(line.accounts for line in run.lines) == len(town.names)


def rule(**more):
    return prudence.Rule(**{"name": "r", "source": "here", "grade": "U", "since": dt.date(2020, 1, 1), **more})


def test_figures_of_the_book_are_those_of_its_accounts_and_purchases(town, monkeypatch):
    rules = (
        rule(name="person", largest_of="person", most_minor=22_500),
        rule(name="shop", largest_of="merchant", whole="drawn_minor", most_ppm=1_000_000),
        rule(name="goods", largest_of="category", whole="drawn_minor", most_ppm=999_999),
        rule(name="services", part="service_minor", whole="drawn_minor", least_ppm=0),
        rule(name="provisions", part="allowance_minor", whole="expected_loss_minor", least_ppm=1_000_000),
    )
    found: dict[str, list[tuple[str, str, int | None]]] = {}
    for one in look(town, rules).readings:
        found.setdefault(one.rule.name, []).append((one.key, one.status, one.value))
    assert [key for key, _, _ in found["person"]] == ["C03"]  # owes 23,000 and charges
    assert found["shop"] == [("M", "kept", 1_000_000)]
    assert found["goods"] == [("food", "broken", 1_000_000)]
    assert found["provisions"] == [("", "unknown", None)]
    assert found["services"] == [("", "kept", 0)]
    monkeypatch.setattr(figures, "load_service_categories", lambda: frozenset({"food"}))
    assert {one.rule.name: one.value for one in look(town, rules).readings}["services"] == 1_000_000
    prudence.tell_figures(town.conn, {"allowance_minor": 10**9}, as_of=FIRST, person="cfo", now=NOW)
    assert {one.rule.name: one.status for one in look(town, rules).readings}["provisions"] == "kept"


def test_a_broken_ratio_stops_growth_until_it_holds_again(town):
    broken = (rule(name="leverage", part="tier1_minor", whole="loans_minor", least_ppm=40_000, action="stop_openings"),)
    prudence.tell_figures(town.conn, {"tier1_minor": 0}, as_of=FIRST, person="cfo", now=NOW)
    found = prudence.review(town.conn, town.registry.terms, broken, beside=prudence.Figures({}), now=NOW)
    assert [one.rule for one in found.moves.raised] == ["leverage"]
    opening = c.OpenAccount(key="o1", customer="newcomer", limit_minor=100_000)
    assert town.do(opening)[0]["code"] == "GROWTH_STOPPED"
    assert town.buy("still", "C04", 5_000)["outcome"] == "approved"  # who is here may go on buying
    assert (
        prudence.review(town.conn, town.registry.terms, broken, beside=prudence.Figures({}), now=NOW).moves.raised == ()
    )
    prudence.tell_figures(town.conn, {"tier1_minor": 10**12}, as_of=FIRST, person="cfo", now=NOW)
    lifted = prudence.review(town.conn, town.registry.terms, broken, beside=prudence.Figures({}), now=NOW).moves.lifted
    assert [one.rule for one in lifted] == ["leverage"]
    assert town.do(c.OpenAccount(key="o2", customer="newcomer", limit_minor=100_000))[0]["outcome"] == "done"


def test_a_person_lifts_a_stop_with_a_reason_and_an_unknown_figure_lifts_nothing(town):
    broken = rule(name="leverage", part="tier1_minor", whole="loans_minor", least_ppm=40_000, action="stop_openings")
    prudence.tell_figures(town.conn, {"tier1_minor": 0}, as_of=FIRST, person="cfo", now=NOW)
    prudence.review(town.conn, town.registry.terms, (broken,), beside=prudence.Figures({}), now=NOW)
    untold = rule(name="leverage", part="net_capital_minor", whole="loans_minor", least_ppm=1, action="stop_openings")
    assert (
        prudence.review(town.conn, town.registry.terms, (untold,), beside=prudence.Figures({}), now=NOW).moves.lifted
        == ()
    )
    with pytest.raises(BadInput, match="a name and a reason"):
        prudence.lift_guardrail(town.conn, "leverage", person="cro", why=" ", now=NOW)
    prudence.lift_guardrail(town.conn, "leverage", person="cro", why="capital arrives today", now=NOW)
    assert prudence.list_guardrails(town.conn) == []
    with pytest.raises(NotFound):
        prudence.lift_guardrail(town.conn, "leverage", person="cro", why="again", now=NOW)


def test_relief_needs_another_person_and_ends_after_two_a_year(town):
    def ask(amount: int) -> int:
        wanted = prudence.Wanted(
            customer="C00", amount_minor=amount, ground=prudence.Ground.ILLNESS, evidence=CERTIFICATE
        )
        return prudence.ask_relief(town.conn, wanted, person="care", now=NOW).relief_id

    def decide(relief_id: int, person: str = "chief", *, grant: bool = True):
        word = prudence.Word(person=person, grant=grant, why="a hospital wrote")
        return prudence.decide_relief(town.conn, town.registry, relief_id, word, now=NOW)

    town.touch()  # charges run by the day: until the last act is not until now
    owed = claim_of(town, "C00")
    first = ask(60)
    with pytest.raises(Conflict, match="waiting already"):
        ask(50)
    assert decide(first, "care")["code"] == "TWO_PERSONS_NEEDED"
    assert decide(first)["waived_minor"] == 60
    with pytest.raises(Conflict, match="was decided"):
        decide(first)
    too_much = ask(10**6)
    assert decide(too_much)["code"] == "RELIEF_EXCEEDS_CHARGES"
    assert prudence.get_relief(town.conn, too_much).state == "waiting"
    assert decide(too_much, grant=False)["outcome"] == "refused_by_person"
    assert decide(ask(30))["waived_minor"] == 30
    assert decide(ask(10))["code"] == "RELIEF_USED_UP"
    assert claim_of(town, "C00") == owed - 90
    assert [one.state for one in prudence.list_reliefs(town.conn)] == ["waiting", "granted", "refused", "granted"]


def document(kind: str, day: dt.date) -> prudence.Item:
    return prudence.Item(kind, day, hashlib.sha256(f"{kind}{day}".encode()).digest(), f"archive/{kind}/{day}")


def lay_pack(town: Town, customer: str, *kinds: str) -> int:
    pack_id = prudence.begin_pack(town.conn, customer, person="care", now=NOW)
    for kind in kinds:
        prudence.add_item(town.conn, pack_id, document(kind, FIRST), person="care", now=NOW)
    return pack_id


def approve(town: Town, pack_id: int, *persons: str) -> None:
    for person in persons:
        prudence.approve_pack(town.conn, pack_id, person=person, now=NOW)


def book(town: Town, pack_id: int):
    return prudence.write_off_pack(town.conn, town.registry, pack_id, now=NOW)


def codes(answer) -> set[str]:
    return {one["code"] for one in answer["missing"]}


def test_a_claim_is_written_off_on_a_complete_pack_only(town):
    pack_id = lay_pack(town, "C01", "contract", "statements", "bureau", "contact")
    assert prudence.begin_pack(town.conn, "C01", person="other", now=NOW) == pack_id
    approve(town, pack_id, "wang")
    assert codes(book(town, pack_id)) == {"TOO_EARLY", "ATTEMPTS_MISSING", "TWO_PERSONS_NEEDED"}
    approve(town, pack_id, "li")
    prudence.add_item(town.conn, pack_id, document("death", FIRST), person="care", now=NOW)
    assert prudence.get_pack(town.conn, town.registry, pack_id).approvals == ()  # they approved another pack
    assert codes(book(town, pack_id)) == {"TWO_PERSONS_NEEDED"}
    approve(town, pack_id, "wang", "li")
    town.touch()
    claim = prudence.get_pack(town.conn, town.registry, pack_id).claim_minor
    done = book(town, pack_id)
    assert (done["outcome"], done["written_off_minor"]) == ("done", claim)
    assert town.one("SELECT charged_off_minor FROM credit_account WHERE customer_ref = 'C01'") == claim
    for late in (
        lambda: prudence.add_item(town.conn, pack_id, document("court", FIRST), person="care", now=NOW),
        lambda: book(town, pack_id),
    ):
        with pytest.raises(Conflict):
            late()


def test_what_was_booked_before_a_crash_is_closed_by_the_same_call(town):
    pack_id = lay_pack(town, "C02", "contract", "statements", "bureau", "death")
    approve(town, pack_id, "wang", "li")
    first = book(town, pack_id)
    town.plant("UPDATE credit_write_off_pack SET ended_at = NULL, outcome = NULL")
    again = book(town, pack_id)
    assert (again["outcome"], again["written_off_minor"]) == ("done", first["written_off_minor"])
    assert again["repeated"]
    assert town.one("SELECT outcome FROM credit_write_off_pack") == "written_off"


def test_what_the_books_refused_once_may_be_tried_again(town):
    pack_id = lay_pack(town, "C03", "contract", "statements", "bureau", "insolvency")
    approve(town, pack_id, "wang", "li")
    hold = town.one("SELECT purchase_id FROM credit_hold")
    assert book(town, pack_id)["code"] == "OPEN_BALANCE"
    town.do(c.VoidAuthorisation(key="v", customer="C03", purchase_id=hold))
    assert book(town, pack_id)["outcome"] == "done"


def test_whoever_says_yes_first_holds_a_relief_until_the_books_answer(town):
    """Pages hand the command to the desk and keep the word afterwards: anything may happen between."""
    wanted = prudence.Wanted(customer="C00", amount_minor=10**6, ground=prudence.Ground.ILLNESS, evidence=CERTIFICATE)
    relief_id = prudence.ask_relief(town.conn, wanted, person="care", now=NOW).relief_id
    yes = prudence.Word(person="chief", grant=True, why="a hospital wrote")
    no = prudence.Word(person="other", grant=False, why="I doubt it")
    town.touch()
    made = prudence.make_waiver(town.conn, relief_id, yes, now=NOW)
    assert made == prudence.make_waiver(town.conn, relief_id, yes, now=NOW), "after a crash the same again"
    for word in (no, replace(no, grant=True), replace(yes, grant=False)):
        with pytest.raises(Conflict, match="chief grants"):
            prudence.make_waiver(town.conn, relief_id, word, now=NOW)
    with pytest.raises(Conflict, match="granted by chief"):
        prudence.keep_word(town.conn, relief_id, no, now=NOW)
    with pytest.raises(Conflict, match="not booked"):
        prudence.keep_word(town.conn, relief_id, yes, now=NOW)
    assert isinstance(made, c.WaiveCharges)
    assert town.do(made)[0]["code"] == "RELIEF_EXCEEDS_CHARGES"  # the books say no: it is free again
    prudence.keep_word(town.conn, relief_id, no, now=NOW)
    assert prudence.get_relief(town.conn, relief_id).state == "refused"
    with pytest.raises(Conflict, match="was decided"):
        prudence.keep_word(town.conn, relief_id, yes, now=NOW)
    second = prudence.ask_relief(town.conn, replace(wanted, amount_minor=40), person="care", now=NOW).relief_id
    made = prudence.make_waiver(town.conn, second, yes, now=NOW)
    assert isinstance(made, c.WaiveCharges)
    assert (
        town.do(made)[0]["outcome"] == "done"
    )  # and then the page dies: somebody else completes the word of the one who held it
    with pytest.raises(Conflict, match="was granted by chief"):
        prudence.decide_relief(town.conn, town.registry, second, replace(no, grant=True), now=NOW)
    relief = prudence.get_relief(town.conn, second)
    assert (relief.state, relief.decided_by, relief.customer) == ("granted", "chief", "C00")
    assert all(check.ok for check in check_prudence(town.conn))


def test_of_two_who_grant_at_once_one_waives(town, database):
    wanted = prudence.Wanted(customer="C00", amount_minor=40, ground=prudence.Ground.ILLNESS, evidence=CERTIFICATE)
    relief_id = prudence.ask_relief(town.conn, wanted, person="care", now=NOW).relief_id
    town.touch()
    owed, start = claim_of(town, "C00"), Barrier(2)

    def decide(person: str) -> str:
        with connect(database) as conn:
            registry = credit.open_registry(conn)
            start.wait()
            try:
                word = prudence.Word(person=person, grant=True, why="a hospital wrote")
                return str(prudence.decide_relief(conn, registry, relief_id, word, now=NOW)["outcome"])
            except Conflict as error:
                return error.code

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(("chief", "deputy"), pool.map(decide, ("chief", "deputy")), strict=True))
    winner = next(person for person, outcome in said.items() if outcome == "done")
    assert set(said.values()) - {"done"} <= {"RELIEF_CLAIMED", "RELIEF_DECIDED"}, said
    assert len(set(said.values())) == 2, said
    assert prudence.get_relief(town.conn, relief_id).decided_by == winner
    assert claim_of(town, "C00") == owed - 40
    assert all(check.ok for check in check_prudence(town.conn))


def test_a_pack_that_is_being_written_off_takes_no_document_until_the_books_refuse(town):
    pack_id = lay_pack(town, "C03", "contract", "statements", "bureau", "insolvency")
    seen = prudence.get_pack(town.conn, town.registry, pack_id).digest
    with pytest.raises(Conflict, match="look again"):
        prudence.approve_pack(town.conn, pack_id, person="wang", now=NOW, digest=b"0" * 32)
    for person in ("wang", "li"):
        prudence.approve_pack(town.conn, pack_id, person=person, now=NOW, digest=seen)
    made = prudence.make_write_off(town.conn, town.registry, pack_id)
    assert isinstance(made, c.WriteOff)
    with pytest.raises(Conflict, match="being written off"):
        prudence.add_item(town.conn, pack_id, document("court", FIRST), person="care", now=NOW)
    (answer,) = town.do(made)
    assert answer["code"] == "OPEN_BALANCE"  # an order is still held
    prudence.keep_write_off(town.conn, pack_id, answer, now=NOW)
    prudence.add_item(town.conn, pack_id, document("court", FIRST), person="care", now=NOW)
    again = prudence.make_write_off(town.conn, town.registry, pack_id)
    assert isinstance(again, dict)
    assert again["code"] == "EVIDENCE_INCOMPLETE"
    (row,) = prudence.list_packs(town.conn, open_only=True)
    assert (row.customer, row.items, row.outcome) == ("C03", 5, None)


def test_kept_runs_are_told_by_day_and_stage(town):
    _, kept = (  # the newest of a day counts
        prudence.review(town.conn, town.registry.terms, (), beside=prudence.Figures({}), now=NOW).run for _ in range(2)
    )
    (run,) = prudence.list_runs(town.conn)
    assert (run.on, sum(run.loss_minor)) == (kept.on, kept.loss_minor)
    assert run.claim_minor[0] == sum(line.claim_minor for line in kept.lines if line.stage == 1)
