"""Which of a person's lines may pay for goods: the one that they are for, both where they serve either, or none, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from honghua.base.errors import Refusal
from honghua.credit.core.lines.purposes import PURPOSES, Purpose, PurposeRules, holder_of, line_of, purpose_of
from honghua.credit.core.refusals import REFUSALS
from honghua.credit.registry import Registry
from honghua.credit.viewing.views import AccountView, find_account_view

MISSING = {Purpose.BUSINESS: "BUSINESS_LINE_NEEDED", Purpose.CONSUMPTION: "CONSUMPTION_LINE_NEEDED"}


@dataclass(frozen=True, slots=True)
class Payer:
    """A line that may pay: its reference, what it is for, and the account as it stands."""

    line: str
    purpose: Purpose
    account: AccountView


def list_payers(
    conn: psycopg.Connection, registry: Registry, line: str, category: str, *, rules: PurposeRules = PURPOSES
) -> list[Payer] | Refusal:
    """The lines of a line's holder that may pay for goods of a category, this one before the other. Reads only.

    Refusal PURPOSE_REFUSED where no line ever pays for such goods, BUSINESS_LINE_NEEDED or CONSUMPTION_LINE_NEEDED where the person
    lacks the line that would. Whether the line that may pay has room left is the books' to say.
    """
    holder, own = holder_of(line), purpose_of(line)
    wanted = sorted((one for one in Purpose if rules.serves(one, category)), key=lambda one: one is not own)
    if not wanted:
        return refuse("PURPOSE_REFUSED")
    found = {one: find_account_view(conn, registry, line_of(holder, one)) for one in wanted}
    payers = [Payer(line_of(holder, one), one, view) for one, view in found.items() if view is not None]
    return payers or refuse(MISSING[wanted[0]])


def refuse(code: str) -> Refusal:
    """The no with its Chinese sentence; the English one stands beside it in `REFUSALS`."""
    return Refusal(code, REFUSALS[code][0])


__all__ = ["Payer", "list_payers"]
