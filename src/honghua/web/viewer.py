"""Who looks at a page: the session's person, their roles, and how they want to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from honghua.web.roles import Role

LANGUAGE_COOKIE: Final = "honghua_language"
LARGE_TEXT_COOKIE: Final = "honghua_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """One request's person. Nobody has signed in where roles is just ANYONE.

    subject: their lasting name: a customer's reference (`credit`'s `customer`), a merchant's user or a member of staff.
    merchant: the shop they act for, "" for others. language: "zh" or "en". large_text: they asked for large letters.
    session_id: of the server-side session, 0 without one. csrf: what a form must carry back.
    """

    roles: frozenset[Role] = field(default=frozenset({Role.ANYONE}))
    subject: str = ""
    display_name: str = ""
    merchant: str = ""
    language: str = "zh"
    large_text: bool = False
    session_id: int = 0
    csrf: str = ""

    @property
    def is_signed_in(self) -> bool:
        """Whether we know who this is."""
        return bool(self.subject)

    def may(self, allowed: frozenset[Role]) -> bool:
        """Whether one of their roles is among those allowed; what anyone may, everybody may."""
        return Role.ANYONE in allowed or bool(self.roles & allowed)


def viewer_of(request: Request) -> Viewer:
    """Who asks, as the guard found."""
    viewer: Viewer = request.state.viewer
    return viewer
