"""Steps on real books: turns, keys, consents taken back, a second scan that sees what was borrowed since, people who overrule."""

from __future__ import annotations

import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from honghua.base.errors import BadInput, TimedOut
from honghua.bureau.api import Exposure, FakeBureau
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.credit.journey.hooks.opening import ApplicationHook
from honghua.credit.journey.invariants import check_journeys
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.store.database import connect, run_unit
from tests.verify.contracts import make_evidence, make_site, meet_kim, sign_contract, withdraw

DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 2, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=1)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
GOOD = Exposure(
    as_of=DAY, lenders=1, accounts=1, limit_minor=1_000_000, balance_minor=100_000, monthly_due_minor=10_000, overdue_accounts=0,
    overdue_minor=0, worst_status=0, worst_class=1, inquiries_90d=0, inquiries_6m=0,
)  # fmt: skip
Step = journey.Step


@pytest.fixture
def registry(conn: psycopg.Connection) -> credit.Registry:
    credit.start_book(conn, day=DAY)
    return credit.open_registry(conn)


def taking(contract_id: int, step: journey.Step, key: str, *, subject: str = "", by: str = "system", **asked: Any):
    return journey.Taking(contract_id=contract_id, step=step, key=key, subject=subject, asked=asked, decided_by=by)


def in_unit(conn: psycopg.Connection, work: Any) -> Any:
    return run_unit(conn, work)


def broken(conn: psycopg.Connection) -> list[str]:
    return [check.name for check in check_journeys(conn) if not check.ok]


def test_turns_keys_and_rows_that_stay(conn, owner_conn, registry):
    site = make_site(conn, registry, VAULT, now=NOW)
    number = meet_kim(conn, site, now=NOW)
    early = journey.apply_for_credit(conn, site, taking(number, Step.APPLICATION, "a"), now=NOW)
    assert isinstance(early, journey.StepRefusal)
    assert early.code == "STEP_OUT_OF_ORDER"
    assert journey.list_steps(conn, number) == []
    offer = customers.Offer(name="n", channel="c", key="o")
    first = journey.offer_credit(conn, site, number, offer, now=NOW)
    assert journey.offer_credit(conn, site, number, offer, now=LATER) == first
    assert [row.number for row in journey.list_steps(conn, number)] == [1]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("DELETE FROM credit_contract_steps")
    with pytest.raises(psycopg.Error, match="append-only"):
        owner_conn.execute("UPDATE credit_contract_steps SET outcome = 'refused'")
    assert broken(conn) == []


def test_a_consent_taken_back_takes_the_use_away_at_once(conn, registry):
    """Each use of its own: offers, proofing, the bureau; what was refused stays refused until a person opens it again."""
    site = make_site(conn, registry, VAULT, now=NOW)
    number = meet_kim(conn, site, now=NOW)
    withdraw(conn, "kim", ConsentKind.MARKETING, now=LATER)
    refused: Any = journey.offer_credit(conn, site, number, customers.Offer(name="n", channel="c", key="o"), now=LATER)
    assert (refused.outcome, refused.risk["reasons"]) == ("refused", ["OPTED_OUT"])
    other = in_unit(conn, lambda c: journey.begin_contract(c, "kim", product="huabei", key="2", now=LATER))
    withdraw(conn, "kim", ConsentKind.PERSONAL_DATA, now=LATER)
    proofing = taking(other, Step.PROOFING, "p", proof="p")
    denied: Any = journey.prove_identity(conn, site, proofing, make_evidence(), now=LATER)
    assert (denied.outcome, denied.decided["code"]) == ("refused", "CONSENT_MISSING")
    assert conn.execute("SELECT count(*) FROM customers_proof").fetchone() == (0,), "nobody was asked about them"

    def appeal(c: psycopg.Connection) -> list[Any]:
        return [
            journey.appeal(c, taking(other, Step.PROOFING, "w"), words="call 13812345678", now=LATER, business_on=DAY),
            journey.settle_appeal(
                c, taking(other, Step.PROOFING, "s"), reopen=True, words="x", now=LATER, business_on=DAY
            ),
            journey.settle_appeal(
                c, taking(other, Step.PROOFING, "s2", by="ann"), reopen=False, words="no", now=LATER, business_on=DAY
            ),
        ]

    said, by_machine, by_ann = in_unit(conn, appeal)
    assert said.decided["words"] == "call 1381****78", "no number stands in a row that stays for ever"
    assert by_machine.code == "PERSON_NEEDED"
    told = journey.explain(conn, "kim")
    assert [(one.may_appeal, one.human_path[1]) for one in told] == [
        (True, "You may appeal; a person then looks at it."),
        (False, ""),
        (False, ""),
        (False, "The review upheld the decision; you may complain, and apply again after the wait."),
    ]
    assert told[0].reasons == (
        ("OPTED_OUT", "您没有同意接收营销信息,我们不会发送。", "You have not agreed to offers, so none is made."),
    )
    assert by_ann.outcome == "upheld"
    with pytest.raises(BadInput, match="set aside"):
        in_unit(
            conn,
            lambda c: journey.settle_appeal(
                c, taking(other, Step.PROOFING, "s3", by="ann", overruled=["CONSENT_MISSING"]), reopen=True, words="x",
                now=LATER, business_on=DAY,
            ),
        )  # fmt: skip
    assert broken(conn) == []


def test_of_two_applications_at_once_one_passes(conn, database, registry):
    """Two contracts of one person, two connections, in step: the second finds the first, whichever is faster."""
    site = make_site(conn, registry, VAULT, now=NOW)
    numbers = [meet_kim(conn, site, now=NOW)]
    numbers.append(in_unit(conn, lambda c: journey.begin_contract(c, "kim", product="huabei", key="2", now=NOW)))
    for number in numbers:
        proofing = taking(number, Step.PROOFING, "p", proof="p")
        journey.prove_identity(conn, site, proofing, make_evidence(), now=NOW)
    hook = ApplicationHook(site)
    found = []
    with connect(database) as other:
        for c, number in ((conn, numbers[0]), (other, numbers[1])):
            wish = taking(number, Step.APPLICATION, "a")
            looked = run_unit(c, partial(journey.look_at_step, hook=hook, taking=wish, now=NOW, business_on=DAY))
            assert isinstance(looked, journey.Cleared), "neither has seen the other"
            found.append((c, number, looked))

        def record(c: psycopg.Connection, number: int, cleared: journey.Cleared) -> Any:
            wish = taking(number, Step.APPLICATION, "a")
            return run_unit(c, lambda k: journey.record_step(k, hook, wish, cleared, journey.Done()))

        with ThreadPoolExecutor(2) as pool:
            rows = [job.result() for job in [pool.submit(record, *one) for one in found]]
    assert sorted(row.outcome for row in rows) == ["passed", "refused"]
    assert [row.decided["code"] for row in rows if row.outcome == "refused"] == ["APPLICATION_OPEN"]
    assert broken(conn) == []


def test_who_wants_a_person_gets_one(conn, registry):
    site = make_site(conn, registry, VAULT, now=NOW)
    number = meet_kim(conn, site, now=NOW)
    journey.prove_identity(conn, site, taking(number, Step.PROOFING, "p", proof="p"), make_evidence(), now=NOW)
    journey.apply_for_credit(conn, site, taking(number, Step.APPLICATION, "a"), now=NOW)
    in_unit(conn, lambda c: customers.make_request(c, "kim", customers.RightKind.HUMAN_DECISION, now=NOW))
    waits: Any = journey.approve(conn, site, taking(number, Step.APPROVAL, "m"), now=NOW)
    assert (waits.outcome, waits.risk["reasons"]) == ("referred", ["AUTOMATION_REFUSED"])
    assert [row.step for row in journey.list_waiting(conn, limit=9)] == [Step.APPROVAL]
    machine: Any = journey.approve(conn, site, taking(number, Step.APPROVAL, "m2"), now=NOW)
    assert machine.code == "STEP_WAITS_FOR_PERSON"
    person = taking(number, Step.APPROVAL, "h", by="ann", overruled=["AUTOMATION_REFUSED"])
    passed: Any = journey.approve(conn, site, person, now=NOW)
    assert (passed.outcome, passed.decided_by) == ("passed", "ann")
    assert passed.risk["figures"]["overruled_by"] == "ann"
    assert journey.list_waiting(conn, limit=9) == []
    assert broken(conn) == []


@pytest.mark.parametrize(
    "since",
    [
        "nothing",
        "lenders",
        "device",
        pytest.param("late", marks=pytest.mark.slow),
        pytest.param("debts", marks=pytest.mark.slow),
    ],
)
def test_the_second_scan_sees_what_changed_since_the_approval(conn, registry, since):
    """R-063: two days after the approval, before the first money leaves, the bureau is asked again and people are looked at again."""
    digest = hashlib.sha256(make_evidence().national_id.encode()).digest()
    known = {digest: GOOD}
    bureau = FakeBureau(1, lambda: DAY, known=known)
    approver = journey.LimitsApprover(vault=VAULT, provider=bureau)
    site, number = sign_contract(conn, registry, VAULT, now=NOW, approver=approver)
    order: dict[str, Any] = {"amount_minor": 50_000, "merchant": "shop", "category": "appliances"}
    drawn: Any = journey.draw(conn, site, taking(number, Step.DRAWDOWN, "d", subject="o", **order), now=LATER)
    assert drawn.outcome == "passed", drawn
    change_what_is_known(conn, known, digest, since)
    later = NOW + dt.timedelta(days=2)
    paid: Any = journey.pay_out(conn, site, taking(number, Step.PAYOUT, "p", subject="o"), now=later)
    assert bureau.asked == 2
    if since == "nothing":
        assert (paid.outcome, paid.decided["payout"]) == ("passed", "paid")
        assert paid.decided["lenders"] == {"own": paid.decided["captured_minor"]}
        booked: Any = journey.book(conn, site, taking(number, Step.BOOKING, "b", subject="o"), now=later)
        assert (booked.outcome, booked.risk["figures"]["sum_minor"]) == ("passed", 0)
        again = journey.pay_out(conn, site, taking(number, Step.PAYOUT, "p", subject="o"), now=later)
        assert again == paid
        assert conn.execute("SELECT count(*) FROM merchants_payout").fetchone() == (1,)
    else:
        assert (paid.outcome, paid.decided["code"]) == ("refused", "SCAN_RISK_ROSE")
        assert conn.execute("SELECT count(*) FROM merchants_payout").fetchone() == (0,), "no money has left"
    assert broken(conn) == []


def change_what_is_known(conn: psycopg.Connection, known: dict[bytes, Exposure], digest: bytes, since: str) -> None:
    """What happens to kim between approval and payout."""
    if since == "lenders":
        known[digest] = replace(GOOD, lenders=5, accounts=6)
    elif since == "late":
        known[digest] = replace(GOOD, worst_status=3, worst_class=2, overdue_accounts=1, overdue_minor=5_000)
    elif since == "debts":
        known[digest] = replace(GOOD, balance_minor=9_000_000, limit_minor=9_000_000)
    elif since == "device":

        def crowd(c: psycopg.Connection) -> None:
            for n in range(3):
                customers.register(c, VAULT, f"1370013700{n}", now=LATER, customer=f"crowd {n}")
                customers.note_links(c, VAULT, f"crowd {n}", device="d", now=LATER)

        run_unit(conn, crowd)


class Dying:
    """Books that answer, and take whoever asked down with them: once for each command."""

    def __init__(self, books: journey.Books) -> None:
        self.books, self.died = books, set[str]()

    def submit(self, command: Any) -> dict[str, Any]:
        answer = self.books.submit(command)
        if command.key not in self.died:
            self.died.add(command.key)
            raise TimedOut("died before the row was written")
        return answer


def test_who_dies_between_the_books_and_the_row_comes_again(conn, registry):
    """Each step's deed is done once: the same taking again finds the books' answer and writes the row."""
    site = make_site(conn, registry, VAULT, now=NOW)
    site = replace(site, books=Dying(site.books))

    def again(step: Any) -> Any:
        with pytest.raises(TimedOut):
            step()
        return step()

    number = meet_kim(conn, site, now=NOW)
    journey.prove_identity(conn, site, taking(number, Step.PROOFING, "p", proof="p"), make_evidence(), now=NOW)
    journey.apply_for_credit(conn, site, taking(number, Step.APPLICATION, "a"), now=NOW)
    journey.approve(conn, site, taking(number, Step.APPROVAL, "v"), now=NOW)
    shown = journey.show_contract(conn, site, number, read_seconds=10, now=NOW)
    signing = taking(number, Step.CONTRACT, "s")
    digest = shown.shown_digest
    signed = again(lambda: journey.sign_contract(conn, site, signing, shown_digest=digest, read_ms=60_000, now=LATER))
    order: dict[str, Any] = {"amount_minor": 50_000, "merchant": "shop", "category": "appliances"}
    drawing = taking(number, Step.DRAWDOWN, "d", subject="o", **order)
    drawn = again(lambda: journey.draw(conn, site, drawing, now=LATER))
    paid = again(lambda: journey.pay_out(conn, site, taking(number, Step.PAYOUT, "m", subject="o"), now=LATER))
    booked: Any = journey.book(conn, site, taking(number, Step.BOOKING, "b", subject="o"), now=LATER)
    repaying = taking(number, Step.REPAYMENT, "r", subject="r", amount_minor=20_000)
    repaid = again(lambda: journey.repay(conn, site, repaying, now=LATER))
    assert [row.outcome for row in (signed, drawn, paid, booked, repaid)] == ["passed"] * 5
    assert repaid.risk["figures"]["owed_after_minor"] == 30_000
    assert conn.execute("SELECT count(*) FROM merchants_payout").fetchone() == (1,)
    assert [row.number for row in journey.list_steps(conn, number)] == list(range(1, 9))
    assert broken(conn) == []
