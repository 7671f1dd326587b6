"""Accounts over the API: opened, read, their limit, days and status steered."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal

import psycopg
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import Field

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import (
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_FROZEN,
    ChangeLimit,
    ChangePair,
    GrantTemporaryLimit,
    OpenAccount,
    SetSpendingCap,
    SetStatus,
)
from honghua.customers import api as customers
from honghua.web.api import partners
from honghua.web.api.cursors import read_cursor, write_cursor
from honghua.web.api.partners import Partner
from honghua.web.api.v1.accounts_shown import AccountShown, CapShown, HistoryShown, StatementDetailShown, StatementShown
from honghua.web.api.v1.wire import (
    COMMANDED,
    PAGE_USUAL,
    READ,
    Asked,
    Caller,
    CommandKey,
    Cursor,
    CustomerPath,
    Done,
    Minor,
    MinorOrZero,
    Page,
    PageSize,
    Text,
    answer_command,
    shown,
    write_answer,
)
from honghua.web.ground import site_of
from honghua.web.problems import Trouble, status_of

router = APIRouter(prefix="/v1", tags=["accounts"])
STATUSES: Final = {"active": STATUS_ACTIVE, "frozen": STATUS_FROZEN, "closed": STATUS_CLOSED}
OK: Final = 200
NumberPath = Annotated[int, Path(ge=1, le=100_000)]


class AccountAsked(Asked):
    """Open an account. pair: statement day and due day, one of those on offer; absent: the terms' first."""

    customer: Text
    limit_minor: MinorOrZero
    pair: tuple[int, int] | None = None


class LimitAsked(Asked):
    """The fixed limit from now on."""

    limit_minor: MinorOrZero


class TemporaryLimitAsked(Asked):
    """More limit until a day; absent: as long as the terms say."""

    amount_minor: Minor
    until: dt.date | None = None


class PairAsked(Asked):
    """Statement day and due day from the next cycle on."""

    cut_day: Annotated[int, Field(ge=1, le=28)]
    due_day: Annotated[int, Field(ge=1, le=28)]


class CapAsked(Asked):
    """The cap of a calendar month, 0 = none."""

    cap_minor: MinorOrZero


class StatusAsked(Asked):
    """Freeze, unfreeze or close."""

    status: Literal["active", "frozen", "closed"]


@router.post("/accounts", name="v1.accounts.open", response_model=Done, responses=COMMANDED)
async def open_account(request: Request, partner: Caller, key: CommandKey, asked: AccountAsked) -> Response:
    """Open the credit account of a customer; from then on the account is open to this partner."""
    command = OpenAccount(key=key, customer=asked.customer, limit_minor=asked.limit_minor, pair=asked.pair)
    site = site_of(request)
    await site.read(lambda conn: check_consents(conn, asked.customer))
    answer = (await site.booker.submit([command]))[0]
    if status_of(answer) == OK:
        now = site.clock.now()
        await site.write(lambda conn: partners.link_customer(conn, partner.partner_id, asked.customer, now=now))
    return await write_answer(request, answer)


def check_consents(conn: psycopg.Connection, customer: str) -> None:
    """Trouble when somebody whom we know has not given what an account needs; of a stranger the partner keeps the consents."""
    try:
        missing = customers.find_missing(conn, customer)
    except NotFound:
        return
    if missing:
        raise Trouble("CONSENT_MISSING", "the customer has to agree first", more={"missing": sorted(missing)})


async def check_customer(request: Request, partner: Partner, customer: str) -> None:
    """Trouble when this customer's account is not open to the partner."""
    await site_of(request).read(lambda conn: partners.check_linked(conn, partner, customer))


async def get_view(request: Request, partner: Partner, customer: str) -> credit.AccountView:
    """The account, when it is open to the partner; Trouble when it is not, or there is none."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> credit.AccountView | None:
        partners.check_linked(conn, partner, customer)
        return credit.find_account_view(conn, site.registry, customer)

    view = await site.read(read)
    if view is None:
        raise Trouble("ACCOUNT_UNKNOWN", "this customer has no account")
    return view


@router.get("/accounts/{customer}", name="v1.accounts.read", responses=READ)
async def read_account(request: Request, partner: Caller, customer: CustomerPath) -> AccountShown:
    """The account as it stands: limit, what is owed and until when, open statements, plans and holds."""
    return shown(AccountShown, await get_view(request, partner, customer))


@router.get("/accounts/{customer}/history", name="v1.accounts.history", responses=READ)
async def list_history(
    request: Request, partner: Caller, customer: CustomerPath, *, cursor: Cursor = "", limit: PageSize = PAGE_USUAL
) -> Page[HistoryShown]:
    """What happened, newest first."""
    site = site_of(request)
    await check_customer(request, partner, customer)
    after = read_cursor("history", cursor, length=4)
    before = None if after is None else credit.HistoryPlace(*after)
    items = await site.read(
        lambda conn: credit.list_history(conn, site.registry, customer, limit=limit + 1, before=before)
    )
    found = items[-limit:]
    following = None
    if len(items) > limit:
        place = credit.place_before(found, before=before)
        following = write_cursor("history", [place.recorded_us, place.fact_id, place.entry_id, place.entry_bound])
    return Page(items=[shown(HistoryShown, item) for item in reversed(found)], next=following)


@router.get("/accounts/{customer}/statements", name="v1.accounts.statements", responses=READ)
async def list_statements(
    request: Request, partner: Caller, customer: CustomerPath, *, cursor: Cursor = "", limit: PageSize = PAGE_USUAL
) -> Page[StatementShown]:
    """Closed statements, newest first."""
    site = site_of(request)
    await check_customer(request, partner, customer)
    after = read_cursor("statements", cursor, length=1)
    before = after[0] if after else None
    found = await site.read(
        lambda conn: credit.list_statements(conn, site.registry, customer, limit=limit + 1, before=before)
    )
    following = write_cursor("statements", [found[limit - 1].number]) if len(found) > limit else None
    return Page(items=[shown(StatementShown, one) for one in found[:limit]], next=following)


@router.get("/accounts/{customer}/statements/{number}", name="v1.accounts.statement", responses=READ)
async def read_statement(
    request: Request, partner: Caller, customer: CustomerPath, number: NumberPath
) -> StatementDetailShown:
    """One closed statement with every item and every part of a plan on it."""
    site = site_of(request)
    await check_customer(request, partner, customer)
    detail = await site.read(lambda conn: credit.get_statement(conn, site.registry, customer, number))
    return shown(StatementDetailShown, detail)


@router.put("/accounts/{customer}/limit", name="v1.accounts.limit", response_model=Done, responses=COMMANDED)
async def change_limit(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: LimitAsked
) -> Response:
    """Set the fixed limit."""
    await check_customer(request, partner, customer)
    return await answer_command(request, ChangeLimit(key=key, customer=customer, limit_minor=asked.limit_minor))


@router.post(
    "/accounts/{customer}/temporary-limit", name="v1.accounts.temporary_limit", response_model=Done, responses=COMMANDED
)
async def grant_temporary_limit(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: TemporaryLimitAsked
) -> Response:
    """Grant a temporary limit."""
    await check_customer(request, partner, customer)
    command = GrantTemporaryLimit(key=key, customer=customer, amount_minor=asked.amount_minor, until=asked.until)
    return await answer_command(request, command)


@router.put("/accounts/{customer}/pair", name="v1.accounts.pair", response_model=Done, responses=COMMANDED)
async def change_pair(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: PairAsked
) -> Response:
    """Choose another statement day and due day (once in twelve months)."""
    await check_customer(request, partner, customer)
    command = ChangePair(key=key, customer=customer, cut_day=asked.cut_day, due_day=asked.due_day)
    return await answer_command(request, command)


@router.get("/accounts/{customer}/spending-cap", name="v1.accounts.cap", responses=READ)
async def read_cap(request: Request, partner: Caller, customer: CustomerPath) -> CapShown:
    """The customer's own cap on what a calendar month may spend: `SPENDING_CAP` refuses what goes beyond."""
    view = await get_view(request, partner, customer)
    stands = await site_of(request).read(lambda conn: credit.find_spending_cap(conn, customer))
    if stands is None:
        return CapShown(currency=view.currency)
    return CapShown(
        cap_minor=stands.cap_minor, spent_this_month_minor=stands.spent_this_month_minor, next_minor=stands.next_minor,
        next_on=None if stands.next_on is None else dt.date.fromisoformat(stands.next_on), currency=view.currency,
    )  # fmt: skip


@router.put("/accounts/{customer}/spending-cap", name="v1.accounts.set_cap", response_model=Done, responses=COMMANDED)
async def set_cap(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: CapAsked
) -> Response:
    """Set the cap that the customer wishes. Lower counts at once; higher, or none, only from a later day on."""
    await check_customer(request, partner, customer)
    return await answer_command(request, SetSpendingCap(key=key, customer=customer, cap_minor=asked.cap_minor))


@router.put("/accounts/{customer}/status", name="v1.accounts.status", response_model=Done, responses=COMMANDED)
async def set_status(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: StatusAsked
) -> Response:
    """Freeze, unfreeze or close the account."""
    await check_customer(request, partner, customer)
    return await answer_command(request, SetStatus(key=key, customer=customer, status=STATUSES[asked.status]))
