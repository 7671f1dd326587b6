"""For tests: a partner with a key, and a client that signs what it sends as a partner would."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import httpx

from honghua.store.database import run_unit
from honghua.web.api.partners import SCOPES, NewKey, NewPartner, create_partner, link_customer
from honghua.web.api.signing import sign, text_to_sign
from honghua.web.ground import Site
from honghua.web.tests.doors import Browser

_NUMBERS = itertools.count(1)


def make_partner(
    site: Site, name: str, merchants: Sequence[str], *, scopes: frozenset[str] = SCOPES, is_house: bool = False,
    rate_per_s: int = 100_000,
) -> NewKey:  # fmt: skip
    """A partner with all scopes and these shops."""
    new = NewPartner(
        name=name, scopes=scopes, merchants=merchants, is_house=is_house, rate_per_s=rate_per_s, burst=rate_per_s
    )
    with site.pool.connection() as conn:
        return run_unit(conn, lambda c: create_partner(c, site.vault, new, now=site.clock.now()))


def link(site: Site, key: NewKey, customer: str) -> None:
    """Open a customer's account to a partner."""
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: link_customer(c, key.partner_id, customer, now=site.clock.now()))


def signed_headers(
    site: Site, key: NewKey, method: str, target: bytes, body: bytes = b"", *, idem: str = ""
) -> dict[str, str]:
    """The headers of a signed request, with a nonce of its own."""
    stamp, nonce = str(int(site.clock.now().timestamp())), f"nonce-{next(_NUMBERS):020d}"
    text = text_to_sign(method, target, (stamp.encode(), nonce.encode(), idem.encode()), body)
    headers = {
        "honghua-key": key.key_id,
        "honghua-timestamp": stamp,
        "honghua-nonce": nonce,
        "honghua-signature": sign(key.secret.encode(), text),
    }
    return headers | ({"idempotency-key": idem} if idem else {})


class PartnerClient:
    """One partner's program."""

    def __init__(self, browser: Browser, site: Site, key: NewKey) -> None:
        self.browser, self.site, self.key = browser, site, key
        app: Any = browser.app
        app.state.partners.forget()  # it is newer than what the process knows

    def call(self, method: str, path: str, body: Any = None, *, idem: str = "") -> httpx.Response:
        """A signed request; JSON where there is a body."""
        content = b"" if body is None else json.dumps(body).encode()
        target = httpx.URL(self.browser.address + path).raw_path
        headers = signed_headers(self.site, self.key, method, target, content, idem=idem)
        if body is not None:
            headers["content-type"] = "application/json"
        return self.browser.request(method, path, content=content, headers=headers)

    def get(self, path: str) -> Any:
        """The JSON of a page that is there."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def done(self, method: str, path: str, body: Any = None, *, idem: str = "") -> Any:
        """The JSON of a command that is done."""
        answer = self.call(method, path, body, idem=idem)
        assert answer.status_code == 200, answer.text
        return answer.json()


def purchase(customer: str, merchant: str, amount_minor: int, *, order: str = "o-1", **more: Any) -> dict[str, Any]:
    """The body of a purchase."""
    return {
        "customer": customer, "merchant": merchant, "order": order, "category": "books", "amount_minor": amount_minor,
        "currency": "CNY", **more,
    }  # fmt: skip
