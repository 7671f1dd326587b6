"""Another pair of statement day and due day: what is on offer, what it would change, and the change (R-013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.credit.core import ChangePair
from honghua.web.consumer.asking import UNREADABLE, customer_of, get_account, is_done, refusal_notice, submit
from honghua.web.ui.forms import empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
DAY_MAX: Final = 28


@dataclass(frozen=True, slots=True)
class Preview:
    """A pair before it is chosen."""

    cut_day: int
    due_day: int
    grace_days: int


@router.get("/my/days", name="consumer.days")
async def days(
    request: Request,
    *,
    cut: Annotated[int | None, Query(ge=1, le=DAY_MAX)] = None,
    due: Annotated[int | None, Query(ge=1, le=DAY_MAX)] = None,
) -> Response:
    """The pairs on offer; with `cut` and `due` what that pair would mean, before it is asked for."""
    account = await get_account(request)
    offered = [Preview(c, d, credit.longest_grace(c, d)) for c, d in account.terms.change_pairs]
    chosen = next((one for one in offered if (one.cut_day, one.due_day) == (cut, due)), None)
    return await page(
        request, "consumer/days.html", account=account, offered=offered, chosen=chosen, form=empty_form(request)
    )


@router.post("/my/days", name="consumer.change_days")
async def change_days(request: Request) -> Response:
    """Ask for the change; the books say whether the rules allow it."""
    form = await read_form(request)
    key = form.key()
    cut, due = form.whole("cut", least=1, most=DAY_MAX), form.whole("due", least=1, most=DAY_MAX)
    if not form.is_good:
        return redirect(request, "consumer.days", UNREADABLE)
    command = ChangePair(key=f"days:{key}", customer=customer_of(request), cut_day=cut, due_day=due)
    answer = await submit(request, command)
    if not is_done(answer):
        return redirect(request, "consumer.days", refusal_notice(request, answer))
    return redirect(request, "consumer.days", Notice(key="consumer.days_changed", values={"cut": cut, "due": due}))
