"""A real site for a real browser: the whole application on a scratch database, with a risk engine whose policy answers by amount.

Served by uvicorn on a port of its own in a thread; the clock stands still until a journey moves it, so that a bill comes when it is wanted.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from honghua.base.clock import FixedClock
from honghua.credit import jobs
from honghua.credit.api import Registry, attach, execute, open_registry, start_book
from honghua.credit.core import BuyNow, Command, OpenAccount
from honghua.credit.engine import RiskSetup
from honghua.customers import api as customers
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.store.arrays import register
from honghua.store.database import Database, connect, run_unit
from honghua.web.api.checkouts import register_checkout
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.hot.local import LocalBooker
from honghua.web.keyring import Secrets
from honghua.web.roles import Role
from honghua.web.signin import cookies, sessions
from honghua.web.tickets import Ticket

OPENED = dt.datetime(2026, 6, 20, 4, tzinfo=dt.UTC)  # noon in Shanghai
ZONE = dt.timezone(dt.timedelta(hours=8))
SECRETS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"f" * 32})
START_S = 20.0
WARM_S = 300.0
POLICY = '''"""Amounts that mean something, for journeys."""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with score:
    proven = step_up("RISK_STEP_UP", kind="sms", when=amount_minor == minor(459900))
    slow = delay("TELECOM_FRAUD", minutes=60, warning="scam", when=amount_minor == minor(22222))
    looked = review("RISK_REVIEW", queue="fraud", when=amount_minor == minor(33333))
    wrong = refuse("RISK_REFUSED", when=amount_minor == minor(44444))

with amount:
    extra = temporary_limit("ORDER_LIMIT", amount=amount_minor - available_minor, when=amount_minor == minor(1055555))
    partly = approve_less("LIMIT_PARTLY", amount=available_minor, when=amount_minor == minor(1200000))
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
'''


@dataclass
class Town:
    """The site as it runs, and the hands of its operator."""

    site: Site
    database: Database
    clock: FixedClock
    prover: jobs.FakeProver
    address: str
    app: FastAPI

    def book(self, commands: list[Command]) -> list[dict[str, object]]:
        """Commands of others than the customer, by the operator."""
        with connect(self.database) as conn:
            registry = make_registry(conn, self.prover)
            answers = execute(conn, registry, commands, now=self.clock.now())
        assert all(answer["outcome"] in ("done", "approved") for answer in answers), answers
        return answers

    def send_codes(self) -> list[str]:
        """Send the step-ups that wait; the codes as the phones show them."""
        with connect(self.database) as conn:
            jobs.send_step_ups(conn, self.prover, now=self.clock.now())
        return [code for _, _, code in self.prover.sent.values()]

    def make_link(self, amount_minor: int, *, accepts_less: bool = False) -> str:
        """The path of a payment link for an order of this amount; the shop may take a part of it."""
        order = f"link-{amount_minor}"
        ticket = Ticket(
            merchant="远方商城", order=order, category="goods", amount_minor=amount_minor, currency="CNY", title="订单",
            expires_at=self.clock.now() + dt.timedelta(hours=1), accepts_less=accepts_less,
        )  # fmt: skip
        with self.site.pool.connection() as conn, conn.transaction():
            text = register_checkout(conn, self.site, ticket, now=self.clock.now())
        return f"/checkout/{text}"

    def settle_reviews(self, *, approve: bool) -> int:
        """A reviewer takes all that wait and speaks; how many."""
        settled = 0
        with connect(self.database) as conn:
            registry = make_registry(conn, self.prover)
            while (one := jobs.claim(conn, reviewer="Rita", now=self.clock.now())) is not None:
                answer = jobs.decide_review(
                    conn, registry, one.suspension_id, reviewer="Rita", approve=approve, now=self.clock.now()
                )
                assert answer["outcome"] == "done", answer
                settled += 1
        return settled

    def pass_until(self, day: dt.date) -> None:
        """Let business days end until this one begins."""
        self.clock.at = dt.datetime.combine(day, dt.time(4), tzinfo=dt.UTC)
        jobs.close_until(self.database, day)

    def begin_session(self, role: Role, subject: str, *, merchant: str = "") -> tuple[str, str]:
        """The cookie (name, value) of somebody who signed in."""
        person = sessions.Person(subject=subject, roles=frozenset({role}), display_name=subject, merchant=merchant)
        with self.site.pool.connection() as conn:
            begun = run_unit(
                conn,
                lambda c: sessions.begin_session(c, person, sessions.Device("test", "-"), now=self.clock.now()),
            )
        return cookies.cookie_name(cookies.SESSION, self.site.address), begun.token

    def add_customer(self, customer: str, phone: str, *, limit_minor: int = 1_000_000) -> None:
        """A registered customer with an account, or with limit 0 without one."""
        vault = SECRETS.vault
        with self.site.pool.connection() as conn, conn.transaction():
            customers.register(conn, vault, phone, now=self.clock.now(), customer=customer)
        if limit_minor:
            self.book([OpenAccount(key=f"open:{customer}", customer=customer, limit_minor=limit_minor)])


def make_registry(conn: psycopg.Connection, prover: jobs.Prover) -> Registry:
    """Names and the risk engine, as the booker has them."""
    registry = open_registry(conn)
    registry.prover = prover
    schema = Schema(("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit"))
    settings = EngineSettings(SensorSize(entities=500, nodes=500, edges=2_000, keys=200), 0)
    attach(conn, registry, RiskSetup(RiskPlan(schema), settings, 8 * 3_600_000_000, None))
    return registry


def release(conn: psycopg.Connection) -> None:
    """Put the policy in force, by two people."""
    with conn.transaction():
        proposal = decision.Proposal("journeys", POLICY, engine_vocabulary())
        row = decision.propose(conn, proposal, decision.Act("Ann", "a journey"))
        decision.review(conn, row.release_id, decision.Act("Ben", "a journey"), approved=True)
        decision.activate(conn, row.release_id, decision.Act("Ben", "a journey"), role=decision.Role.CHAMPION)


@contextmanager
def serve(
    database: Database, *, reading_seconds: int = 10, prove: Callable[[FixedClock], jobs.Prover] | None = None
) -> Iterator[Town]:
    """The town, reachable by its address until the block ends. prove: whoever checks proofs at its desk, instead of the fake one."""
    clock, fake = FixedClock(OPENED), jobs.FakeProver()
    prover = fake if prove is None else prove(clock)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        pool = ConnectionPool(
            database.dsn, min_size=1, max_size=4, kwargs={"autocommit": True}, configure=register, open=True
        )
        with pool:
            with pool.connection() as conn:
                start_book(conn, day=OPENED.astimezone(ZONE).date())
                registry = open_registry(conn)
                release(conn)
                with conn.transaction():
                    customers.publish_texts(conn, now=OPENED)
            with LocalBooker(database, clock=clock, attach=lambda c: make_registry(c, prover)) as booker:
                site = Site(
                    pool=pool, booker=booker, clock=clock, registry=registry, secrets=SECRETS, zone=ZONE, is_demo=True,
                    address=address, reading_seconds=reading_seconds,
                )  # fmt: skip
                with ThreadPoolExecutor(1) as aside:  # Playwright keeps a loop of its own in this thread
                    aside.submit(lambda: asyncio.run(warm(booker))).result()
                with running(site, listening) as app:
                    yield Town(site, database, clock, fake, address, app)


async def warm(booker: LocalBooker) -> None:
    """One purchase of somebody else, so that compiling kernels makes no customer wait."""
    opened = OpenAccount(key="warm:open", customer="warm", limit_minor=100_000)
    bought = BuyNow(key="warm:buy", customer="warm", amount_minor=100, merchant="warm", order="warm", category="goods")
    answers = await booker.submit([opened, bought], seconds_max=WARM_S)
    assert [answer["outcome"] for answer in answers] == ["done", "approved"], answers


@contextmanager
def running(site: Site, listening: socket.socket) -> Iterator[FastAPI]:
    """uvicorn in a thread of its own, until the block ends."""
    app = build_app(site)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_S
    while not server.started:
        assert thread.is_alive(), "the server ended before it began"
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.01)
    try:
        yield app
    finally:
        server.should_exit = True
        thread.join(START_S)
