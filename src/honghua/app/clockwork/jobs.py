"""The jobs, in the order in which those that are due are run, and the ways to the outside world that they need."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from honghua.app.clockwork import (
    assessing,
    books,
    cards,
    filing,
    funding,
    laboratory,
    limit_notices,
    limits,
    materials,
    merchants,
    models,
    payments,
    people,
    prudence,
    reminders,
    subsidies,
    temporary,
)
from honghua.app.clockwork.contracts import paying, steps
from honghua.app.clockwork.learning import profiles, slices
from honghua.base.clock import Clock
from honghua.bureau.api import BureauProvider, FilingDesk
from honghua.credit import jobs as credit_jobs
from honghua.customers.materials.api import MaterialSource
from honghua.decision import api as decision
from honghua.funding.api import LenderBank, PartnerSystem, Routing
from honghua.limits.response.api import SliceTerms
from honghua.merchants.api import EvidenceSource, PayoutBank
from honghua.store.jobs import Job, JobRun, run_due
from honghua.web.api.delivering import list_jobs as list_web_jobs
from honghua.web.cards.port import CardAcquirer
from honghua.web.keyring import Secrets
from honghua.web.payments.gateway import PaymentGateway
from honghua.web.signin.messages import Gateway

SECOND: Final = dt.timedelta(seconds=1)
ALARMING: Final = 3  # failures in a row of which people are told


@dataclass(frozen=True, slots=True)
class Ports:
    """Ways to the outside world that jobs need; None: not attached, and the job says so."""

    prover: credit_jobs.Prover | None = None
    payouts: PayoutBank | None = None
    evidence: EvidenceSource | None = None  # who knows what became of orders
    bank: credit_jobs.Bank | None = None
    payments: PaymentGateway | None = None
    cards: CardAcquirer | None = None
    address: str = ""  # where customers find us
    bureau: BureauProvider | None = None  # who is asked about people
    materials: MaterialSource | None = None  # who hands over evidence that customers bring
    filing: FilingDesk | None = None  # where monthly files are handed over
    secrets: Secrets | None = None
    gateway: Gateway | None = None
    zone: dt.tzinfo = dt.UTC  # of the times of day at which jobs are due
    lenders: LenderBank | None = None  # moves money between us and partners
    # systems of partners by lender; who is not here is not reconciled with
    partners: Mapping[str, PartnerSystem] = field(default_factory=dict)
    routings: Sequence[Routing] = ()  # which purchases are shared with whom; none are
    limit_slice: SliceTerms | None = None  # whose limits are moved by lot; None = nobody's
    profiles: Path | None = None  # folder of the snapshots of what profiles remember
    is_demo: bool = False  # partners' addresses may be on this machine


def make_jobs(ports: Ports) -> tuple[Job, ...]:
    """Every job, in the order in which those that are due are run."""
    vault = None if ports.secrets is None else ports.secrets.vault
    nightly = Job("models", 24 * 3600 * SECOND, models.watch, "watch every live model, open a run for what broke")
    web_jobs = list_web_jobs(vault, is_demo=ports.is_demo)
    at_once = Job(
        "payouts-at-once",
        SECOND,
        paying.make_payer_at_once(ports.payouts, ports.bureau, ports.secrets),
        "scan purchases of shops that are paid at once a second time, pay or hold them",
    )
    lab = Job(
        "lab-runs", 60 * SECOND, laboratory.make_worker(ports.secrets), "let the lab's workers take up an open run"
    )
    return (*_of_moments(ports), at_once, *_of_money(ports), *_of_law(ports), nightly, lab, *web_jobs)


def _of_moments(ports: Ports) -> tuple[Job, ...]:
    """What somebody waits for: seconds count."""
    return (
        Job("step-ups", 2 * SECOND, books.make_sender(ports.prover), "send the challenges of stepped-up purchases"),
        Job(
            "limit-notices", 2 * SECOND, limit_notices.make_teller(ports.secrets), "tell customers that a limit changed"
        ),
        Job("messages", 2 * SECOND, people.make_courier(ports.secrets, ports.gateway), "send short messages"),
        Job("materials", 2 * SECOND, materials.carry_out, "cut limits that rested on evidence which is gone"),
        Job(
            "materials-left", 30 * SECOND, materials.make_decider(ports.secrets), "decide on evidence whose taker died"
        ),
        Job("limits", 2 * SECOND, limits.follow, "raise and cut limits on what happened, note why"),
        Job(
            "payouts",
            2 * SECOND,
            merchants.make_payer(ports.payouts),
            "send payouts to shops, hear what the bank tells",
        ),
        Job("alerts", 5 * SECOND, books.deliver, "deliver what people are to know out of the outbox"),
        Job("merchants", 5 * SECOND, merchants.follow, "tell merchants what the books did, settle campaign fees"),
        Job(
            "shared-loans",
            5 * SECOND,
            funding.make_follower(ports.routings),
            "share purchases as the routing says, tell lenders what the books did",
        ),
        Job(
            "order-evidence",
            60 * SECOND,
            merchants.make_prover(ports.evidence),
            "ask what became of orders, withhold campaign money of doubtful ones",
        ),
        Job(
            "transfers",
            5 * SECOND,
            funding.make_seller(ports.secrets),
            "carry out transfers of loans between lenders that two persons allowed, tell the customers",
        ),
        Job(
            "profiles",
            2 * SECOND,
            profiles.make_profiler(ports.profiles),
            "tell anew what may be said of customers, from what was booked",
        ),
        Job(
            "contracts",
            5 * SECOND,
            steps.follow,
            "write the steps that the books took into the streams of contracts",
        ),
        Job("lapses", 60 * SECOND, books.lapse, "end suspended purchases whose time is over"),
        Job("seals", 60 * SECOND, books.seal, "seal what has been written in the ledger"),
        Job("drift", 60 * SECOND, books.count, "count what models read and say against their fitting"),
        Job(
            "payments", 60 * SECOND, payments.make_booker(ports.payments), "book payments by hand, ask for lost notices"
        ),
    )


def _of_money(ports: Ports) -> tuple[Job, ...]:
    """What moves or reconciles money."""
    bank, payouts, partners = ports.bank, ports.payouts, ports.partners
    return (
        Job(
            "cards",
            60 * SECOND,
            cards.make_follower(ports.cards, ports.address),
            "ask the acquirer what is open of card payments",
        ),
        Job("settlement", 600 * SECOND, merchants.settle, "settle merchants up to the newest closed day"),
        Job(
            "reminders",
            600 * SECOND,
            reminders.make_reminder(ports.secrets, ports.zone),
            "remind customers of bills that are due soon, as they wish",
        ),
        Job("debits", 600 * SECOND, books.make_debiter(bank, ports.zone), "debit what is due, twice a day"),
        Job("subsidies", 600 * SECOND, subsidies.subsidise, "claim the state's part of instalment interest"),
        Job(
            "bank-statement",
            3600 * SECOND,
            merchants.make_reconciler(payouts),
            "hold the bank's statements against payouts",
        ),
        Job(
            "partners",
            3600 * SECOND,
            funding.make_reconciler(partners),
            "hold partners' books of joint loans against ours",
        ),
        Job(
            "lenders",
            600 * SECOND,
            funding.make_settler(ports.lenders),
            "pay lenders what they are due and collect what they owe, hold the bank's statements against it",
        ),
        Job("challenger", 3600 * SECOND, books.compare, "take out a challenger that stops or loses clearly more"),
        Job("holds", 3600 * SECOND, books.release, "give back authorisations that have expired by the business date"),
        Job("limit-ends", 3600 * SECOND, limits.end_over, "end scene limits, coupons and offers whose days are over"),
        Job(
            "limit-slice",
            3600 * SECOND,
            slices.make_drawer(ports.limit_slice),
            "note what limits moved by lot have brought, draw the lots of a new period",
        ),
        Job(
            "temporary-limits",
            60 * SECOND,
            temporary.make_offerer(ports.secrets),
            "offer approved temporary limits, piece by piece",
        ),
        Job(
            "contract-payouts", 3600 * SECOND, steps.follow_payouts, "write into contracts which shops have their money"
        ),
        Job("monitoring", 60 * SECOND, steps.watch, "look at every signed contract, once a business day"),
        Job("prudence", 3600 * SECOND, prudence.watch, "keep expected loss, read the ratios, stop what they break"),
    )


def _of_law(ports: Ports) -> tuple[Job, ...]:
    """What the law gives us days or years for."""
    secrets, zone = ports.secrets, ports.zone
    return (
        Job(
            "bureau",
            3600 * SECOND,
            filing.make_filer(secrets, zone, routings=ports.routings),
            "file the closed month with the credit bureau, repair",
        ),
        Job("bureau-files", 600 * SECOND, filing.make_carrier(ports.filing), "hand monthly files to the credit bureau"),
        Job(
            "bureau-expiry",
            6 * 3600 * SECOND,
            filing.make_expirer(zone),
            "delete what was filed of adverse items five years after their end",
        ),
        Job(
            "rescoring",
            3600 * SECOND,
            assessing.make_rescorer(ports.bureau, secrets),
            "score customers again whose record was repaired",
        ),
        Job(
            "bureau-watch",
            6 * 3600 * SECOND,
            assessing.make_watcher(ports.bureau, secrets),
            "ask the bureau again about running lines whose answer is old",
        ),
        Job(
            "materials-end",
            3600 * SECOND,
            materials.make_ender(secrets, ports.materials),
            "erase evidence whose days are over, ask silent sources again",
        ),
        Job("conduct", 3600 * SECOND, people.make_watcher(zone), "alert complaints and rights that are answered late"),
        Job("rotation", 3600 * SECOND, people.make_rotator(secrets), "re-encrypt what lies under an old key"),
        Job("erasure", 3600 * SECOND, people.make_eraser(zone), "erase identities that need no longer be kept"),
        Job("doors", 3600 * SECOND, people.sweep, "delete old messages, counts of tries and challenges"),
    )


def run_jobs(
    conn: psycopg.Connection, jobs: tuple[Job, ...], *, clock: Clock, names: list[str] | None = None
) -> list[JobRun]:
    """What is due, and an alert for a job that keeps failing: one a series of failures."""
    ran = run_due(conn, jobs, clock=clock, names=names)
    for one in ran:
        if one.failures == ALARMING and one.error is not None:
            now = clock.now()
            told = decision.Told(
                "job", f"{one.name}:{now.isoformat()}", one.name, f"failed {ALARMING} times in a row: {one.error}", now
            )
            with conn.transaction():
                decision.raise_alert(conn, told, now=now)
    return ran


def tell(one: JobRun) -> None:
    """One line about one run."""
    if one.error is None:
        print(f"{one.name}: {one.told}", flush=True)
    else:
        print(f"{one.name} failed, {one.failures} in a row: {one.error}", file=sys.stderr, flush=True)
