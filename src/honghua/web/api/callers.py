"""Who calls: the guard's door for signed requests, and what routes ask of the partner behind one."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from honghua.base.clock import to_micros
from honghua.web.answers import on_honghua_error
from honghua.web.api import nonces
from honghua.web.api.partners import Partner, PartnerBook
from honghua.web.api.rights import SCOPE_OF
from honghua.web.api.signing import Signed
from honghua.web.ground import Site
from honghua.web.problems import Trouble
from honghua.web.roles import Role
from honghua.web.viewer import Viewer

SECOND_US: Final = 1_000_000
PARTNER_ONLY: Final = frozenset({Role.PARTNER})


class PartnerDoor:
    """Signature, nonce, rate and scope of a request whose body has been read."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.partners = PartnerBook()

    async def __call__(self, request: Request) -> Viewer | Response:
        """The partner as a viewer, with `request.state.partner` set; or the problem."""
        try:
            signed = await self._check(request)
        except Trouble as trouble:
            return await on_honghua_error(request, trouble)
        request.state.partner = signed.signer
        request.state.idempotency_key = signed.idempotency_key
        return Viewer(roles=PARTNER_ONLY, subject=signed.key_id, display_name=signed.signer.name, language="en")

    async def _check(self, request: Request) -> Signed[Partner]:
        now_s = to_micros(self.site.clock.now()) // SECOND_US
        signed = await self.partners.identify(self.site, request.scope, await request.body(), now_s=now_s)
        self.partners.check_rate(signed.signer)
        nonce = (signed.key_id, signed.timestamp, signed.nonce)
        if not (await self.site.write(lambda conn: nonces.spend(conn, [nonce])))[0]:
            raise Trouble("NONCE_REUSED", "")
        return signed


def partner_of(request: Request) -> Partner:
    """The partner who signed, when it has the scope of this route; Trouble SCOPE_MISSING."""
    partner: Partner = request.state.partner
    partner.check_scope(SCOPE_OF[request.scope["route"].name])
    return partner


__all__ = ["PartnerDoor", "partner_of"]
