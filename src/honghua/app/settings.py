"""All settings in one frozen record, built once from the environment; nothing else reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from honghua.base.errors import BadInput
from honghua.store.settings import StoreSettings

ROOT_STATE_DIR = Path("/var/lib/honghua")
DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
URL_PREFIXES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the whole program was told. `store`: see StoreSettings."""

    store: StoreSettings


def find_state_dir(environment: Mapping[str, str], *, is_root: bool) -> Path:
    """HONGHUA_STATE_DIR, else /var/lib/honghua for root, else $XDG_STATE_HOME/honghua or ~/.local/state/honghua."""
    if chosen := environment.get("HONGHUA_STATE_DIR"):
        return Path(chosen).expanduser().absolute()
    if is_root:
        return ROOT_STATE_DIR
    base = environment.get("XDG_STATE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "honghua"


def load_settings(*, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (or from `environment`); raises BadInput when one makes no sense.

    HONGHUA_STATE_DIR      folder of the embedded database
    HONGHUA_DATABASE_URL   postgresql://… of the operator's server, instead of the embedded one
    """
    given = os.environ if environment is None else environment
    url = given.get("HONGHUA_DATABASE_URL") or None
    if url is not None and not url.startswith(URL_PREFIXES):
        raise BadInput("HONGHUA_DATABASE_URL must start with postgresql://")
    try:
        state_dir = find_state_dir(given, is_root=os.geteuid() == 0)
    except RuntimeError as error:
        raise BadInput("no home directory: set HONGHUA_STATE_DIR") from error
    return Settings(store=StoreSettings(state_dir=state_dir, database_url=url))


def with_database(settings: Settings, name: str) -> Settings:
    """The same settings for another database on the same server; BadInput for a name that is none."""
    if not DATABASE_NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a database: small letters, digits and _, at most 63", code="BAD_NAME")
    url = settings.store.database_url
    if url is not None:
        parts = urlsplit(url)
        # A name in the query part (…?dbname=x) would win over ours.
        query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key != "dbname"])
        url = f"{parts.scheme}://{parts.netloc}/" + (f"?{query}" if query else "")
    return replace(settings, store=replace(settings.store, database_url=url, database_name=name))
