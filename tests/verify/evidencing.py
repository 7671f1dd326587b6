"""Evidence in the book: kim brings a payroll and an account statement, the limit is decided on again, the statement is taken back; and
what breaks the checks of it."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.credit.api import Registry
from honghua.credit.materials import api as evidence
from honghua.customers import api as customers
from honghua.customers.core import MaterialPurpose
from honghua.customers.materials import api as materials
from honghua.store.database import run_unit
from tests.verify.plants import plant


def bring_evidence(conn: psycopg.Connection, registry: Registry, vault: customers.Vault, *, now: dt.datetime) -> None:
    """Of kim, who is proven."""
    source = materials.FakeMaterialSource(1, now.date)
    for kind in ("payroll", "bank_flow"):
        wish = materials.Wish(kind=kind, purposes=(MaterialPurpose.LIMIT,), version=1, key=f"{kind} of kim")
        row = materials.add_from_source(conn, vault, source, "kim", wish, now=now)
        assert row.state == "in_force", row
        key = f"brought:{row.material_id}"
        run_unit(conn, lambda k, key=key: evidence.decide(k, vault, registry, "kim", key=key, now=now))  # type: ignore[misc]
    run_unit(conn, lambda k: materials.withdraw(k, "kim", row.material_id, now=now))
    run_unit(conn, lambda k: evidence.decide(k, vault, registry, "kim", key="withdrawn", now=now))
    evidence.carry_out(conn, registry, now=now)


PIECE = "SELECT 'material ' || min(material_id), min(material_id) FROM customers_material WHERE "
MADE = "SELECT 'evidence decision ' || min(decision_id), min(decision_id) FROM credit_evidence_decision"
CALLED = "SELECT 'provider call ' || min(call_id), min(call_id) FROM customers_provider_call WHERE "
EVIDENCE = (
    plant("a source is asked before the consent", "customers.providers_asked_lawfully", CALLED + "material_id IS NOT NULL",
        "UPDATE customers_provider_call SET asked_at = asked_at - interval '1 day' WHERE call_id = {1}"),
    plant("a source is asked on another consent", "customers.providers_asked_lawfully", CALLED + "material_id IS NOT NULL",
        "UPDATE customers_provider_call SET basis = 'consent payroll/9' WHERE call_id = {1}"),
    plant("evidence that counts says nothing", "customers.materials_follow_words", PIECE + "sealed IS NOT NULL",
        "UPDATE customers_material SET sealed = NULL, issued_on = NULL WHERE material_id = {1}"),
    plant("evidence that was taken back is kept", "customers.materials_follow_words", PIECE + "ended_at IS NOT NULL",
        "UPDATE customers_material SET sealed = 'x', issued_on = '2026-01-01', ended_at = NULL WHERE material_id = {1}"),
    plant("a limit is offered above what is affordable", "credit.evidence_ends", MADE,
        "UPDATE credit_evidence_decision SET offered_minor = ceiling_to_minor + 1 WHERE decision_id = {1}"),
)  # fmt: skip
