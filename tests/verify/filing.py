"""The book is filed with the credit bureau month by month: notices, a repair, a question, an objection, so that their checks have work."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from functools import partial

import psycopg

from honghua.app.filing.positions import read_newest_positions
from honghua.base.errors import Refusal
from honghua.bureau import api as bureau
from honghua.bureau.core import parse_policy
from honghua.credit.api import Registry
from honghua.credit.jobs import list_month_accounts
from honghua.store.database import run_unit

MONTHS = tuple(dt.date(2026, month, 1) for month in range(1, 9))
POLICY = parse_policy({
    "name": "trial", "arose_first": "2026-01-01", "arose_last": "2026-12-31", "amount_most": "100000.00", "repaid_by": "2026-12-31",
    "display": [{"repaid_until": "2026-12-31", "months_after": 1}],
})  # fmt: skip


def tell_bureau(conn: psycopg.Connection, registry: Registry, names: Collection[str]) -> None:
    """Each month on the third of the next and, for those who had to be told first, four days later."""
    products = bureau.load_products()
    for month in MONTHS:
        ids = run_unit(conn, partial(list_month_accounts, after_id=0, limit=100))
        read = partial(read_newest_positions, registry=registry, month=month, account_ids=ids)
        positions = run_unit(conn, read)
        for days in (34, 38):
            at = dt.datetime.combine(month, dt.time(4), tzinfo=dt.UTC) + dt.timedelta(days=days)
            file = partial(bureau.report_positions, positions=positions, products=products, consented=names, now=at)
            run_unit(conn, file)
    now = dt.datetime(2027, 1, 2, 4, tzinfo=dt.UTC)
    run_unit(conn, partial(bureau.repair_page, policies=(POLICY,), after=0, now=now, on=now.date()))
    ask_and_object(conn, now)


def ask_and_object(conn: psycopg.Connection, now: dt.datetime) -> None:
    """One question about anna; chen objects to the first month."""
    consent = bureau.Consent(kind="credit_bureau", version=1, given_at=now - dt.timedelta(days=9))
    asking = bureau.Asking(
        customer="anna",
        national_id_digest=hashlib.sha256(b"anna").digest(),
        purpose=bureau.Purpose.APPROVAL,
        consent=consent,
    )
    answer = bureau.inquire(conn, bureau.FakeBureau(1, now.date), asking, now=now)
    assert not isinstance(answer, Refusal)
    (account,) = bureau.view_report(conn, "chen", on=now.date()).accounts
    about = (account.account_id, account.history[0][0])
    object_to = partial(bureau.open_objection, customer="chen", kind=bureau.ObjectionKind.RECORD, about=about)
    assert not isinstance(run_unit(conn, lambda c: object_to(c, said="not so", now=now)), Refusal)
