"""All consoles' tables of rights as one."""

from __future__ import annotations

from collections.abc import Iterable

from honghua.web.roles import SIGNED_IN, SIGNING, Rights, Role


def join_rights(tables: Iterable[Rights]) -> Rights:
    """One table of all; a route named in two, a row for nobody, and rows that say both "anyone" and "these" are bugs."""
    joined: dict[str, frozenset[Role]] = {}
    for table in tables:
        for name, roles in table.items():
            assert name not in joined, f"two tables of rights name the route {name}"
            assert roles, f"nobody may call the route {name}: leave it out"
            is_open, is_signed = Role.ANYONE in roles, bool(roles & SIGNING)
            assert not (is_open and len(roles) > 1), f"{name}: what anyone may needs no other role"
            assert not (is_signed and roles & SIGNED_IN), f"{name}: a signed request has no session and no form token"
            assert not (is_signed and len(roles) > 1), f"{name}: one kind of signature a route"
            joined[name] = frozenset(roles)
    return joined
