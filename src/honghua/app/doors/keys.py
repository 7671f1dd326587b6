"""The keys of this site: from the environment, else from a file of the state folder that only its owner may read."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.web.keyring import Secrets

SECRETS_FILE: Final = "secrets.json"
KEY_BYTES: Final = 32
FIELD_KEY_MAX: Final = 0x7FFF


def load_secrets(settings: Settings) -> Secrets:
    """The keys of this site: those of the environment, and for the rest those of the state folder, made at first use.

    Processes that start at once agree: whoever links the finished file first has made it. Raises BadInput for keys that are none,
    and for a file that others can read.
    """
    kept: dict[str, str] = {}
    if not (settings.keys.session_key and settings.keys.index_key and settings.keys.field_keys):
        kept = _read_kept(settings.store.state_dir)
    field_keys = settings.keys.field_keys or kept["field_keys"]
    *earlier, index_key = _read_index_keys(settings.keys.index_key or kept["index_key"])
    return Secrets(
        session_key=_read_key("HONGHUA_SESSION_KEY", settings.keys.session_key or kept["session_key"]),
        index_key=index_key,
        earlier_index_keys=tuple(earlier),
        field_keys=_read_numbered("HONGHUA_FIELD_KEYS", field_keys),
    )


def _read_kept(state_dir: Path) -> dict[str, str]:
    """The file of keys, made where there is none."""
    path = state_dir / SECRETS_FILE
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        _make_kept(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(f"{path} holds keys and others may read it (mode {mode:o}): chmod 600 {path}")
    found = json.loads(path.read_text(encoding="ascii"))
    return {name: str(found[name]) for name in ("session_key", "index_key", "field_keys")}


def _make_kept(path: Path) -> None:
    keys = {name: _draw_key() for name in ("session_key", "index_key")} | {"field_keys": f"1:{_draw_key()}"}
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(keys, file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(unfinished, path)  # unlike a rename, this does not replace what another process made meanwhile
    finally:
        unfinished.unlink()


def _draw_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _read_key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError as error:
        raise BadInput(f"{name} is no base64url") from error
    if len(key) != KEY_BYTES:
        raise BadInput(f"{name} has {KEY_BYTES} bytes in base64url")
    return key


def _read_index_keys(text: str) -> list[bytes]:
    """One key, or "1:key,2:key" without a gap: each generation of blind indexes stands on the one before."""
    if ":" not in text:
        return [_read_key("HONGHUA_INDEX_KEY", text)]
    found = _read_numbered("HONGHUA_INDEX_KEY", text)
    if sorted(found) != list(range(1, len(found) + 1)):
        raise BadInput("HONGHUA_INDEX_KEY names the keys 1, 2, … without a gap: the earlier ones are still needed")
    return [found[number] for number in sorted(found)]


def _read_numbered(name: str, text: str) -> dict[int, bytes]:
    """ "1:key,2:key" by number."""
    found: dict[int, bytes] = {}
    for part in text.split(","):
        number, colon, key = part.strip().partition(":")
        if not colon or not number.isascii() or not number.isdigit() or not 1 <= int(number) <= FIELD_KEY_MAX:
            raise BadInput(f"{name} is 1:key,2:key")
        if int(number) in found:
            raise BadInput(f"{name} names the key {number} twice")
        found[int(number)] = _read_key(name, key)
    return found
