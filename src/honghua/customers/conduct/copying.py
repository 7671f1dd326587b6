"""What the newer parts of this room keep about somebody, for their copy: profile, offers, proofs, contracts, complaints, who was asked."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from honghua.customers.conduct.complaints import list_complaints
from honghua.customers.contracts.documents import list_contracts
from honghua.customers.materials.reading import list_said
from honghua.customers.persons import get_person
from honghua.customers.proofing.claims import find_claim
from honghua.customers.proofing.proving import list_proofs
from honghua.customers.provider_calls import list_provider_calls
from honghua.customers.reminding import find_reminder_choices
from honghua.customers.suiting import store_offers
from honghua.customers.suiting.offers import find_profile
from honghua.customers.trading import store as trading
from honghua.customers.trading.businesses import find_business
from honghua.customers.vault import Vault


def list_kept(conn: psycopg.Connection, vault: Vault, customer: str) -> dict[str, Any]:
    """Plain JSON values by name; nothing that only a service or a key could read. NotFound for nobody."""
    person = get_person(conn, customer)
    return {
        "profile": msgspec.to_builtins(find_profile(conn, vault, customer)),
        "business": msgspec.to_builtins(find_business(conn, vault, customer)),
        "business_checks": msgspec.to_builtins(trading.list_checks(conn, person.person_id)),
        "offers": msgspec.to_builtins(store_offers.list_offers(conn, person.person_id)),
        "proofs": [
            {
                "begun_at": row.begun_at.isoformat(),
                "verdict": row.verdict,
                "reasons": row.reasons,
                "by": row.decided_by,
                "claimed": {str(field): text for field, text in find_claim(conn, vault, person, row.proof_id).items()},
            }
            for row in list_proofs(conn, customer)
        ],
        "contracts": list_contracts(conn, customer),
        "evidence": [
            {
                "kind": row.kind,
                "given_at": row.given_at.isoformat(),
                "purposes": row.purposes,
                "from": row.provider,
                "state": row.state,
                "reasons": row.reasons,
                "says": said,
            }
            for row, said in list_said(conn, vault, customer)
        ],
        "asked_of_providers": msgspec.to_builtins(list_provider_calls(conn, customer)),
        "reminders": msgspec.to_builtins(find_reminder_choices(conn, [customer]).get(customer)),
        "complaints": msgspec.to_builtins(list_complaints(conn, customer=customer)),
    }
