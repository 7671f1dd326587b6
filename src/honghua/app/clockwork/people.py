"""Jobs about people: their messages, the rotation of the keys that seal what is known of them, and the erasure of what may not be kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.reminders import withdraw_unwanted
from honghua.app.clockwork.sweeping import take_all
from honghua.credit.journey import api as journey
from honghua.customers import jobs as customers_jobs
from honghua.store.database import run_unit
from honghua.store.wishes import WishState, count_wishes
from honghua.web.api.partners import rotate_keys
from honghua.web.desk.acts import end_left
from honghua.web.keyring import Secrets
from honghua.web.signin.bounds import sweep_bounds
from honghua.web.signin.factors import rotate_factors
from honghua.web.signin.messages import AT_ONCE, WISH_KIND, Gateway, deliver_messages, sweep_messages
from honghua.web.signin.staff.users import rotate_secrets

Work = Callable[[psycopg.Connection, dt.datetime], str]
NO_KEYS: Final = "no keys are attached"
WAITING: Final = "no gateway is attached: {} message(s) wait"


def make_courier(secrets: Secrets | None, gateway: Gateway | None) -> Work:
    """Sends messages that are due."""

    def send(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None or gateway is None:
            waiting = count_wishes(conn, WISH_KIND)[WishState.WAITING]
            return WAITING.format(waiting) if waiting else "nothing to send"
        vault = secrets.vault

        def send_some() -> int:
            run_unit(conn, withdraw_unwanted)  # who has paid since is not reminded
            return deliver_messages(conn, gateway, vault, now=now)

        sent = take_all(send_some, at_once=AT_ONCE)
        return f"{sent} sent"

    return send


def make_rotator(secrets: Secrets | None) -> Work:
    """Moves persons, users and partners under the newest field key."""

    def rotate(conn: psycopg.Connection, _now: dt.datetime) -> str:
        if secrets is None:
            return NO_KEYS
        vault = secrets.vault
        persons = take_all(lambda: customers_jobs.rotate_keys(conn, vault), at_once=customers_jobs.SWEEP)
        users = run_unit(conn, lambda c: rotate_secrets(c, vault))
        partners = run_unit(conn, lambda c: rotate_keys(c, vault))
        factors = run_unit(conn, lambda c: rotate_factors(c, vault))
        moved = f"{persons} persons, {users} users, {factors} customers' authenticators, {partners} secrets of partners"
        return f"{moved} moved to key {vault.newest}"

    return rotate


def make_eraser(zone: dt.tzinfo) -> Work:
    """Erases identities whose time of keeping is over, by the local date."""

    def erase(conn: psycopg.Connection, now: dt.datetime) -> str:
        erased = customers_jobs.erase_due(conn, on=now.astimezone(zone).date(), now=now)
        return f"{erased} identities erased"

    return erase


def make_watcher(zone: dt.tzinfo) -> Work:
    """Tells people of complaints and rights whose clock has run out, by the local date."""

    def watch(conn: psycopg.Connection, now: dt.datetime) -> str:
        late = run_unit(conn, lambda c: customers_jobs.alert_late(c, on=now.astimezone(zone).date(), now=now))
        return f"{late} newly late"

    return watch


def sweep(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Old messages, counts and challenges."""
    messages = run_unit(conn, lambda c: sweep_messages(c, now=now))
    rows = run_unit(conn, lambda c: sweep_bounds(c, now=now))
    ended = run_unit(conn, lambda c: end_left(c, now=now))
    rows += customers_jobs.sweep_old(conn, now=now)
    sessions = run_unit(conn, lambda c: journey.forget_sessions(c, now=now))
    deleted = f"{messages} messages, {rows} counts and {sessions} applications' sessions deleted"
    return f"{deleted}, {ended} acts of the desk ended that were left open"
