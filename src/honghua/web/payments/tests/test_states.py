"""Notices in any order, twice, or wrong: what a payment becomes depends on what happened, not on when it was heard."""

from __future__ import annotations

import itertools

import pytest

from honghua.web.payments.states import Notice, Standing, State, Status, follow

NEW = Standing(state=State.MADE, sequence=0, amount_minor=500, currency="CNY", reference="R")


def word(
    sequence: int, status: Status, *, amount_minor: int = 500, currency: str = "CNY", reference: str = "R"
) -> Notice:
    return Notice(
        notice_id=f"N{sequence}", payment_id="p", reference=reference, sequence=sequence, status=status, amount_minor=amount_minor,
        currency=currency,
    )  # fmt: skip


def hear(notices, standing=NEW):
    for one in notices:
        state, _ = follow(standing, one)
        standing = Standing(
            state=state, sequence=max(standing.sequence, one.sequence), amount_minor=500, currency="CNY", reference="R"
        )
    return standing.state


@pytest.mark.parametrize(
    ("story", "end"),
    [
        ([Status.PENDING, Status.FAILED], State.FAILED),
        ([Status.PENDING, Status.FAILED, Status.PAID], State.PAID),
        ([Status.FAILED, Status.PENDING, Status.PAID], State.PAID),
    ],
)
def test_every_order_and_repetition_ends_the_same(story, end):
    notices = [word(n, status) for n, status in enumerate(story, 1)]
    for order in itertools.permutations(notices):
        assert hear([*order, *order]) is end


@pytest.mark.parametrize(
    "lie", [{"amount_minor": 499}, {"amount_minor": 501}, {"currency": "USD"}, {"reference": "other"}]
)
def test_what_does_not_fit_moves_no_money(lie):
    state, problem = follow(NEW, word(1, Status.PAID, **lie))
    assert (state, bool(problem)) == (State.DISPUTED, True)
    assert hear([word(1, Status.PAID, **lie), word(2, Status.PAID)]) is State.DISPUTED


def test_money_that_went_back_is_a_persons_matter_once_it_was_here():
    assert hear([word(1, Status.PAID), word(2, Status.RETURNED)]) is State.DISPUTED
    assert hear([word(2, Status.RETURNED), word(1, Status.PAID)]) is State.FAILED  # it came and went before we heard
    booked = Standing(state=State.BOOKED, sequence=1, amount_minor=500, currency="CNY", reference="R")
    assert follow(booked, word(2, Status.RETURNED)) == (State.DISPUTED, "MONEY_WENT_BACK")
    assert follow(booked, word(2, Status.FAILED)) == (State.DISPUTED, "FAILED_AFTER_PAID")
    assert follow(booked, word(2, Status.PAID)) == (State.BOOKED, "")
    assert follow(booked, word(2, Status.PAID, amount_minor=1)) == (State.BOOKED, "AMOUNT_DIFFERS")
