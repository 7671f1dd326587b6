"""Ways to the outside world and secrets, as a server's processes know them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from honghua.app.clockwork.jobs import Ports
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.materials import make_materials
from honghua.app.doors.outside.wiring import (
    find_routings,
    make_bureau,
    make_debit_bank,
    make_evidence,
    make_filing_desk,
    make_partners,
    make_payout_bank,
)
from honghua.app.doors.paying import make_payments
from honghua.app.doors.proving import make_gateway, make_prover
from honghua.app.serving.conducted_clock import ConductedClock
from honghua.app.serving.plan import ServePlan
from honghua.app.settings import Settings, load_settings
from honghua.base.clock import Clock, SystemClock
from honghua.credit.jobs import Prover
from honghua.merchants.api import EvidenceSource, FakeEvidenceSource, FakePayoutBank, PayoutBank
from honghua.web.keyring import Secrets

DEMO_SEED: Final = 5


def find_settings(plan: ServePlan) -> Settings:
    """Of the server that the plan names."""
    settings = load_settings()
    return replace(settings, store=replace(settings.store, state_dir=Path(plan.state_dir)))


def find_secrets(plan: ServePlan) -> Secrets:
    """Keys of this server."""
    return load_secrets(find_settings(plan))


def find_prover(plan: ServePlan, clock: Clock) -> Prover:
    """Who challenges customers and checks their proofs."""
    return make_prover(plan.database, find_settings(plan), clock)


def find_clock(plan: ServePlan) -> Clock:
    """By which desks tell time: the machine's, or the one that somebody conducts."""
    return ConductedClock(Path(plan.clock_file)) if plan.clock_file else SystemClock()


def make_ports(plan: ServePlan, clock: Clock) -> Ports:
    """What the clock's jobs reach the world by. Money leaves by a bank only where the operator has plugged one in; a demo's is a fake."""
    settings = find_settings(plan)
    return Ports(
        prover=find_prover(plan, clock), payouts=find_payout_bank(settings, clock, is_demo=plan.is_demo),
        bank=make_debit_bank(settings, clock),
        evidence=find_evidence(settings, clock, is_demo=plan.is_demo),
        materials=make_materials(is_demo=plan.is_demo, clock=clock).source,
        bureau=make_bureau(settings, clock), filing=make_filing_desk(settings), partners=make_partners(settings),
        routings=find_routings(settings), secrets=load_secrets(settings),
        gateway=make_gateway(settings, is_demo=plan.is_demo),
        payments=make_payments(settings, clock), zone=ZoneInfo(plan.zone), is_demo=plan.is_demo,
    )  # fmt: skip


def find_payout_bank(settings: Settings, clock: Clock, *, is_demo: bool) -> PayoutBank | None:
    """The bank of the settings; else a demonstration's fake."""
    bank = make_payout_bank(settings, clock)
    return bank if bank is not None else FakePayoutBank(DEMO_SEED) if is_demo else None


def find_evidence(settings: Settings, clock: Clock, *, is_demo: bool) -> EvidenceSource | None:
    """Who the settings name; else a demonstration's fake."""
    source = make_evidence(settings, clock)
    return source if source is not None else FakeEvidenceSource(DEMO_SEED) if is_demo else None


__all__ = ["find_clock", "find_prover", "find_secrets", "find_settings", "make_ports"]
