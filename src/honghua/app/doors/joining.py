"""What opening an account needs of the outside world, wired: identity service, bureau, bank; a demonstration's are fakes."""

from __future__ import annotations

from typing import Final

from honghua.app.doors.outside.wiring import (
    find_routings,
    make_bureau,
    make_faces,
    make_identity,
    make_payout_bank,
    make_register,
)
from honghua.app.settings import Settings
from honghua.base.clock import Clock
from honghua.bureau.api import FakeBureau
from honghua.customers.api import FakeBusinessRegister, FakeIdentityProvider
from honghua.customers.facing.api import FaceService, FakeFaceService
from honghua.merchants.api import FakePayoutBank
from honghua.web.consumer.joining.ports import JoiningPorts

DEMO_SEED: Final = 5


def films_faces(settings: Settings, *, is_demo: bool) -> bool:
    """Whether our own page records faces: for the face service of the settings, or in a demonstration that names no identity service."""
    return bool(settings.services.faces.url) or (is_demo and not settings.services.identity.url)


def make_face(settings: Settings, *, is_demo: bool, clock: Clock) -> FaceService | None:
    """Who looks at films; a demonstration's fake says so. None: the identity service films people itself."""
    if not films_faces(settings, is_demo=is_demo):
        return None
    return make_faces(settings, clock) or FakeFaceService(DEMO_SEED)


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
            register=make_register(settings, clock) or FakeBusinessRegister(DEMO_SEED),
            face=make_face(settings, is_demo=is_demo, clock=clock),
        )
    if identity is None or bureau is None or bank is None:
        return None
    register = make_register(settings, clock)
    return JoiningPorts(
        identity=identity, bureau=bureau, bank=bank, routings=find_routings(settings), register=register,
        face=make_face(settings, is_demo=is_demo, clock=clock),
    )  # fmt: skip


__all__ = ["films_faces", "make_face", "make_joining"]
