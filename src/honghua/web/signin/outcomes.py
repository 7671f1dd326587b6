"""How a try to sign in ends. Failures of people who exist and of people who do not look alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import psycopg

from honghua.web.signin import bounds, events
from honghua.web.signin.events import EventKind
from honghua.web.signin.sessions import Begun, Device


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody tries: the device as the list will show it, the network as it is counted;
    trusted: what the browser says of having been trusted before."""

    device: Device = field(default_factory=Device)
    trusted: str = ""

    @property
    def network(self) -> str:
        """The shortened network."""
        return self.device.network


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """begun: signed in. token: of a challenge that is to be answered next. code: of what went wrong; wait: until the next try."""

    begun: Begun | None = None
    subject: str = ""
    token: str = ""
    code: str = ""
    wait: dt.timedelta | None = None
    way_back: str = ""
    realm: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong."""
        return not self.code


def too_many(wait: dt.timedelta) -> Outcome:
    """Nobody may try before `wait` is over."""
    return Outcome(code="TOO_MANY_TRIES", wait=wait)


def wrong(wait: dt.timedelta | None) -> Outcome:
    """It was not right, whatever of it was not."""
    return Outcome(code="SIGN_IN_WRONG", wait=wait)


def fail(conn: psycopg.Connection, lock: str, who: str, caller: Caller, *, now: dt.datetime) -> Outcome:
    """A wrong try: counted against its lock, which the caller holds, and written down under `who`."""
    wait = bounds.note_failure(conn, lock, now=now)
    kind = EventKind.SIGN_IN_FAILED if wait is None else EventKind.LOCKED_OUT
    events.note(conn, kind, who, now=now, network=caller.network)
    return wrong(wait)
