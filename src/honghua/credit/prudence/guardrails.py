"""Guardrails: a broken rule stops what it names, from the next command on, and is lifted when it holds again or by a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from honghua.base.errors import BadInput, NotFound
from honghua.credit.core.prudence.ratios import Reading

MACHINE = "prudence"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A stop that stands. key: the merchant, partner … of a `stop_key`, else empty; value: as measured, ppm or minor units."""

    rule: str
    key: str
    action: str
    value: int | None
    why: str
    person: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Moves:
    """What one look at the ratios changed."""

    raised: tuple[Guardrail, ...]
    lifted: tuple[Guardrail, ...]


def list_guardrails(conn: psycopg.Connection) -> list[Guardrail]:
    """What is stopped now, oldest first."""
    rows = conn.execute("SELECT rule, key, action, value, why, person, at FROM credit_guardrail ORDER BY event_id")
    return [Guardrail(*row) for row in rows]


def follow_ratios(conn: psycopg.Connection, readings: Sequence[Reading], *, now: dt.datetime) -> Moves:
    """Raise what is newly broken, lift what holds again; `unknown` changes nothing. The caller's transaction."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('credit_guardrails'))")
    standing = {(one.rule, one.key): one for one in list_guardrails(conn)}
    broken = {(one.rule.name, one.key): one for one in readings if one.status == "broken"}
    known = {one.rule.name for one in readings if one.status != "unknown"}
    raised = [
        _write(conn, Guardrail(name, key, one.rule.action, one.value, _say(one), MACHINE, now), is_raised=True)
        for (name, key), one in broken.items()
        if (name, key) not in standing
    ]
    lifted = [
        _write(
            conn,
            Guardrail(one.rule, one.key, one.action, None, "the ratio holds again", MACHINE, now),
            is_raised=False,
        )
        for (name, key), one in standing.items()
        if name in known and (name, key) not in broken
    ]
    return Moves(tuple(raised), tuple(lifted))


def lift_guardrail(
    conn: psycopg.Connection, rule: str, *, key: str = "", person: str, why: str, now: dt.datetime
) -> Guardrail:
    """Lifted by a person, for a reason that is kept; the next look raises it again while the ratio is broken."""
    if not person.strip() or not why.strip():
        raise BadInput("lifting a guardrail needs a name and a reason")
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('credit_guardrails'))")
    standing = {(one.rule, one.key): one for one in list_guardrails(conn)}
    if (rule, key) not in standing:
        raise NotFound(f"nothing is stopped by {rule} {key}".rstrip(), code="GUARDRAIL_UNKNOWN")
    found = standing[rule, key]
    return _write(conn, Guardrail(rule, key, found.action, found.value, why, person, now), is_raised=False)


def _say(reading: Reading) -> str:
    rule = reading.rule
    whom = f" of {reading.key}" if reading.key else ""
    if rule.most_minor is not None:
        return f"{rule.name}{whom} is {reading.value} minor units, at most {rule.most_minor} are allowed"
    bound, word = (rule.least_ppm, "least") if rule.least_ppm is not None else (rule.most_ppm, "most")
    return f"{rule.name}{whom} is {reading.value} ppm, at {word} {bound} is asked"


def _write(conn: psycopg.Connection, one: Guardrail, *, is_raised: bool) -> Guardrail:
    conn.execute(
        "INSERT INTO credit_guardrail_event (rule, key, action, is_raised, value, why, person, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [one.rule, one.key, one.action, is_raised, one.value, one.why, one.person, one.since],
    )
    return one


__all__ = ["Guardrail", "Moves", "follow_ratios", "lift_guardrail", "list_guardrails"]
