"""Who proves who somebody is, wired: the prover of stepped-up purchases, the gateway of messages, the identity provider."""

from __future__ import annotations

import httpx
import psycopg

from honghua.app.doors.keys import load_secrets
from honghua.app.lender import read_lender
from honghua.app.settings import Settings
from honghua.base.clock import Clock
from honghua.credit.jobs import find_customer_refs
from honghua.store.database import Database, connect
from honghua.web.signin.messages import FakeGateway, Gateway, HttpGateway
from honghua.web.signin.proving import SmsProver
from honghua.web.signin.staff.oidc import Provider


def make_prover(database: Database, settings: Settings, clock: Clock, *, by_face: bool = False) -> SmsProver:
    """A prover for this book and its customers. by_face: whether our page records faces."""
    return SmsProver(lambda: connect(database), load_secrets(settings), find_holder, clock, by_face)


def find_holder(conn: psycopg.Connection, account_id: int) -> str | None:
    """Whose account it is."""
    return find_customer_refs(conn, [account_id]).get(account_id)


def make_gateway(settings: Settings, *, is_demo: bool) -> Gateway | None:
    """The operator's gateway; in a demonstration the fake one, whose messages its page shows; else none, and messages wait."""
    if settings.sms.url:
        return HttpGateway(
            url=settings.sms.url, token=settings.sms.token, sign=read_lender(settings.lender_file).brand.zh
        )
    return FakeGateway() if is_demo else None


def make_provider(settings: Settings, address: str) -> Provider | None:
    """The identity provider of the settings, for `app.state.oidc`."""
    told = settings.oidc
    if not told.issuer:
        return None
    return Provider(
        issuer=told.issuer,
        client_id=told.client_id,
        client_secret=told.client_secret,
        redirect_uri=f"{address}/signin/oidc/back",
        client=httpx.AsyncClient(),
    )
