"""From the bytes of a purchase to its command, and from its answer to bytes: the same for the raw lane and the documented routes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from honghua.credit.core import AuthorisePurchase, BuyNow
from honghua.store.commands import find_commands
from honghua.web.api.partners import Partner
from honghua.web.api.purchases_wire import check_key, command_key, read_batch, read_purchase, to_command, write_item
from honghua.web.ground import Site
from honghua.web.problems import Trouble, problem_of_answer, status_of, write_problem

Purchase = BuyNow | AuthorisePurchase
_ENCODER = msgspec.json.Encoder()


def read_one(
    body: bytes, key: str, partner: Partner, currency: str, *, arrived_at: dt.datetime | None = None
) -> Purchase:
    """The purchase in a body, under the key of its header. Raises Trouble; `require_sales` is still to be asked."""
    asked = read_purchase(body)
    partner.check_merchant(asked.merchant)
    own = command_key(partner.partner_id, check_key(key))
    return to_command(asked, key=own, currency=currency, arrived_at=arrived_at)


def read_many(body: bytes, partner: Partner, currency: str, *, arrived_at: dt.datetime | None = None) -> list[Purchase]:
    """The purchases of a batch in order; one that is wrong turns all away: nothing was judged. `require_sales` is still to be asked."""
    commands = []
    for asked in read_batch(body).purchases:
        partner.check_merchant(asked.merchant)
        own = command_key(partner.partner_id, asked.key)
        commands.append(to_command(asked, key=own, currency=currency, arrived_at=arrived_at))
    return commands


async def require_sales(site: Site, partner: Partner, commands: Sequence[Purchase]) -> None:
    """Trouble for the first order that its shop may not sell on credit.

    Not for one that was answered before: a key that is repeated gets its answer, whatever became of the shop since.
    """
    closed: dict[str, Trouble] = {}
    for command in commands:
        try:
            partner.check_sale(command.merchant, command.amount_minor)
        except Trouble as trouble:
            closed.setdefault(command.key, trouble)
    if closed:
        answered = await site.read(lambda conn: find_commands(conn, list(closed)))
        for key, why in closed.items():
            if key not in answered:
                raise why


def write_one(answer: Mapping[str, Any]) -> tuple[int, bytes]:
    """(status, body): JSON at 200, else a problem."""
    status = status_of(answer)
    if status == 200:
        return status, _ENCODER.encode(answer)
    return status, _ENCODER.encode(write_problem(problem_of_answer(answer), status=status))


def write_many(answers: Sequence[Mapping[str, Any]]) -> tuple[int, bytes]:
    """(200, body): each answer with a status of its own, in order."""
    return 200, _ENCODER.encode({"answers": [write_item(answer) for answer in answers]})


__all__ = ["read_many", "read_one", "require_sales", "write_many", "write_one"]
