"""Who answers for what: duties by kind of party, and the public list of partners, from whatever registry they stand in (R-266).

Pure. Sources: rules.md §4 (助贷新规: the lender publishes its partners, platforms charge nothing), §7 (agencies listed), §12 (消保办法).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PartyKind(StrEnum):
    """What a party does for the lender."""

    LENDER = "lender"
    SHOP_PARTNER = "shop_partner"
    JOINT_LENDER = "joint_lender"
    COLLECTION_AGENCY = "collection_agency"
    IDENTITY_SERVICE = "identity_service"
    BUREAU = "bureau"
    BANK = "bank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One duty of one kind of party: under which clause, and where its evidence stands."""

    party: PartyKind
    duty: str
    clause: str
    evidence: str


DUTIES: Final = (
    Duty(
        party=PartyKind.LENDER,
        duty="approval, price and core risk control stay with the lender",
        clause="rules.md §3, §4",
        evidence="decision_record, limits_application",
    ),
    Duty(
        party=PartyKind.LENDER,
        duty="shows the whole cost before every contract",
        clause="rules.md §2 明示表",
        evidence="customers_document",
    ),
    Duty(
        party=PartyKind.LENDER,
        duty="answers for everything that partners do in its name",
        clause="rules.md §7, §12 消保办法",
        evidence="credit_contact.party",
    ),
    Duty(
        party=PartyKind.SHOP_PARTNER,
        duty="charges borrowers nothing",
        clause="rules.md §4 助贷新规",
        evidence="ledger_entry",
    ),
    Duty(
        party=PartyKind.SHOP_PARTNER,
        duty="uses personal data for its own orders only, by the customer's consent",
        clause="rules.md §12 PIPL 23",
        evidence="web_partner_customer",
    ),
    Duty(
        party=PartyKind.SHOP_PARTNER,
        duty="never makes credit the default payment",
        clause="R-018",
        evidence="web_checkout",
    ),
    Duty(
        party=PartyKind.JOINT_LENDER,
        duty="bears at least 30% and decides by itself",
        clause="rules.md §4 24号文",
        evidence="funding_share",
    ),
    Duty(
        party=PartyKind.COLLECTION_AGENCY,
        duty="keeps hours, frequency and secrecy; is listed in public",
        clause="rules.md §7",
        evidence="credit_contact",
    ),
    Duty(
        party=PartyKind.IDENTITY_SERVICE,
        duty="answers under one request once, keeps nothing beyond it",
        clause="rules.md §12 PIPL 28",
        evidence="customers_proof_answer",
    ),
    Duty(
        party=PartyKind.BUREAU,
        duty="is asked and told only with consent",
        clause="rules.md §9 征信业管理条例 18, 29",
        evidence="bureau_inquiry",
    ),
    Duty(
        party=PartyKind.BANK,
        duty="moves money once under one key",
        clause="rules.md §6 受托支付",
        evidence="merchants_payout, credit_debit",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party as some registry has it. does: its rights with us, in that registry's words; since None = not told."""

    name: str
    kind: PartyKind
    does: tuple[str, ...] = ()
    since: dt.date | None = None
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A row of the public list."""

    name: str
    kind: PartyKind
    does: tuple[str, ...]
    since: dt.date | None
    duties: tuple[str, ...]


def build_white_list(parties: Sequence[Party]) -> tuple[Listed, ...]:
    """Everybody at work for the lender, by kind and name, with their duties; the lender itself and who is stopped are left out."""
    return tuple(
        Listed(
            name=one.name, kind=one.kind, does=tuple(sorted(one.does)), since=one.since,
            duties=tuple(duty.duty for duty in DUTIES if duty.party is one.kind),
        )
        for one in sorted(parties, key=lambda party: (party.kind, party.name))
        if not one.is_stopped and one.kind is not PartyKind.LENDER
    )  # fmt: skip


def build_duty_matrix(parties: Sequence[Party]) -> dict[str, tuple[Duty, ...]]:
    """Duties by name of each party at work, the lender's among them."""
    return {one.name: tuple(duty for duty in DUTIES if duty.party is one.kind) for one in parties if not one.is_stopped}
