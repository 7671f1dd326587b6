"""Who may load the widget: anybody's page; where it may stand says the frame's own policy."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import PUBLIC, Rights

RIGHTS: Final[Rights] = {"widget.script": PUBLIC, "widget.frame": PUBLIC, "widget.state": PUBLIC}
