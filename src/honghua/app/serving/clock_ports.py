"""The ways to the outside world that the clock's jobs need. Apart, since desks and workers need not load a single job."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from honghua.app.clockwork.jobs import Ports
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.learning import find_limit_slice, find_profiles_folder
from honghua.app.doors.materials import make_materials
from honghua.app.doors.outside.wiring import (
    find_routings,
    make_acquirer,
    make_bureau,
    make_debit_bank,
    make_evidence,
    make_filing_desk,
    make_lender_bank,
    make_partners,
    make_payout_bank,
)
from honghua.app.doors.paying import make_payments
from honghua.app.doors.proving import make_gateway
from honghua.app.serving.plan import ServePlan
from honghua.app.serving.ports import find_prover, find_settings
from honghua.app.settings import Settings
from honghua.base.clock import Clock
from honghua.funding.api import FakeLenderBank, LenderBank
from honghua.merchants.api import EvidenceSource, FakeEvidenceSource, FakePayoutBank, PayoutBank, bank_day

DEMO_SEED: Final = 5


def make_ports(plan: ServePlan, clock: Clock) -> Ports:
    """What the clock's jobs reach the world by. Money leaves by a bank only where the operator has plugged one in; a demo's is a fake."""
    settings = find_settings(plan)
    return Ports(
        prover=find_prover(plan, clock), payouts=find_payout_bank(settings, clock, is_demo=plan.is_demo),
        bank=make_debit_bank(settings, clock), lenders=find_lender_bank(settings, clock, is_demo=plan.is_demo),
        evidence=find_evidence(settings, clock, is_demo=plan.is_demo),
        materials=make_materials(settings, is_demo=plan.is_demo, clock=clock).source,
        bureau=make_bureau(settings, clock), filing=make_filing_desk(settings), partners=make_partners(settings),
        routings=find_routings(settings), secrets=load_secrets(settings),
        gateway=make_gateway(settings, is_demo=plan.is_demo),
        payments=make_payments(settings, clock), cards=make_acquirer(settings, clock), address=plan.address, zone=ZoneInfo(plan.zone),
        limit_slice=find_limit_slice(settings), profiles=find_profiles_folder(settings, plan.database.name), is_demo=plan.is_demo,
    )  # fmt: skip


def find_payout_bank(settings: Settings, clock: Clock, *, is_demo: bool) -> PayoutBank | None:
    """The bank of the settings; else a demonstration's fake."""
    bank = make_payout_bank(settings, clock)
    return bank if bank is not None else FakePayoutBank(DEMO_SEED) if is_demo else None


def find_lender_bank(settings: Settings, clock: Clock, *, is_demo: bool) -> LenderBank | None:
    """The bank of the settings; else a demonstration's fake."""
    bank = make_lender_bank(settings, clock)
    return bank if bank is not None else FakeLenderBank(DEMO_SEED, bank_day(clock.now())) if is_demo else None


def find_evidence(settings: Settings, clock: Clock, *, is_demo: bool) -> EvidenceSource | None:
    """Who the settings name; else a demonstration's fake."""
    source = make_evidence(settings, clock)
    return source if source is not None else FakeEvidenceSource(DEMO_SEED) if is_demo else None


__all__ = ["make_ports"]
