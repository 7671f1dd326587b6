"""A faithful identity provider for tests: discovery, authorization with PKCE, single-use codes, RS256 tokens, client authentication.

It speaks HTTP over an ASGI transport. `lie` changes the claims or the head of the next token, as a broken or hostile provider would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from honghua.base.clock import Clock

ISSUER = "https://id.example"
CLIENT = ("honghua", "a client's secret")
Lie = Callable[[dict[str, Any], dict[str, Any]], None]


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class FakeProvider:
    """One with one key and whoever is signed in there."""

    clock: Clock
    subject: str = "sub-1"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    lie: Lie | None = None
    signer: rsa.RSAPrivateKey | None = None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    def authorize(self, address: str) -> str:
        """What the browser meets at the provider: the person agrees, and is sent back with a code."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT[0]
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    async def discovery(self, _request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
        )

    async def keys(self, _request: Request) -> JSONResponse:
        numbers = self.key.public_key().public_numbers()
        n, e = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
        short = {"kty": "RSA", "kid": "short", "use": "sig", "n": encode(b"\xff" * 128), "e": encode(e)}
        odd = {"kty": "EC", "kid": "k-ec", "crv": "P-256"}
        good = {"kty": "RSA", "kid": "k-1", "use": "sig", "alg": "RS256", "n": encode(n), "e": encode(e)}
        return JSONResponse({"keys": [odd, short, good]})

    async def token(self, request: Request) -> JSONResponse:
        expected = "Basic " + base64.b64encode(f"{CLIENT[0]}:{CLIENT[1]}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        async with request.form() as form:
            asked = self.codes.pop(str(form["code"]), None)
            verifier, uri = str(form["code_verifier"]), str(form["redirect_uri"])
        if asked is None or asked["redirect_uri"] != uri:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        if encode(hashlib.sha256(verifier.encode()).digest()) != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"token_type": "Bearer", "access_token": "x", "id_token": self.sign(asked["nonce"])})

    def sign(self, nonce: str) -> str:
        now = int(self.clock.now().timestamp())
        head: dict[str, Any] = {"alg": "RS256", "kid": "k-1"}
        claims: dict[str, Any] = {
            "iss": ISSUER, "sub": self.subject, "aud": CLIENT[0], "iat": now, "exp": now + 300, "nonce": nonce,
        }  # fmt: skip
        if self.lie is not None:
            self.lie(head, claims)
        said = f"{encode(json.dumps(head).encode())}.{encode(json.dumps(claims).encode())}"
        if head["alg"] == "none":
            return f"{said}."
        signature = (self.signer or self.key).sign(said.encode(), padding.PKCS1v15(), SHA256())
        return f"{said}.{encode(signature)}"
