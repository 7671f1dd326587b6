"""The second scan of a purchase that the books took by themselves, before its shop is paid at once (R-063); what it held, in the stream.

Whatever the approver sees has changed since the approval, a frozen account, or a fraud reported on it keeps the money here. Accounts
that no contract opened have no approval: of them their own account alone is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import psycopg

from honghua.credit import store as books_store
from honghua.credit.core import STATUS_ACTIVE
from honghua.credit.core.journey import RiskVerdict, Step, Verdict, join_verdicts
from honghua.credit.core.labelling import FRAUD
from honghua.credit.core.layout import H_STATUS
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment
from honghua.credit.journey.following import name_purchase
from honghua.credit.journey.hooks.using import PayoutHook
from honghua.credit.journey.setting import Approver
from honghua.credit.journey.store import SYSTEM
from honghua.credit.journey.taking import Cleared, Taken, Taking, get_contract, look_at_step, read_state, record_step
from honghua.credit.refold import each_fact
from honghua.facts.kinds import FactKind
from honghua.store.database import run_unit
from honghua.store.facts import read_facts

SCAN: Final = "second scan"


def scan_purchase(
    conn: psycopg.Connection, approver: Approver, *, account_id: int, purchase_id: int, now: dt.datetime
) -> RiskVerdict:
    """Whether the risk of a captured purchase has risen since the approval. conn is outside a transaction: it may ask outside."""

    def read(c: psycopg.Connection) -> tuple[RiskVerdict, Moment | None]:
        contract_id = store.find_contracts_of(c, [account_id]).get(account_id)
        own = scan_account(c, account_id)
        if contract_id is None:
            return own, None
        _, rows = read_state(c, contract_id)
        moment = Moment(
            contract=get_contract(c, contract_id), step=Step.PAYOUT, subject=_find_subject(c, contract_id, purchase_id), asked={},
            rows=rows, now=now, business_on=books_store.get_business_day(c),
        )  # fmt: skip
        return own, moment

    own, moment = run_unit(conn, read)
    return own if moment is None else join_verdicts(approver.scan(conn, moment), own)


def scan_account(conn: psycopg.Connection, account_id: int) -> RiskVerdict:
    """What the account itself says: frozen or closed since the purchase, or a purchase of it reported as fraud and not cleared."""
    rows = books_store.load_accounts(conn, np.array([account_id], np.int64), lock=False)
    is_open = len(rows) == 1 and int(rows.heads[0, H_STATUS]) == STATUS_ACTIVE
    label_of: dict[int, int] = {}
    for _, fact in sorted(each_fact(read_facts(conn, np.array([account_id], np.int64))), key=lambda one: one[0]):
        if fact.kind == FactKind.FRAUD_REPORTED:
            label_of[fact.purchase_id] = int(fact.args[0])
    reported = sorted(number for number, label in label_of.items() if label == FRAUD)
    figures = {"account_open": is_open, "reported": reported}
    if is_open and not reported:
        return RiskVerdict(SCAN, figures=figures)
    return RiskVerdict(SCAN, Verdict.REFUSE, ("SCAN_RISK_ROSE",), figures)


def write_held(
    conn: psycopg.Connection,
    *,
    account_id: int,
    purchase_id: int,
    reasons: Sequence[str],
    seen: Mapping[str, Any],
    now: dt.datetime,
) -> Taken | None:
    """Step 7 of a payout that was kept back: it waits for a person. None without a contract. In the caller's transaction."""
    verdict = RiskVerdict(SCAN, Verdict.REFER, tuple(reasons), dict(seen))
    return _write(conn, verdict, Done(), (account_id, purchase_id), by=SYSTEM, now=now)


def write_released(
    conn: psycopg.Connection, *, account_id: int, purchase_id: int, person: str, why: str, now: dt.datetime
) -> Taken | None:
    """Step 7 once a person let the payout go: the shop's settlement pays it. None without a contract. In the caller's transaction."""
    done = Done(decided={"purchase_id": purchase_id, "payout": "with_settlement", "why": why}, account_id=account_id)
    return _write(conn, RiskVerdict(SCAN), done, (account_id, purchase_id), by=person, now=now)


def _write(
    conn: psycopg.Connection, verdict: RiskVerdict, done: Done, about: tuple[int, int], *, by: str, now: dt.datetime
) -> Taken | None:
    account_id, purchase_id = about
    contract_id = store.find_contracts_of(conn, [account_id]).get(account_id)
    if contract_id is None:
        return None
    key = f"{'held' if by == SYSTEM else 'released'}:{purchase_id}"
    subject = _find_subject(conn, contract_id, purchase_id)
    taking = Taking(contract_id=contract_id, step=Step.PAYOUT, key=key, subject=subject, decided_by=by)
    hook = PayoutHook(verdict)
    looked = look_at_step(conn, hook, taking, now=now, business_on=books_store.get_business_day(conn))
    return record_step(conn, hook, taking, looked, done) if isinstance(looked, Cleared) else looked


def _find_subject(conn: psycopg.Connection, contract_id: int, purchase_id: int) -> str:
    return store.find_subject(conn, contract_id, purchase_id) or name_purchase(purchase_id)


__all__ = ["scan_account", "scan_purchase", "write_held", "write_released"]
