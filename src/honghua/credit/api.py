"""The credit room's door: start a book, execute commands, read accounts. One command or ten thousand take the same path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, Conflict, HonghuaError, NotFound
from honghua.credit import store, store_debits
from honghua.credit.ahead.recalling import Batch
from honghua.credit.ahead.relay import Judged, Relay
from honghua.credit.booking import Booking
from honghua.credit.bulk import import_accounts
from honghua.credit.core.commands import Command, Order
from honghua.credit.core.debiting import Source, check_sources
from honghua.credit.core.desk import Answer, find_decision_id
from honghua.credit.core.foresight import longest_grace
from honghua.credit.core.layout import H_TERMS
from honghua.credit.core.refusals import refusal
from honghua.credit.engine import (
    MANIFEST,
    RiskDesk,
    RiskSetup,
    attach,
    attach_released,
    keep_model,
    zone_offset_us,
)
from honghua.credit.eod import DayReport, close_day
from honghua.credit.guarding import CapView, OwnShop, find_spending_cap, list_own_shops, say_own_shop
from honghua.credit.plain.opening import share_book_in_turn
from honghua.credit.quarantine import list_quarantined, release
from honghua.credit.registry import Registry, adopt_terms, open_registry
from honghua.credit.store import (
    count_closed_days,
    count_statements,
    find_account_ids,
    find_open_day,
    find_replay,
    get_business_day,
    list_bills_due,
    list_days,
    save_replay,
    try_lock_replay,
)
from honghua.credit.store_risk import find_category_names, find_customer_refs, is_risk_on, lock_deciders, switch_risk_on
from honghua.credit.store_suspensions import claim_one
from honghua.credit.store_suspensions import find_one as find_suspension
from honghua.credit.store_suspensions import list_of_account as list_suspensions
from honghua.credit.unit import Unit
from honghua.credit.viewing.accepting import make_acceptance
from honghua.credit.viewing.closing import DayView, ShardView, find_day, list_day_views, list_shards
from honghua.credit.viewing.deciding import NamedPurchase, name_purchases
from honghua.credit.viewing.growth import GrowthView, find_growth
from honghua.credit.viewing.lines import HolderView, LineView, list_business_lines
from honghua.credit.viewing.outcomes import PurchaseOutcomes, read_purchase_outcomes
from honghua.credit.viewing.payers import Payer, list_payers
from honghua.credit.viewing.portfolio import (
    BUCKETS,
    WRITTEN_OFF,
    BucketNow,
    Migration,
    Segment,
    Vintage,
    count_buckets,
    list_migrations,
    list_vintages,
)
from honghua.credit.viewing.purchases import (
    Happening,
    PurchaseDetail,
    PurchaseState,
    PurchaseSummary,
    WaitingPurchase,
    find_purchase_detail,
    find_waiting,
    list_purchases,
    list_waiting,
)
from honghua.credit.viewing.reading import find_current
from honghua.credit.viewing.reviewing import (
    ReviewItem,
    ReviewService,
    Tie,
    list_queue,
    list_ties,
    measure_reviews,
)
from honghua.credit.viewing.statements import (
    HistoryItem,
    HistoryPlace,
    StatementDetail,
    StatementView,
    get_statement,
    list_history,
    list_statements,
    place_before,
)
from honghua.credit.viewing.views import (
    AccountView,
    InstalmentQuote,
    PlanView,
    find_account_view,
    find_settlement_quote,
    list_instalment_quotes,
)
from honghua.store.commands import body_hash, find_commands
from honghua.store.database import run_unit

BATCH_MAX = 50_000
OPENING_TRIES = 3


def start_book(conn: psycopg.Connection, *, day: dt.date) -> dt.date:
    """Set the first business date of an empty book; a started book keeps its own, which is returned."""
    run_unit(conn, lambda c: store.start_book(c, day))
    return store.get_business_day(conn)


def execute(
    conn: psycopg.Connection, registry: Registry, commands: Sequence[Command], *, now: dt.datetime,
    hashes: Sequence[bytes] | None = None,
) -> list[Answer]:  # fmt: skip
    """Answer commands in order, in one transaction: decided, booked and remembered under their keys, or nothing at all.

    A key seen before gives the stored answer when the body is the same (with "repeated": true), else refusal KEY_REUSED; a command
    without a key is refused. now: aware UTC instant, stamped on the facts. hashes: of the bodies (`hash_commands`), where somebody made
    them already. Raises errors of the world, or AccountBroken (a bug, with its customer); then nothing was booked.
    """
    assert now.tzinfo is not None, "now must be aware"
    if len(commands) > BATCH_MAX:
        raise BadInput(f"at most {BATCH_MAX} commands in one batch")
    risk = registry.risk
    known = hash_commands(commands) if hashes is None else hashes
    for attempt in range(1, OPENING_TRIES + 1):
        try:
            if risk is not None:
                risk.prepare(conn)
            answers = run_unit(conn, lambda c: _execute(c, registry, commands, now, known))
            if risk is not None:
                risk.committed()
            return answers
        except HonghuaError as error:
            registry.forget()
            if attempt == OPENING_TRIES or not _raced_to_open(error):
                raise
        except BaseException:
            registry.forget()
            raise
    raise AssertionError("unreachable")


def hash_commands(commands: Sequence[Command]) -> list[bytes]:
    """What tells a repeated command from another one under the same key: sha256 of each body, empty without a key."""
    return [body_hash(command.body()) if command.key else b"" for command in commands]


def _raced_to_open(error: HonghuaError) -> bool:
    """Whether two writers opened the same account at once: trying again finds it open."""
    cause = error.__cause__
    return isinstance(cause, psycopg.errors.UniqueViolation) and (cause.diag.constraint_name or "").startswith(
        "credit_account"
    )


def _execute(
    conn: psycopg.Connection, registry: Registry, commands: Sequence[Command], now: dt.datetime, hashes: Sequence[bytes]
) -> list[Answer]:
    batch = Batch(commands, hashes, find_commands(conn, sorted({command.key for command in commands if command.key})))
    fresh = batch.fresh
    found: list[Answer] = []
    if fresh:
        mine = [commands[i] for i in fresh]
        today, last = _begin_unit(conn, registry, mine)
        unit = Unit(conn, registry, Booking(today=today, happened_at=int(now.timestamp() * 1_000_000)), last)
        found = unit.run(mine, [hashes[i] for i in fresh])
    return batch.answer(found)


def _begin_unit(conn: psycopg.Connection, registry: Registry, commands: Sequence[Command]) -> tuple[int, int]:
    """The business date, fixed, and the last fact there is, for the engine.

    In a book that the risk engine judges all writers take turns, and orders need the engine.
    """
    book, last = share_book_in_turn(conn) if registry.risk is not None else (store.share_book(conn), 0)
    if book is None:
        store.get_business_day(conn)  # says so
    assert book is not None, "a book that was started"
    if book[1] and registry.risk is None:
        if any(isinstance(command, Order) for command in commands):
            raise Conflict("the risk engine judges this book: attach it to the registry first", code="ENGINE_MISSING")
        lock_deciders(conn)
    return to_day(book[0]), last


def set_sources(conn: psycopg.Connection, registry: Registry, customer: str, sources: Sequence[Source]) -> Answer:
    """Store a customer's sources in their own order of asking, in place of the order before; or the refusal."""

    def _work(c: psycopg.Connection) -> Answer:
        account = find_current(c, registry, customer)
        if account is None:
            return refusal("ACCOUNT_UNKNOWN")
        problem = check_sources(sources, registry.terms[int(account.head[H_TERMS])])
        if problem is not None:
            return problem
        store_debits.replace_sources(c, account.account_id, sources)
        return {"outcome": "done", "sources": len(sources)}

    return run_unit(conn, _work)


def list_sources(conn: psycopg.Connection, customer: str) -> list[Source]:
    """A customer's sources in order; NotFound without an account."""
    found = store.find_account_ids(conn, [customer])
    if not found:
        raise NotFound(f"no credit account for {customer!r}", code="ACCOUNT_UNKNOWN")
    account_id = found[customer]
    return store_debits.list_sources(conn, np.array([account_id], np.int64)).get(account_id, [])


__all__ = [
    "BUCKETS",
    "MANIFEST",
    "WRITTEN_OFF",
    "AccountView",
    "BucketNow",
    "CapView",
    "DayReport",
    "DayView",
    "GrowthView",
    "Happening",
    "HistoryItem",
    "HistoryPlace",
    "HolderView",
    "InstalmentQuote",
    "Judged",
    "LineView",
    "Migration",
    "NamedPurchase",
    "OwnShop",
    "Payer",
    "PlanView",
    "PurchaseDetail",
    "PurchaseOutcomes",
    "PurchaseState",
    "PurchaseSummary",
    "Registry",
    "Relay",
    "ReviewItem",
    "ReviewService",
    "RiskDesk",
    "RiskSetup",
    "Segment",
    "ShardView",
    "StatementDetail",
    "StatementView",
    "Tie",
    "Vintage",
    "WaitingPurchase",
    "adopt_terms",
    "attach",
    "attach_released",
    "claim_one",
    "close_day",
    "count_buckets",
    "count_closed_days",
    "count_statements",
    "execute",
    "find_account_ids",
    "find_account_view",
    "find_category_names",
    "find_customer_refs",
    "find_day",
    "find_decision_id",
    "find_growth",
    "find_open_day",
    "find_purchase_detail",
    "find_replay",
    "find_settlement_quote",
    "find_spending_cap",
    "find_suspension",
    "find_waiting",
    "get_business_day",
    "get_statement",
    "hash_commands",
    "import_accounts",
    "is_risk_on",
    "keep_model",
    "list_bills_due",
    "list_business_lines",
    "list_day_views",
    "list_days",
    "list_history",
    "list_instalment_quotes",
    "list_migrations",
    "list_own_shops",
    "list_payers",
    "list_purchases",
    "list_quarantined",
    "list_queue",
    "list_shards",
    "list_sources",
    "list_statements",
    "list_suspensions",
    "list_ties",
    "list_vintages",
    "list_waiting",
    "longest_grace",
    "make_acceptance",
    "measure_reviews",
    "name_purchases",
    "open_registry",
    "place_before",
    "read_purchase_outcomes",
    "release",
    "save_replay",
    "say_own_shop",
    "set_sources",
    "start_book",
    "switch_risk_on",
    "try_lock_replay",
    "zone_offset_us",
]
