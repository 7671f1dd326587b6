"""Origins of shops' pages: where a partner's checkouts may stand."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import psycopg

from honghua.base.errors import BadInput, NotFound

ORIGINS_MAX: Final = 20
CHARS_MAX: Final = 200
NEAR: Final = frozenset({"127.0.0.1", "localhost"})


def read_origin(text: str) -> str:
    """An origin as browsers write it; BadInput for what is none: https, or a page on this machine."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadInput("this is no origin", code="ORIGIN_WRONG") from None
    host = (parts.hostname or "").lower()
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(" ;,'\"*\\") and len(text) <= CHARS_MAX
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in NEAR)
    if not (is_plain and is_bare and is_safe and host):
        raise BadInput("an origin is https://host or https://host:port, with nothing behind it", code="ORIGIN_WRONG")
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != usual else "")


def add_origin(conn: psycopg.Connection, partner: str, text: str) -> str:
    """Let a partner's checkouts stand on pages of an origin; the origin. NotFound for an unknown partner."""
    origin = read_origin(text)
    row = conn.execute("SELECT partner_id FROM web_partner WHERE name = %s FOR UPDATE", [partner]).fetchone()
    if row is None:
        raise NotFound(f"no partner {partner!r}", code="PARTNER_UNKNOWN")
    if len(list_origins(conn, row[0])) >= ORIGINS_MAX:
        raise BadInput(f"at most {ORIGINS_MAX} origins", code="ORIGINS_TOO_MANY")
    conn.execute(
        "INSERT INTO web_partner_origin (partner_id, origin) VALUES (%s, %s) ON CONFLICT DO NOTHING", [row[0], origin]
    )
    return origin


def list_origins(conn: psycopg.Connection, partner_id: int) -> list[str]:
    """Where this partner's checkouts may stand."""
    query = "SELECT origin FROM web_partner_origin WHERE partner_id = %s ORDER BY origin"
    return [row[0] for row in conn.execute(query, [partner_id])]


__all__ = ["add_origin", "list_origins", "read_origin"]
