"""What a browser carries for us: the session's token and the visit's, and the form token that is derived from either.

Over https the names begin with __Host-: a browser takes such a cookie only when it is Secure, for the whole host and for no sub-domain,
so a neighbouring site cannot plant one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal

SESSION: Final = "honghua_session"
VISIT: Final = "honghua_visit"
HOST_PREFIX: Final = "__Host-"
VISIT_BYTES: Final = 16
FORM_FIELD: Final = "csrf"
FORM_HEADER: Final = "x-csrf-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie as we set it: for this host only, out of scripts' reach, not sent along from other sites' forms."""

    name: str
    value: str
    is_secure: bool
    seconds: int | None = None  # None: until the browser closes
    same_site: Literal["Lax", "Strict"] = "Lax"

    def header(self) -> str:
        """The value of Set-Cookie."""
        parts = [f"{self.name}={self.value}", "Path=/", "HttpOnly", f"SameSite={self.same_site}"]
        if self.is_secure:
            parts.append("Secure")
        if self.seconds is not None:
            parts.append(f"Max-Age={self.seconds}")
        return "; ".join(parts)


def is_secure(address: str) -> bool:
    """Whether browsers reach us over https."""
    return address.startswith("https://")


def cookie_name(kind: str, address: str) -> str:
    """The name of a kind of cookie on this site."""
    return f"{HOST_PREFIX}{kind}" if is_secure(address) else kind


def session_cookie(token: str, address: str) -> Cookie:
    """The cookie that carries a session's token."""
    return Cookie(name=cookie_name(SESSION, address), value=token, is_secure=is_secure(address))


def dropped_cookie(kind: str, address: str) -> Cookie:
    """The cookie that makes a browser forget one."""
    return Cookie(name=cookie_name(kind, address), value="", is_secure=is_secure(address), seconds=0)


def visit_cookie(value: str, address: str) -> Cookie:
    """The cookie of somebody who has not signed in: only the form token hangs on it."""
    return Cookie(name=cookie_name(VISIT, address), value=value, is_secure=is_secure(address))


def derive_form_token(session_key: bytes, carried: str) -> str:
    """What a form must carry back: known to our pages, not to other sites, and useless for finding the cookie."""
    digest = hmac.new(session_key, b"form\0" + carried.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()
