"""Where a webhook may go: to public https addresses, so that nobody can make us knock at doors inside our own network.

The name is looked up once, every address it has is checked, and the request goes to the address that was checked: a name that answers
differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from honghua.web.problems import Trouble

URL_LENGTH_MAX: Final = 500
HTTPS_PORT, HTTP_PORT = 443, 80
LookUp = Callable[[str, int], list[str]]
"""The addresses of a host."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. url: with the checked address in the place of the name; host: for the Host header and the certificate."""

    url: str
    host: str
    authority: str


def look_up(host: str, port: int) -> list[str]:
    """By the system's resolver; Trouble when the name is unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Trouble("ENDPOINT_UNSAFE", "this host is not known") from error
    return [str(address[0]) for *_, address in found]


def check_url(url: str, *, is_demo: bool, find: LookUp = look_up) -> Target:
    """Where to send; Trouble for what is not https, has a user, or lies inside. is_demo: this machine and plain http are fine, too."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Trouble("ENDPOINT_UNSAFE", "this is no address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Trouble("ENDPOINT_UNSAFE", "this is no address") from error
    if parts.scheme not in ({"https", "http"} if is_demo else {"https"}) or not parts.hostname:
        raise Trouble("ENDPOINT_UNSAFE", "https is wanted")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Trouble("ENDPOINT_UNSAFE", "no user, password or fragment")
    usual = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
    addresses = find(parts.hostname, port or usual)
    if not addresses or not all(is_public(address) or (is_demo and is_here(address)) for address in addresses):
        raise Trouble("ENDPOINT_UNSAFE", "this address is not public")
    address = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(f"{parts.scheme}://{address}:{port or usual}{path}", parts.hostname, parts.netloc)


def is_public(text: str) -> bool:
    """Whether an address is out in the world; one that maps another is judged by that."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_here(text: str) -> bool:
    """Whether it is this machine."""
    return ipaddress.ip_address(text.partition("%")[0]).is_loopback


__all__ = ["Target", "check_url", "is_public", "look_up"]
