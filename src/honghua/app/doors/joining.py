"""What opening an account needs of the outside world, wired: identity service, bureau, bank. In a demonstration all three are fakes."""

from __future__ import annotations

from typing import Final

from honghua.base.clock import Clock
from honghua.bureau.api import FakeBureau
from honghua.customers.api import FakeIdentityProvider
from honghua.merchants.api import FakePayoutBank
from honghua.web.consumer.joining.ports import JoiningPorts

DEMO_SEED: Final = 5


def make_joining(*, is_demo: bool, clock: Clock) -> JoiningPorts | None:
    """For `app.state.joining`. No real service has an adapter yet: outside a demonstration None, and the page says so."""
    if not is_demo:
        return None
    return JoiningPorts(
        identity=FakeIdentityProvider(DEMO_SEED),
        bureau=FakeBureau(DEMO_SEED, lambda: clock.now().date()),
        bank=FakePayoutBank(DEMO_SEED),
    )


__all__ = ["make_joining"]
