"""Collection: no contact outside the hours, none too many, none to others (R-058), on random and on edge cases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.credit.core.journey import CONTACT_RULES, Channel, ContactDone, ContactWish, check_contact

ZONE = dt.timezone(dt.timedelta(hours=8))
DAY = dt.date(2026, 3, 1)


def at(clock: str, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), ZONE).astimezone(dt.UTC)


def calls(n: int, *, effective: int = 0, clock: str = "09:00", day: dt.date = DAY) -> list[ContactDone]:
    return [ContactDone(channel=Channel.CALL, at=at(clock, day), is_effective=k < effective) for k in range(n)]


def ask(clock: str, done: list[ContactDone], **more: object) -> tuple[str, ...]:
    wish = ContactWish(at=at(clock), **{"channel": Channel.CALL, **more})  # type: ignore[arg-type]
    return check_contact(wish, done, zone=ZONE)


@pytest.mark.parametrize(
    ("clock", "reasons"),
    [
        ("07:59:59", ("CONTACT_QUIET_HOURS",)),
        ("08:00", ()),
        ("21:59:59", ()),
        ("22:00", ("CONTACT_QUIET_HOURS",)),
        ("00:30", ("CONTACT_QUIET_HOURS",)),
    ],
)
def test_hours_are_the_debtors(clock, reasons):
    assert ask(clock, []) == reasons
    assert ask(clock, [], agreed_hours=True) == ()


def test_frequency():
    assert ask("12:00", calls(2, effective=2)) == ()
    assert ask("12:00", calls(3, effective=3)) == ("CONTACT_CALLS_SPENT",)
    assert ask("12:00", calls(5)) == ()
    assert ask("12:00", calls(6)) == ("CONTACT_TRIES_SPENT",)
    assert ask("12:00", calls(6, effective=3)) == ("CONTACT_CALLS_SPENT", "CONTACT_TRIES_SPENT")
    assert ask("12:00", calls(6, effective=3, day=DAY - dt.timedelta(days=1))) == ()
    assert ask("12:00", calls(6, effective=3), channel=Channel.MESSAGE) == ()
    assert ask("12:00", [], to_debtor=False) == ("CONTACT_THIRD_PERSON",)
    visit = [ContactDone(channel=Channel.VISIT, at=at("09:00"), is_effective=False)]
    assert ask("12:00", visit, channel=Channel.VISIT, visitors=2) == ("CONTACT_VISITS_SPENT",)
    assert ask("12:00", [], channel=Channel.VISIT, visitors=1) == ("CONTACT_VISITOR_ALONE",)


def wish_much(wishes: int, *, seed: int) -> int:
    """A collector without conscience over many days; returns how many contacts the rule let through, having checked each by counting."""
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.integers(0, wishes * 600, wishes))
    effective = rng.random(wishes) < 0.5
    start = at("00:00")
    made: list[ContactDone] = []
    total = 0
    for k in range(wishes):
        moment = start + dt.timedelta(seconds=int(seconds[k]))
        local = moment.astimezone(ZONE)
        made = [one for one in made if one.at.astimezone(ZONE).date() == local.date()]
        if not check_contact(ContactWish(channel=Channel.CALL, at=moment), made, zone=ZONE):
            assert 8 <= local.hour < 22
            made.append(ContactDone(channel=Channel.CALL, at=moment, is_effective=bool(effective[k])))
            total += 1
        assert sum(one.is_effective for one in made) <= CONTACT_RULES.calls_effective_a_day
        assert len(made) <= CONTACT_RULES.tries_a_day
    return total


def test_a_collector_without_conscience_is_stopped():
    assert 0 < wish_much(5_000, seed=1) < 5_000


@pytest.mark.slow
def test_a_million_wishes():
    assert wish_much(1_000_000, seed=2) > 0
