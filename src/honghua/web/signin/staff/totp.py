"""Authenticator codes (RFC 6238): six digits of half a minute, each good once; and recovery codes for who has lost the device."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import secrets
from typing import Final

import pyotp
import segno

STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1  # a clock may be wrong by half a minute
ISSUER: Final = "Honghua"
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 15


def make_secret() -> str:
    """A secret for an authenticator: 160 bits."""
    return pyotp.random_base32()


def find_step(secret: str, code: str, *, now: dt.datetime, after: int) -> int | None:
    """The step whose code this is, later than `after`: a code that was used, or an older one, is wrong."""
    text = code.replace(" ", "")
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), text.encode()) and step > after:
            found = step
    return found


def current_code(secret: str, now: dt.datetime) -> str:
    """The code of the moment: for tests and for the demo's sign-in page."""
    return pyotp.TOTP(secret).generate_otp(int(now.timestamp()) // STEP_SECONDS)


def make_address(secret: str, name: str) -> str:
    """What an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def draw_square(address: str) -> str:
    """The same as a picture: SVG without style, to stand in a page."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out,
        kind="svg",
        scale=5,
        border=4,
        xmldecl=False,
        svgns=True,
        dark="#000",
        light="#fff",
        omitsize=False,
        nl=False,
    )
    return out.getvalue().decode()


def make_recovery_codes() -> list[str]:
    """Codes to be written down: 120 bits each, in groups, so that a plain digest is enough to keep them by."""
    texts = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(text[at : at + 4] for at in range(0, len(text), 4)) for text in texts]


def digest_recovery(code: str) -> bytes:
    """How a recovery code is kept; it is random, so one round is enough."""
    return hashlib.sha256(code.replace("-", "").replace(" ", "").lower().encode()).digest()
