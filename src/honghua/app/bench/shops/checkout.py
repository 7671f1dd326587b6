"""`honghua bench checkout`: customers who apply, are decided, sign and pay inside a checkout, some at a time, beside a stream of purchases.

Timed are the journey's own functions, each a durable commit: application, decision (bureau asked, rulebook), the contract shown and signed,
the purchase held (R-019); then from the purchase's request on through the second scan, the capture and the payout order to the bank's word
written down (R-067). Registration, consents and the proof of identity come before and are not timed; reading is a clock that we move. The
pages in front (HTTP, templates) are not in it.

The purchases beside go to a shop that is paid at once: of them too the seconds from request to money are told, the clock's job looking
every second. Their accounts have no contract, so the scan reads the account alone. All services are fakes that answer at once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.clockwork.contracts.paying import make_payer_at_once
from honghua.app.journey.evidence import PackedEvidence
from honghua.app.journey.living import (
    BUREAU_NAME,
    FIRST_DAY,
    OPENED,
    PRODUCT,
    READ,
    SUITED,
    OwnBooks,
    invent_good,
    make_evidence,
    make_vault,
)
from honghua.app.verifying import verify
from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput, WorldFailed
from honghua.base.rng import derive_rng
from honghua.bureau.api import FakeBureau
from honghua.credit import api as credit
from honghua.credit import core as commands
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.facts.steps import Step
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantState
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings
from honghua.web.keyring import Secrets

AT: Final = dt.datetime.combine(FIRST_DAY, OPENED)
SHOPPERS: Final = 200  # who buy beside, on lines that they have
WARM_UP: Final = 3  # of each worker, not counted
PRICE_MINOR: Final = 60_000
SHOP: Final = "shop paid at once"
EVERY_S: Final = 1.0  # as the clock's job
LOOKED: Final = 500


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "checkout", help="decision, contract and payment inside a checkout; seconds until the shop has its money"
    )
    parser.add_argument("--workers", type=int, default=2, help="customers in a checkout at a time")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument(
        "--rate", type=float, default=20.0, help="purchases a second beside them; fewer where they do not fit"
    )
    parser.add_argument("--seed", type=int, default=20261123)
    parser.set_defaults(bench=run)


@dataclass(slots=True)
class Found:
    """Seconds of each checkout: apply to held, and request to the bank's word; refused: steps that did not pass, by name and code."""

    decided_s: list[float] = field(default_factory=list)
    money_s: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Town:
    """What all workers share."""

    database: Database
    vault: customers.Vault
    bank: merchants.FakePayoutBank
    seed: int
    until: float


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Open the book, then checkouts and purchases side by side for so many seconds."""
    if args.workers < 1 or args.seconds <= 0 or args.rate < 0:
        raise BadInput("at least one worker, some seconds, a rate that is not negative", code="BAD_SIZE")
    with scratch_database(store) as database:
        vault = make_vault(args.seed)
        open_town(database, vault)
        bank = merchants.FakePayoutBank(args.seed, day=merchants.bank_day(AT))
        town = Town(database, vault, bank, args.seed, time.perf_counter() + args.seconds)
        began, stop = time.perf_counter(), threading.Event()
        requested: dict[int, float] = {}
        with ThreadPoolExecutor(args.workers + 2) as pool:
            beside = pool.submit(buy_beside, town, args.rate, requested, stop)
            paying = pool.submit(pay_beside, town, requested, stop)
            working = [pool.submit(work, town, number) for number in range(args.workers)]
            try:
                found = [one.result() for one in working]
            finally:
                stop.set()
            bought, paid_s = beside.result(), paying.result()
        seconds = time.perf_counter() - began
        broken = [one.name for one in verify(database) if not one.ok]
    refused: dict[str, int] = {}
    for one in found:
        for name, count in one.refused.items():
            refused[name] = refused.get(name, 0) + count
    return {
        "workers": args.workers, "run_seconds": round(seconds, 1), "checkouts": sum(len(one.money_s) for one in found),
        "purchases_beside": bought, "purchases_beside_per_s": round(bought / seconds, 1),
        **tell("decision_contract_pay", [s for one in found for s in one.decided_s]), "goal_decision_contract_pay_p99_s": 2,
        **tell("request_to_money", [s for one in found for s in one.money_s]), "goal_request_to_money_p99_s": 3,
        "paid_beside": len(paid_s), **tell("beside_request_to_money", paid_s),
        "refused": refused, "broken_invariants": broken, "fakes": [bank.name, BUREAU_NAME],
    }  # fmt: skip


def tell(name: str, seconds: list[float]) -> dict[str, float | None]:
    """Median and 99th percentile, seconds; None where nothing was measured."""
    if not seconds:
        return {f"{name}_p50_s": None, f"{name}_p99_s": None}
    return {f"{name}_p{p}_s": round(float(np.percentile(seconds, p)), 4) for p in (50, 99)}


def open_town(database: Database, vault: customers.Vault) -> None:
    """The book's first day, the texts that customers read, and those who buy beside."""
    with connect(database) as conn:
        credit.start_book(conn, day=FIRST_DAY)
        registry = credit.open_registry(conn)
        run_unit(conn, lambda c: customers.publish_texts(c, now=AT))
        lines = [
            commands.OpenAccount(key=f"open {i}", customer=f"shopper {i}", limit_minor=10_000_000)
            for i in range(SHOPPERS)
        ]
        credit.execute(conn, registry, lines, now=AT)
        shop = merchants.TakenOver(
            merchant=SHOP, name=SHOP, scenes=("rice-oil",), state=MerchantState.ADMITTED, score=1, order_max_minor=PRICE_MINOR,
            settle_days=1, fee_ppm=0,
        )  # fmt: skip
        run_unit(conn, lambda c: merchants.take_over(c, [shop], person="bench", source="bench", currency="CNY", now=AT))
        run_unit(
            conn, lambda c: merchants.pay_merchant_at_once(c, SHOP, at_once=True, person="bench", why="bench", now=AT)
        )


def buy_beside(town: Town, rate: float, requested: dict[int, float], stop: threading.Event) -> int:
    """Purchases at a rate, as long as others check out; how many were booked. requested: when, by purchase."""
    done = 0
    began = time.perf_counter()
    with connect(town.database) as conn:
        registry = credit.open_registry(conn)
        while rate and not stop.wait(max(0.0, began + done / rate - time.perf_counter())):
            order = commands.BuyNow(
                key=f"beside {done}", customer=f"shopper {done % SHOPPERS}", amount_minor=1_000, merchant=SHOP, order=str(done),
                category="books",
            )  # fmt: skip
            asked = time.perf_counter()
            answer = credit.execute(conn, registry, [order], now=AT)[0]
            if answer["outcome"] != "approved":
                raise WorldFailed(f"a purchase beside was not approved: {answer}")
            requested[int(answer["purchase_id"])] = asked
            done += 1
    return done


def pay_beside(town: Town, requested: dict[int, float], stop: threading.Event) -> list[float]:
    """The clock's job every second; seconds of each purchase until the job that paid its shop had ended."""
    rng = derive_rng(town.seed, "checkout keys")
    secrets = Secrets(session_key=rng.bytes(32), index_key=rng.bytes(32), field_keys={1: rng.bytes(32)})
    pay = make_payer_at_once(town.bank, FakeBureau(town.seed, lambda: FIRST_DAY), secrets)
    took: dict[int, float] = {}
    with connect(town.database) as conn:
        while not stop.wait(EVERY_S):
            pay(conn, AT)
            ended = time.perf_counter()
            for order in merchants.list_payouts(conn, limit=LOOKED):
                number = order.purchase_id
                if number is not None and number in requested and order.state == "paid":
                    took.setdefault(number, ended - requested[number])
    return list(took.values())


def work(town: Town, number: int) -> Found:
    """One checkout after the other until the time is over; the first few warm up."""
    found = Found()
    with connect(town.database) as conn:
        registry = credit.open_registry(conn)
        count = 0
        while time.perf_counter() < town.until:
            shown = invent(town.seed, number, count)
            site, clock = make_site(conn, registry, town, shown)
            told = Found() if count < WARM_UP else found
            check_out(conn, site, clock, shown, told)
            count += 1
    return found


def invent(seed: int, worker: int, count: int) -> customers.Evidence:
    """Somebody new, who shares nothing with anybody."""
    own = int(derive_rng(seed, "checkout", f"{worker} {count}").integers(2**62))
    place = f"{worker} {count}"
    phone = f"13{worker % 10}{count:08d}"
    return replace(make_evidence(own), phone=phone, device=f"phone {place}", address=f"house {place}", clip=place)


def make_site(
    conn: psycopg.Connection, registry: credit.Registry, town: Town, shown: customers.Evidence
) -> tuple[journey.JourneySite, FixedClock]:
    """What the journey of one customer stands on."""
    clock = FixedClock(AT)
    books = OwnBooks(conn, registry, clock)
    provider = customers.FakeIdentityProvider(town.seed, truth={shown.national_id: shown})
    known = {hashlib.sha256(shown.national_id.encode()).digest(): invent_good(FIRST_DAY)}
    site = journey.JourneySite(
        vault=town.vault, identity=customers.IdentityCheck(vault=town.vault, provider=provider), books=books, registry=registry,
        evidence=PackedEvidence(registry, town.vault), bank=town.bank,
        approver=journey.LimitsApprover(vault=town.vault, provider=FakeBureau(town.seed, lambda: FIRST_DAY, known=known)),
    )  # fmt: skip
    return site, clock


def check_out(
    conn: psycopg.Connection, site: journey.JourneySite, clock: FixedClock, shown: customers.Evidence, found: Found
) -> None:
    """One customer: joined untimed, then from the application to the shop's money."""
    contract = join(conn, site, clock, shown)

    def wish(step: Step, **asked: Any) -> journey.Taking:
        subject = "order" if step in (Step.DRAWDOWN, Step.PAYOUT) else ""
        return journey.Taking(contract_id=contract, step=step, key=step.name.lower(), subject=subject, asked=asked)

    def went(taken: journey.Taken) -> bool:
        if isinstance(taken, journey.StepRow) and taken.outcome == "passed":
            return True
        name = (
            taken.code
            if isinstance(taken, journey.StepRefusal)
            else f"{taken.step.name.lower()}: {taken.risk['reasons']}"
        )
        found.refused[name] = found.refused.get(name, 0) + 1
        return False

    began = time.perf_counter()
    now = clock.now()
    if not went(journey.apply_for_credit(conn, site, wish(Step.APPLICATION, asked_minor=500_000), now=now)):
        return
    if not went(journey.approve(conn, site, wish(Step.APPROVAL), now=now)):
        return
    document = journey.show_contract(conn, site, contract, read_seconds=customers.READ_SECONDS, now=now)
    now, read_ms = clock.advance(READ), int(READ.total_seconds() * 1_000)
    signing = wish(Step.CONTRACT)
    if not went(
        journey.sign_contract(conn, site, signing, shown_digest=document.shown_digest, read_ms=read_ms, now=now)
    ):
        return
    asked = time.perf_counter()
    order = wish(Step.DRAWDOWN, amount_minor=PRICE_MINOR, merchant="checkout shop", category="appliances")
    if not went(journey.draw(conn, site, order, now=now)):
        return
    held = time.perf_counter()
    paid = journey.pay_out(conn, site, wish(Step.PAYOUT), now=now)
    if went(paid) and isinstance(paid, journey.StepRow) and paid.decided["payout"] == "paid":
        found.decided_s.append(held - began)
        found.money_s.append(time.perf_counter() - asked)


def join(conn: psycopg.Connection, site: journey.JourneySite, clock: FixedClock, shown: customers.Evidence) -> int:
    """Register somebody, take their word and their consents, and prove who they are; the contract's number."""

    def enter(c: psycopg.Connection) -> int:
        customer = customers.register(c, site.vault, shown.phone, now=AT)
        customers.write_profile(c, site.vault, customer, SUITED, said_by=customer, now=AT)
        read_ms = int(READ.total_seconds() * 1_000)
        said = [
            customers.Said(kind=text.kind, version=text.version, is_given=True, read_ms=read_ms)
            for text in customers.list_texts(c)
            if text.kind in ConsentKind
        ]
        customers.say(c, customer, said, channel="checkout", now=AT + READ)
        return journey.begin_contract(c, customer, product=PRODUCT, key=f"checkout {shown.phone}", now=AT + READ)

    contract = run_unit(conn, enter)
    clock.advance(READ)
    proof = journey.Taking(
        contract_id=contract, step=Step.PROOFING, key="proofing", asked={"proof": f"proof {contract}"}
    )
    journey.prove_identity(conn, site, proof, shown, now=clock.now())
    return contract


__all__ = ["register", "run"]
