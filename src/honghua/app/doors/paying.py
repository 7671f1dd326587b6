"""The payment gateway, wired from the settings."""

from __future__ import annotations

from collections.abc import Callable

from honghua.app.settings import Settings
from honghua.base.clock import Clock, to_micros
from honghua.web.payments.gateway import HttpPaymentGateway, PaymentGateway

SECOND_US = 1_000_000


def make_payments(settings: Settings, clock: Clock) -> PaymentGateway | None:
    """The gateway of the settings, for `app.state.payments` and for the clock's job; None without one."""
    told = settings.payments
    if not told.url:
        return None
    return HttpPaymentGateway(url=told.url, secret=told.secret, now_s=seconds_of(clock))


def seconds_of(clock: Clock) -> Callable[[], int]:
    """What gateways are told of the time, on both sides: whole seconds."""
    return lambda: to_micros(clock.now()) // SECOND_US


__all__ = ["make_payments", "seconds_of"]
