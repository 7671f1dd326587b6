"""The gateway's door: a notice is let in when the gateway signed it for this address, lately."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from honghua.base.clock import to_micros
from honghua.web.answers import on_honghua_error
from honghua.web.ground import Site
from honghua.web.payments.gateway import PaymentGateway
from honghua.web.problems import Trouble
from honghua.web.roles import GATEWAYS
from honghua.web.viewer import Viewer

SECOND_US = 1_000_000


class GatewayDoor:
    """Signature and age of a notice whose body has been read; `request.state.notice` is what it says."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, request: Request) -> Viewer | Response:
        """The gateway as a viewer; or the problem."""
        gateway = find_gateway(request)
        now_s = to_micros(self.site.clock.now()) // SECOND_US
        try:
            if gateway is None:
                raise Trouble("GATEWAY_MISSING", "no payment gateway is connected")
            body = await request.body()
            request.state.notice = gateway.read_notice(request.url.path, request.headers, body, now_s=now_s)
        except Trouble as trouble:
            return await on_honghua_error(request, trouble)
        return Viewer(roles=GATEWAYS, subject="payment gateway", language="en")


def find_gateway(request: Request) -> PaymentGateway | None:
    """The payment gateway that the process was given, if any."""
    gateway: PaymentGateway | None = getattr(request.app.state, "payments", None)
    return gateway


__all__ = ["GatewayDoor", "find_gateway"]
