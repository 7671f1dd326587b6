"""What opening an account needs of the outside world, wired: identity service, bureau, bank; a demonstration's are fakes."""

from __future__ import annotations

from typing import Final

from honghua.app.doors.outside.wiring import find_routings, make_bureau, make_identity, make_payout_bank
from honghua.app.settings import Settings
from honghua.base.clock import Clock
from honghua.bureau.api import FakeBureau
from honghua.customers.api import FakeBusinessRegister, FakeIdentityProvider
from honghua.merchants.api import FakePayoutBank
from honghua.web.consumer.joining.ports import JoiningPorts

DEMO_SEED: Final = 5


def make_joining(settings: Settings, *, is_demo: bool, clock: Clock) -> JoiningPorts | None:
    """For `app.state.joining`: what the settings name; a demonstration's gaps are fakes. None with a gap elsewhere: the page says so."""
    identity, bureau, bank = (
        make_identity(settings, clock),
        make_bureau(settings, clock),
        make_payout_bank(settings, clock),
    )
    if is_demo:
        return JoiningPorts(
            identity=identity or FakeIdentityProvider(DEMO_SEED),
            bureau=bureau or FakeBureau(DEMO_SEED, lambda: clock.now().date()),
            bank=bank or FakePayoutBank(DEMO_SEED),
            routings=find_routings(settings),
            register=FakeBusinessRegister(DEMO_SEED),
        )
    if identity is None or bureau is None or bank is None:
        return None
    return JoiningPorts(identity=identity, bureau=bureau, bank=bank, routings=find_routings(settings))


__all__ = ["make_joining"]
