"""Questions about people: consent, bounds, young answers, and a bureau that breaks in every way; and the simulator against a naive twin."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from honghua.base.errors import BadInput, Refusal
from honghua.bureau.api import (
    INQUIRY_POLICY,
    Asking,
    BureauAnswer,
    BureauSimulator,
    Consent,
    FakeBureau,
    InquiryPolicy,
    ProviderAnswer,
    Purpose,
    check_answer,
    inquire,
    invent_exposure,
    list_inquiries,
    make_people,
)
from honghua.bureau.fake_bureau import FAULTS
from honghua.bureau.invariants import check_bureau
from honghua.bureau.simulator import digest_of, number_of

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
CONSENT = Consent(kind="credit_bureau", version=1, given_at=NOW - dt.timedelta(days=400))
ASKING = Asking(customer="anna", national_id_digest=digest_of("1"), purpose=Purpose.APPROVAL, consent=CONSENT)


def ask(
    conn: psycopg.Connection, bureau: FakeBureau, asking: Asking = ASKING, *, days: int = 0
) -> BureauAnswer | Refusal:
    return inquire(conn, bureau, asking, now=NOW + dt.timedelta(days=days))


def test_an_answer_is_used_again_while_it_is_young(conn: psycopg.Connection) -> None:
    bureau = FakeBureau(1, lambda: DAY)
    first, again, later = ask(conn, bureau), ask(conn, bureau, days=14), ask(conn, bureau, days=16)
    assert isinstance(first, BureauAnswer)
    assert isinstance(again, BureauAnswer)
    assert isinstance(later, BureauAnswer)
    assert [one.state for one in (first, again, later)] == ["fresh", "reused", "fresh"]
    assert again.report == first.report == invent_exposure(1, ASKING.national_id_digest, DAY - dt.timedelta(days=1))
    assert bureau.asked == 2
    rows = list_inquiries(conn, "anna")
    assert [(row.reason_code, row.reason[0], row.outcome) for row in rows] == [("02", "贷款审批", "answered")] * 2
    assert rows[0].provider.startswith("fake")


def test_without_consent_nobody_is_asked(conn: psycopg.Connection) -> None:
    bureau = FakeBureau(1, lambda: DAY)
    for consent in (None, replace(CONSENT, given_at=NOW + dt.timedelta(days=1))):
        refused = ask(conn, bureau, replace(ASKING, consent=consent))
        assert isinstance(refused, Refusal)
        assert refused.code == "BUREAU_CONSENT_MISSING"
    ask(conn, bureau)
    refused = ask(conn, bureau, replace(ASKING, consent=None))
    assert isinstance(refused, Refusal), "a withdrawal ends the use of an answer that is there"
    assert bureau.asked == 1
    assert len(list_inquiries(conn, "anna")) == 1


def test_a_year_has_bounds(conn: psycopg.Connection) -> None:
    """R-247: at most so many of each purpose and in all, answered or not; the year slides."""
    bureau = FakeBureau(1, lambda: DAY, faults={"timeout": 1.0})
    asked = [ask(conn, bureau, days=day) for day in range(6)]
    assert [isinstance(one, BureauAnswer) for one in asked] == [True] * 4 + [False] * 2
    post_loan = replace(ASKING, purpose=Purpose.POST_LOAN)
    limit = replace(ASKING, purpose=Purpose.LIMIT_CHANGE)
    more = [ask(conn, bureau, one, days=10 + day) for day, one in enumerate([post_loan] * 3 + [limit] * 2)]
    codes = [one.code if isinstance(one, Refusal) else one.state for one in more]
    assert codes == ["unavailable"] * 4 + ["BUREAU_QUOTA_SPENT"]
    assert len(list_inquiries(conn, "anna")) == INQUIRY_POLICY.per_year == 8
    assert isinstance(ask(conn, bureau, days=365), BureauAnswer)
    assert isinstance(ask(conn, bureau, replace(ASKING, customer="bo"), days=6), BureauAnswer)
    checks = {one.name: one for one in check_bureau(conn, read_positions=lambda *_: [])}
    assert checks["bureau.inquiries_bounded"].checked == 10
    assert checks["bureau.inquiries_bounded"].ok


def test_a_broken_bureau_is_no_clean_record(conn: psycopg.Connection) -> None:
    """Every fault ends as unavailable with its reason, logged; nothing of somebody else's is ever believed."""
    wanted = {
        "timeout": "timed_out",
        "down": "failed",
        "stale": "stale",
        "wrong_person": "wrong_person",
        "garbled": "garbled",
    }
    for fault, outcome in wanted.items():
        bureau = FakeBureau(1, lambda: DAY, faults={fault: 1.0})
        answer = ask(conn, bureau, replace(ASKING, customer=fault))
        assert isinstance(answer, BureauAnswer)
        assert (answer.state, answer.report) == ("unavailable", None)
        assert answer.why.startswith(outcome)
        (row,) = list_inquiries(conn, fault)
        assert row.outcome == outcome
    with pytest.raises(BadInput, match="no such fault"):
        FakeBureau(1, lambda: DAY, faults={"smoke": 1.0})


def test_a_thousand_seeds_of_faults() -> None:
    """Whatever the mixture of faults, an answer that passes is the very person's own."""
    outcomes: Counter[str] = Counter()
    for seed in range(1_000):
        bureau = FakeBureau(seed, lambda: DAY, faults=dict.fromkeys(FAULTS[2:], 0.3))
        answer = bureau.ask(ASKING.national_id_digest, reason_code="02")
        outcome, why, found = check_answer(ASKING, answer, INQUIRY_POLICY, today=DAY)
        outcomes[outcome] += 1
        assert (found is None) == bool(why)
        if found is not None:
            assert found == invent_exposure(seed, ASKING.national_id_digest, DAY - dt.timedelta(days=1))
    assert min(outcomes.values()) > 100
    assert len(outcomes) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"lenders": 99}, {"worst_status": 8}, {"worst_class": 0}, {"as_of": "2026-03-03"}, {"as_of": 3}, {"odd": 1}, {"accounts": "2"},
    ],
)  # fmt: skip
def test_an_answer_that_contradicts_itself_is_garbled(change: dict[str, object]) -> None:
    good = FakeBureau(1, lambda: DAY).ask(ASKING.national_id_digest, reason_code="02")
    spoilt = ProviderAnswer(national_id_digest=good.national_id_digest, body={**good.body, **change})
    assert check_answer(ASKING, spoilt, INQUIRY_POLICY, today=DAY)[0] == "garbled"


def test_an_asking_names_its_person() -> None:
    with pytest.raises(BadInput):
        replace(ASKING, national_id_digest=b"short")
    with pytest.raises(BadInput):
        FakeBureau(1, lambda: DAY).ask(ASKING.national_id_digest, reason_code="")
    assert isinstance(INQUIRY_POLICY, InquiryPolicy)
    assert INQUIRY_POLICY.grade == "U"


def test_the_simulator_says_what_its_columns_hold() -> None:
    """Each figure of each person, counted again in plain loops."""
    people = make_people(300, seed=4)
    bureau = BureauSimulator(people, lambda: DAY)
    asked = 0
    for k in range(300):
        digest = digest_of(number_of(k))
        place = int(np.searchsorted(people.keys, np.uint64(int.from_bytes(digest[:8], "big"))))
        mine = slice(int(people.starts[place]), int(people.starts[place + 1]))
        amounts = people.amounts[mine].astype(int)
        months = [(int(e) >> 4 * n) & 15 for e in people.early[mine] for n in range(16)]
        months += [(int(e) >> 4 * n) & 15 for e in people.late[mine] for n in range(8)]
        expected = {
            "lenders": len(set(people.lenders[mine].tolist())), "accounts": len(amounts), "limit_minor": 100 * int(amounts[:, 0].sum()),
            "balance_minor": 100 * int(amounts[:, 1].sum()), "monthly_due_minor": 100 * int(amounts[:, 2].sum()),
            "overdue_accounts": int((amounts[:, 3] > 0).sum()), "overdue_minor": 100 * int(amounts[:, 3].sum()),
            "worst_status": max((code for code in months if code < 8), default=0),
            "worst_class": max([1, *people.classes[mine].tolist()]), "inquiries_90d": 0, "inquiries_6m": 0, "as_of": "2026-03-02",
        }  # fmt: skip
        answer = bureau.ask(digest, reason_code="02")
        assert dict(answer.body) == expected
        asked += len(amounts)
    assert asked == len(people.lenders) > 300


def test_the_simulator_remembers_who_asked() -> None:
    today = [DAY]
    bureau = BureauSimulator(make_people(10, seed=4), lambda: today[0])
    digest = digest_of(number_of(3))
    seen = []
    for step in (0, 1, 89, 1, 91, 200):
        today[0] += dt.timedelta(days=step)
        body = bureau.ask(digest, reason_code="02").body
        seen.append((body["inquiries_90d"], body["inquiries_6m"]))
    assert seen == [(0, 0), (1, 1), (1, 2), (1, 3), (0, 3), (0, 0)]
    body = [bureau.ask(digest, reason_code="02").body for _ in range(600)][-1]
    assert body["inquiries_90d"] == 8, "eight are remembered"
    stranger = bureau.ask(digest_of("nobody"), reason_code="02").body
    assert (stranger["accounts"], stranger["worst_class"]) == (0, 1)
    with pytest.raises(BadInput):
        make_people(0, seed=1)


def test_many_lenders_tell_the_stretched() -> None:
    """R-064: recall at a fixed rate of false alarms; the truth is planted and in no answer."""
    people = make_people(20_000, seed=9)
    lenders = people.count_lenders()
    false_rate = float((lenders[~people.stretched] >= 5).mean())
    recall = float((lenders[people.stretched] >= 5).mean())
    assert false_rate < 0.03
    assert recall > 0.70
