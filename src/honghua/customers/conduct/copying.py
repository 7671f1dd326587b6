"""What the newer parts of this room keep about somebody, for their copy: profile, offers, proofs, contracts, complaints."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from honghua.customers.conduct.complaints import list_complaints
from honghua.customers.contracts.documents import list_contracts
from honghua.customers.persons import get_person
from honghua.customers.proofing.proving import list_proofs
from honghua.customers.reminding import find_reminder_choices
from honghua.customers.suiting import store_offers
from honghua.customers.suiting.offers import find_profile
from honghua.customers.vault import Vault


def list_kept(conn: psycopg.Connection, vault: Vault, customer: str) -> dict[str, Any]:
    """Plain JSON values by name; nothing that only a service or a key could read. NotFound for nobody."""
    person = get_person(conn, customer)
    return {
        "profile": msgspec.to_builtins(find_profile(conn, vault, customer)),
        "offers": msgspec.to_builtins(store_offers.list_offers(conn, person.person_id)),
        "proofs": [
            {"begun_at": row.begun_at.isoformat(), "verdict": row.verdict, "reasons": row.reasons, "by": row.decided_by}
            for row in list_proofs(conn, customer)
        ],
        "contracts": list_contracts(conn, customer),
        "reminders": msgspec.to_builtins(find_reminder_choices(conn, [customer]).get(customer)),
        "complaints": msgspec.to_builtins(list_complaints(conn, customer=customer)),
    }
