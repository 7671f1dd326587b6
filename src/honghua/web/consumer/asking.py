"""What every customer's page needs: who asks, their account, a command booked for them, and what to say to an answer."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from honghua.base.errors import HonghuaError
from honghua.credit import api as credit
from honghua.credit.core import Command, Scene
from honghua.web.booker import Answer, sentence_of
from honghua.web.ground import site_of
from honghua.web.payments.door import find_gateway
from honghua.web.problems import Trouble
from honghua.web.ui.pages import Notice
from honghua.web.viewer import viewer_of

UNREADABLE: Final = Notice(key="ui.please_correct", tone="bad")  # a form that no page of ours draws so
DONE: Final = frozenset({"done", "approved"})


class NoAccount(HonghuaError):
    """A customer without a credit account asked for a page about one."""

    code = "NO_ACCOUNT"


class OtherPlace(HonghuaError):
    """A customer asked for a page that is not theirs now; name: the route of the one that is."""

    code = "OTHER_PLACE"

    def __init__(self, name: str, *notices: Notice) -> None:
        super().__init__(f"the page is {name}")
        self.name, self.notices = name, notices


def customer_of(request: Request) -> str:
    """The customer's reference; every route of theirs is guarded."""
    subject = viewer_of(request).subject
    assert subject, "guarded: somebody is signed in"
    return subject


async def find_account(request: Request) -> credit.AccountView | None:
    """The viewer's account as it stands, None when they have none yet."""
    site, customer = site_of(request), customer_of(request)
    return await site.read(lambda conn: credit.find_account_view(conn, site.registry, customer))


async def get_account(request: Request) -> credit.AccountView:
    """The viewer's account; NoAccount leads to the page that opens one."""
    account = await find_account(request)
    if account is None:
        raise NoAccount("no credit account yet")
    return account


async def submit(request: Request, command: Command) -> Answer:
    """Book one command and wait until it is on disk."""
    (answer,) = await site_of(request).booker.submit([command])
    return answer


def has_gateway(request: Request) -> bool:
    """Whether money that customers send goes through a payment gateway. A demonstration without one takes their word for it."""
    return find_gateway(request) is not None


def can_pay(request: Request) -> bool:
    """Whether customers may send money by hand: through a payment gateway, or in a demonstration. Auto-debit asks the bank, everywhere."""
    return site_of(request).is_demo or has_gateway(request)


def check_gateway(request: Request) -> None:
    """Trouble where customers may not send money by hand."""
    if not can_pay(request):
        raise Trouble("GATEWAY_MISSING", "no payment gateway is connected")


def is_done(answer: Answer) -> bool:
    """Whether what was asked for has happened."""
    return answer["outcome"] in DONE


def refusal_notice(request: Request, answer: Answer) -> Notice:
    """A refusal as a notice on the next page."""
    return Notice(sentence=sentence_of(answer, viewer_of(request).language), tone="bad")


def scene_of(request: Request) -> Scene:
    """From where the customer asks, as far as the session knows it: the network, and their bound device where it is that."""
    session = getattr(request.state, "session", None)
    if session is None:
        return Scene()
    return Scene(device=f"bound:{session.bound_device}" if session.bound_device else "", address=session.network)
