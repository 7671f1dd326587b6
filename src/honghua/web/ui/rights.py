"""Who may call what all pages share."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import PUBLIC, Rights

RIGHTS: Final[Rights] = {"ui.asset": PUBLIC, "ui.icon": PUBLIC, "ui.preferences": PUBLIC}
