"""Steps 9 … 12: repayments, monitoring, contacts with a debtor, the write-off on evidence that was counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.credit import store as books_store
from honghua.credit.core.commands import Repay
from honghua.credit.core.journey import judge_watch
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done
from honghua.credit.journey.books import get_account, look_at
from honghua.credit.journey.hooks.servicing import CollectionHook, MonitoringHook, RepaymentHook, WriteOffHook
from honghua.credit.journey.setting import Collecting, JourneySite
from honghua.credit.journey.store import ContactRow
from honghua.credit.journey.taking import Taken, Taking, get_contract, take_step
from honghua.credit.journey.using import find_account_id
from honghua.customers import api as customers
from honghua.store.database import run_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacting:
    """Who contacts, who answers for it, under which clause, where the record lies; is_effective: the debtor was spoken to."""

    actor: str
    party: str
    clause: str
    evidence: str
    is_effective: bool = False


def repay(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 9: money from the customer, asked["amount_minor"]; subject: the payment's own reference."""
    contract = get_contract(conn, taking.contract_id)
    amount_minor = int(taking.asked["amount_minor"])

    def deed() -> Done:
        key = f"contract:{contract.contract_id}:repay:{taking.key}"
        answer = site.books.submit(Repay(key=key, customer=contract.line, amount_minor=amount_minor))
        if answer["outcome"] == "refused":
            return Done(decided={"amount_minor": amount_minor}, refusal=str(answer["code"]))
        account_id = find_account_id(conn, contract.line)
        return Done(decided={"amount_minor": amount_minor}, account_id=account_id, fact_id=int(answer["fact_id"]))

    return take_step(conn, RepaymentHook(site), taking, deed, now=now, business_on=books_store.get_business_day(conn))


def monitor(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 10: look at the account on the business date; subject: that date or the occasion."""
    contract = get_contract(conn, taking.contract_id)

    def deed() -> Done:
        account = get_account(conn, site.registry, contract.line)
        shared = customers.list_shared(conn, contract.customer)
        looked = look_at(conn, account, shares_identity=bool(shared))
        finding, signals = judge_watch(looked, rules=site.watch_rules)
        decided = {
            "finding": finding, "signals": list(signals), "days_past_due": looked.days_past_due, "used_minor": looked.used_minor,
            "limit_minor": looked.limit_minor,
        }  # fmt: skip
        return Done(decided=decided, finding=finding, account_id=account.account_id)

    return take_step(conn, MonitoringHook(), taking, deed, now=now, business_on=books_store.get_business_day(conn))


def contact(
    conn: psycopg.Connection, site: Collecting, taking: Taking, contacting: Contacting, *, now: dt.datetime
) -> Taken:
    """Step 11: contact the debtor, if hours, frequency and whom allow. asked: channel, to_debtor, agreed_hours, visitors."""
    contract = get_contract(conn, taking.contract_id)

    def deed() -> Done:
        row = ContactRow(
            contract_id=contract.contract_id, customer_ref=contract.customer, channel=str(taking.asked["channel"]), at=now,
            is_effective=contacting.is_effective, actor=contacting.actor, party=contacting.party, clause=contacting.clause,
            evidence=contacting.evidence, key=f"{contract.contract_id}:{taking.key}",
        )  # fmt: skip
        run_unit(conn, lambda c: store.insert_contact(c, row))
        names = ("channel", "is_effective", "actor", "party", "clause", "evidence")
        return Done(decided={name: getattr(row, name) for name in names})

    return take_step(conn, CollectionHook(site), taking, deed, now=now, business_on=books_store.get_business_day(conn))


def write_off(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 12. asked: evidence (kinds or names of documents), approved_by (who, a list); the rest is counted by the site's evidence."""
    contract = get_contract(conn, taking.contract_id)
    gathered = site.evidence.gather(conn, contract, taking.asked, now=now)

    def deed() -> Done:
        key = f"contract:{contract.contract_id}:write_off:{taking.key}"
        answer = site.evidence.write_off(conn, contract, taking.asked, key=key, now=now)
        if answer["outcome"] == "refused":
            return Done(refusal=str(answer["code"]))
        decided = {"written_off_minor": answer["written_off_minor"], "approved_by": list(taking.asked["approved_by"])}
        account_id = find_account_id(conn, contract.line)
        return Done(decided=decided, account_id=account_id, fact_id=int(answer["fact_id"]))

    return take_step(
        conn, WriteOffHook(gathered), taking, deed, now=now, business_on=books_store.get_business_day(conn)
    )
