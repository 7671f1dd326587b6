"""How a debtor may be spoken to: hours, frequency, whom (R-058). Each bound has its source; the day is the debtor's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Channel(StrEnum):
    """How somebody is reached. Stored."""

    CALL = "call"
    ROBOT_CALL = "robot_call"
    MESSAGE = "message"
    LETTER = "letter"
    VISIT = "visit"


VOICE: Final = frozenset({Channel.CALL, Channel.ROBOT_CALL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRules:
    """Bounds of one version of the law, in force from `since`.

    quiet_from, quiet_to, calls_effective_a_day, tries_a_day: rules.md §7, GB/T 45251-2025 (grade B) and the banking association's
    guideline of 2026-01-30 (grade B). visits_a_day: rules.md §7 (grade C); visitors_min: the same. keep_years: 5 (C), card calls 2 (B): 5.
    """

    since: dt.date = dt.date(2025, 2, 28)
    quiet_from: dt.time = dt.time(22)
    quiet_to: dt.time = dt.time(8)
    calls_effective_a_day: int = 3
    tries_a_day: int = 6
    visits_a_day: int = 1
    visitors_min: int = 2
    keep_years: int = 5


CONTACT_RULES: Final = ContactRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDone:
    """A contact that took place. is_effective: the debtor was spoken to."""

    channel: Channel
    at: dt.datetime
    is_effective: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWish:
    """A contact that somebody would make. to_debtor: to nobody else. agreed_hours: the debtor asked for this hour."""

    channel: Channel
    at: dt.datetime
    to_debtor: bool = True
    agreed_hours: bool = False
    visitors: int = 0


def check_contact(
    wish: ContactWish, done: Sequence[ContactDone], *, zone: dt.tzinfo, rules: ContactRules = CONTACT_RULES
) -> tuple[str, ...]:
    """Codes of everything that forbids a contact, in a fixed order; () where it may be made. done: the debtor's, of any day."""
    local = wish.at.astimezone(zone)
    today = [one for one in done if one.at.astimezone(zone).date() == local.date()]
    calls = [one for one in today if one.channel in VOICE]
    reasons = []
    if not wish.to_debtor:
        reasons.append("CONTACT_THIRD_PERSON")
    if not wish.agreed_hours and (local.time() >= rules.quiet_from or local.time() < rules.quiet_to):
        reasons.append("CONTACT_QUIET_HOURS")
    if wish.channel in VOICE and sum(one.is_effective for one in calls) >= rules.calls_effective_a_day:
        reasons.append("CONTACT_CALLS_SPENT")
    if wish.channel in VOICE and len(calls) >= rules.tries_a_day:
        reasons.append("CONTACT_TRIES_SPENT")
    if wish.channel is Channel.VISIT:
        if sum(one.channel is Channel.VISIT for one in today) >= rules.visits_a_day:
            reasons.append("CONTACT_VISITS_SPENT")
        if wish.visitors < rules.visitors_min:
            reasons.append("CONTACT_VISITOR_ALONE")
    return tuple(reasons)
