"""Sign-in through somebody else's identity provider: OpenID Connect, authorization code with PKCE (RFC 7636, OIDC Core 3.1).

The provider vouches for a user whom an administrator has linked to it; it makes no users and gives no roles. What it says is believed when
its signature (RS256), issuer, audience, times and nonce are right, and the browser that comes back is the one that went.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import msgspec
import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from honghua.base.errors import WorldFailed
from honghua.customers.api import Vault
from honghua.web.signin import events
from honghua.web.signin.challenges import ChallengeKind, end_challenge, hold_challenge, make_challenge
from honghua.web.signin.events import EventKind
from honghua.web.signin.outcomes import Caller, Outcome, wrong
from honghua.web.signin.staff import users
from honghua.web.signin.staff.door import admit

RANDOM_BYTES: Final = 32
TIMEOUT_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 1 << 20
SKEW: Final = dt.timedelta(seconds=60)
KEY_BITS_MIN: Final = 2048
CODE_LENGTH_MAX: Final = 2_000


class NotBelieved(Exception):
    """The provider's word does not hold; why is for the log, not for the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: its issuer address, who we are there, and how we are reached. client: one that speaks to it, made by `app`."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    client: httpx.AsyncClient


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the provider's discovery document says."""

    authorization: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser on its way to the provider. token: what it carries in a cookie, so that only it can come back."""

    address: str
    token: str


async def discover(provider: Provider) -> Endpoints:
    """The provider's own word about where its doors are; WorldFailed when it does not answer or says it is somebody else."""
    told = await _fetch(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        raise WorldFailed("the identity provider says that it is another one", code="OIDC_FAILED")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    found = [told.get(name) for name in names]
    if not all(isinstance(one, str) and one.startswith("https://") for one in found):
        raise WorldFailed("the identity provider names no safe endpoints", code="OIDC_FAILED")
    return Endpoints(*(str(one) for one in found))


def depart(
    conn: psycopg.Connection, vault: Vault, provider: Provider, endpoints: Endpoints, *, way_back: str, now: dt.datetime
) -> Departure:
    """Where to send the browser, with state, nonce and PKCE challenge kept sealed until it comes back."""
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    held = {"state": state, "nonce": nonce, "verifier": verifier, "way_back": way_back}
    token = make_challenge(conn, vault, ChallengeKind.OIDC, provider.issuer, held, now=now)
    asked = {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": provider.redirect_uri,
        "scope": "openid", "state": state, "nonce": nonce,
        "code_challenge": make_challenge_code(verifier), "code_challenge_method": "S256",
    }  # fmt: skip
    return Departure(f"{endpoints.authorization}?{urlencode(asked)}", token)


def make_challenge_code(verifier: str) -> str:
    """PKCE S256 (RFC 7636 §4.2)."""
    return encode(hashlib.sha256(verifier.encode()).digest())


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back: the cookie's token, and the provider's code and state."""

    token: str
    code: str
    state: str


def take_back(conn: psycopg.Connection, vault: Vault, returned: Returned, *, now: dt.datetime) -> dict[str, Any] | None:
    """What was held for this browser, spent by this; None when it is not the one that went, or the state is not its own."""
    challenge = hold_challenge(conn, vault, ChallengeKind.OIDC, returned.token, now=now)
    if challenge is None:
        return None
    end_challenge(conn, challenge, now=now)
    is_own = hmac.compare_digest(str(challenge.held["state"]).encode(), returned.state.encode())
    return {**challenge.held, "issuer": challenge.who} if is_own else None


async def ask_subject(provider: Provider, code: str, held: Mapping[str, Any], *, now: dt.datetime) -> str:
    """Trade the code for an ID token and believe its subject. NotBelieved, or WorldFailed when the provider does not answer."""
    if not 0 < len(code) <= CODE_LENGTH_MAX:
        raise NotBelieved("no code")
    endpoints = await discover(provider)
    asked = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": provider.redirect_uri,
        "code_verifier": str(held["verifier"]),
    }  # fmt: skip
    answer = await _post(provider, endpoints.token, asked)
    keys = read_keys(await _fetch(provider, endpoints.keys))
    claims = open_id_token(str(answer.get("id_token", "")), keys)
    return check_claims(claims, provider, str(held["nonce"]), now=now)


def arrive(
    conn: psycopg.Connection, issuer: str, subject: str, caller: Caller, *, way_back: str, now: dt.datetime
) -> Outcome:
    """Sign in the user whom this subject is linked to; wrong where there is none, or they are locked out."""
    user = users.find_linked(conn, issuer, subject)
    if user is None or user.locked_at is not None:
        name = "oidc" if user is None else user.name
        events.note(conn, EventKind.SIGN_IN_FAILED, name, now=now, network=caller.network, detail="by the provider")
        return wrong(None)
    return Outcome(begun=admit(conn, user, caller, now=now), subject=user.name, way_back=way_back)


def read_keys(told: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """The provider's RSA signing keys by their ids (RFC 7517); others, and keys that are too short, are left out."""
    found: dict[str, RSAPublicKey] = {}
    for one in told.get("keys", []):
        is_signing = isinstance(one, dict) and one.get("kty") == "RSA" and one.get("use", "sig") == "sig"
        if not is_signing or one.get("alg", "RS256") != "RS256":
            continue
        try:
            modulus, exponent = (int.from_bytes(decode(str(one[name])), "big") for name in ("n", "e"))
            key = RSAPublicNumbers(exponent, modulus).public_key()
        except (KeyError, ValueError):
            continue
        if key.key_size >= KEY_BITS_MIN:
            found[str(one.get("kid", ""))] = key
    return found


def open_id_token(token: str, keys: Mapping[str, RSAPublicKey]) -> dict[str, Any]:
    """The claims of a JWT that one of these keys has signed with RS256; NotBelieved for every other one, "none" above all."""
    parts = token.split(".")
    if len(parts) != 3:
        raise NotBelieved("no JWT")
    try:
        head = msgspec.json.decode(decode(parts[0]), type=dict[str, Any])
        signature = decode(parts[2])
        claims = msgspec.json.decode(decode(parts[1]), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:
        raise NotBelieved("an unreadable JWT") from error
    key = keys.get(str(head.get("kid", "")))
    if head.get("alg") != "RS256" or "crit" in head or key is None:
        raise NotBelieved("not signed by RS256 with a key of the provider")
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise NotBelieved("a wrong signature") from error
    return claims


def check_claims(claims: Mapping[str, Any], provider: Provider, nonce: str, *, now: dt.datetime) -> str:
    """The subject, when the token was made by this provider, for us, for this sign-in, and is in its time (OIDC Core 3.1.3.7)."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, issued = claims.get("exp"), claims.get("iat")
    if claims.get("iss") != provider.issuer or provider.client_id not in audiences:
        raise NotBelieved("made by another, or for another")
    if len(audiences) > 1 and claims.get("azp") != provider.client_id:
        raise NotBelieved("made for several, and not first for us")
    if (
        not isinstance(expires, int)
        or not isinstance(issued, int)
        or not issued - SKEW.seconds <= now.timestamp() < expires
    ):
        raise NotBelieved("not in its time")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise NotBelieved("made for another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise NotBelieved("about nobody")
    return subject


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding; ValueError for what is none."""
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


async def _fetch(provider: Provider, address: str) -> dict[str, Any]:
    try:
        return _read(await provider.client.get(address, timeout=TIMEOUT_S, follow_redirects=False))
    except httpx.HTTPError as error:
        raise WorldFailed("the identity provider does not answer", code="OIDC_FAILED") from error


async def _post(provider: Provider, address: str, asked: Mapping[str, str]) -> dict[str, Any]:
    try:
        answer = await provider.client.post(
            address, data=dict(asked), auth=(provider.client_id, provider.client_secret), timeout=TIMEOUT_S,
            follow_redirects=False,
        )  # fmt: skip
    except httpx.HTTPError as error:
        raise WorldFailed("the identity provider does not answer", code="OIDC_FAILED") from error
    if answer.status_code == httpx.codes.BAD_REQUEST:
        raise NotBelieved("the provider does not take the code")
    return _read(answer)


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != httpx.codes.OK or len(answer.content) > ANSWER_BYTES_MAX:
        raise WorldFailed(f"the identity provider answers {answer.status_code}", code="OIDC_FAILED")
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise WorldFailed("the identity provider answers no JSON", code="OIDC_FAILED") from error


__all__ = [
    "Departure",
    "NotBelieved",
    "Provider",
    "Returned",
    "arrive",
    "ask_subject",
    "depart",
    "discover",
    "take_back",
]
