"""Rules told to be silent: by a person until a day (suppression), or by the brake until a person reopens them."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.clock import from_micros, to_micros
from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision import store_control as store
from honghua.decision import store_policy
from honghua.decision.core.brake import BrakeChange, BrakeState
from honghua.decision.core.compile import Bundle
from honghua.decision.core.judging import EVERYBODY
from honghua.decision.core.language.reading import INPUT_MISSING
from honghua.decision.core.listing import Entry, Sections, make_sections
from honghua.decision.core.outcomes import Outcome
from honghua.decision.core.policy import WITHIN_LIMIT
from honghua.decision.lists import find_key
from honghua.decision.monitoring.alerts import Told, raise_alert
from honghua.decision.releases import PURPOSE, Act
from honghua.decision.store_control import BrakeRow, Suppression

# The books lean on these: without them a purchase without limit would be booked. Nobody silences them.
PROTECTED_CODES: Final = frozenset(rule.code for rule in WITHIN_LIMIT.rules)
THE_BRAKE: Final = "the brake"
EVERYBODY_KEY: Final = 1
SUPPRESSION_DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True)
class Silenced:
    """Which rule, for whom (entity and label, or everybody), until when."""

    rule: str
    expires_at: dt.datetime
    entity: str | None = field(default=None)
    label: str | None = field(default=None)


def find_protected(bundle: Bundle) -> frozenset[str]:
    """Names of the rules that can neither be suppressed nor stopped: refusals with the codes of the account policy, and the guard
    that refuses broken vectors."""
    codes = PROTECTED_CODES | {INPUT_MISSING}
    return frozenset(r.name for r in bundle.rules if r.outcome is Outcome.REFUSE and r.code in codes)


def suppress(
    conn: psycopg.Connection, silenced: Silenced, act: Act, *, bundles: Sequence[Bundle], now: dt.datetime,
    purpose: str = PURPOSE,
) -> int:  # fmt: skip
    """Silence a rule of those who judge; returns the suppression's number. It ends by itself."""
    if all(bundle.find_rule(silenced.rule) is None for bundle in bundles):
        known = {rule.name for bundle in bundles for rule in bundle.rules}
        close = difflib.get_close_matches(silenced.rule, sorted(known), n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise NotFound(f"no bundle that judges has a rule {silenced.rule!r}{meant}", code="RULE_UNKNOWN")
    if any(silenced.rule in find_protected(bundle) for bundle in bundles):
        raise Conflict(f"the books lean on {silenced.rule}: it cannot be silenced", code="RULE_PROTECTED")
    if not now < silenced.expires_at <= now + dt.timedelta(days=SUPPRESSION_DAYS_MAX):
        raise BadInput(
            f"a suppression ends within {SUPPRESSION_DAYS_MAX} days, and not in the past", code="EXPIRY_INVALID"
        )
    whom = "" if silenced.entity is None else f" for {silenced.entity} {silenced.label}"
    change_id = store_policy.add_change(
        conn, action="suppress", subject=silenced.rule + whom, person=act.person, why=act.why
    )
    named = silenced.entity is not None and silenced.label is not None
    label = silenced.label.strip() if silenced.label is not None else None
    key = find_key(silenced.entity, label) if named and silenced.entity is not None and label is not None else None
    store.insert_suppression(
        conn, purpose,
        {"change_id": change_id, "rule": silenced.rule, "entity": silenced.entity, "key": key, "label": label,
         "expires_at": silenced.expires_at},
    )  # fmt: skip
    return change_id


def lift(conn: psycopg.Connection, suppression_id: int, act: Act, *, purpose: str = PURPOSE) -> None:
    """End a suppression before its day."""
    found = next((s for s in store.list_suppressions(conn, purpose) if s.suppression_id == suppression_id), None)
    if found is None:
        raise NotFound(f"no suppression {suppression_id} stands", code="SUPPRESSION_UNKNOWN")
    change_id = store_policy.add_change(conn, action="lift", subject=found.rule, person=act.person, why=act.why)
    store.insert_suppression(conn, purpose, {"change_id": change_id, "rule": found.rule, "lifts": suppression_id})


def list_suppressions(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> list[Suppression]:
    """Those that were not lifted; an expired one is still shown, with its day."""
    return store.list_suppressions(conn, purpose)


def load_suppressed(conn: psycopg.Connection, purpose: str) -> Sections:
    """Who is silent for whom, ready to be looked up."""
    return make_sections(
        Entry(s.rule, s.entity or EVERYBODY, s.key or EVERYBODY_KEY, to_micros(s.expires_at))
        for s in store.list_suppressions(conn, purpose)
    )


def list_brakes(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> list[BrakeRow]:
    """The newest word on every rule that the brake ever spoke of."""
    return store.list_brakes(conn, purpose)


def record_changes(
    conn: psycopg.Connection, changes: Iterable[tuple[Bundle, int, BrakeChange]], *, now: dt.datetime,
    purpose: str = PURPOSE,
) -> None:  # fmt: skip
    """Write what the brake found, (bundle, its number, change) each, and wish that people are told; in the caller's transaction."""
    for bundle, bundle_id, change in changes:
        rule, state = bundle.rules[change.rule].name, BrakeState(change.state).name.lower()
        share = f"{change.refused:,} of {change.judged:,} refused, bound {change.bound_ppm / 10_000:g} %"
        change_id = store_policy.add_change(
            conn, action=f"brake {state}", subject=f"{rule} of release {bundle_id}", person=THE_BRAKE, why=share
        )
        row = BrakeRow(bundle_id, rule, state, now, change.judged, change.refused, change.bound_ppm, change_id)
        store.insert_brake_event(conn, purpose, row, at_us=change.at_us)
        if state != "calm":
            subject, at = f"{rule} of release {bundle_id}", from_micros(change.at_us)
            raise_alert(conn, Told("brake", str(change_id), subject, f"the brake {state} it: {share}", at), now=now)


def reopen(conn: psycopg.Connection, rule: str, act: Act, *, now: dt.datetime, purpose: str = PURPOSE) -> int:
    """Let a stopped rule act again, in every bundle where it is stopped; its counters start empty. Returns in how many."""
    stopped = [b for b in store.list_brakes(conn, purpose) if b.rule == rule and b.state == "stopped"]
    if not stopped:
        raise NotFound(f"the brake holds no rule {rule!r}", code="NOT_STOPPED")
    for row in stopped:
        change_id = store_policy.add_change(
            conn, action="brake reopened", subject=f"{rule} of release {row.bundle_id}", person=act.person, why=act.why
        )
        opened = BrakeRow(row.bundle_id, rule, "reopened", now, 0, 0, row.bound_ppm, change_id)
        store.insert_brake_event(conn, purpose, opened, at_us=to_micros(now))
    return len(stopped)
