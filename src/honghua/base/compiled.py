"""Where compiled kernels are cached: a folder named by the digest of every source of ours, so that no stale code can ever run.

Numba's own cache looks at the file of a kernel only; a kernel that calls one in another file would keep the old callee. Money must
not be computed by code that nobody can read any more: when any source changes, everything is compiled anew.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numba

PACKAGE = Path(__file__).resolve().parents[1]
PREFIX = "kernels-"
config: Any = numba.config


def digest_sources(package: Path) -> str:
    """Digest of every source file that holds a kernel: names and contents."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if "tests" not in path.parts:
            text = path.read_bytes()
            if b"@njit" in text or b"import njit" in text or path.name == "layout.py":
                digest.update(path.relative_to(package).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]


def place_cache(*, package: Path = PACKAGE) -> Path:
    """Point numba to this version's folder and drop the folders of other versions. An operator's NUMBA_CACHE_DIR is respected."""
    chosen = config.CACHE_DIR
    home = package / "__pycache__"
    name = PREFIX + digest_sources(package)
    if chosen:
        return Path(chosen)
    folder = home / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in home.glob(PREFIX + "*"):
            if old.name != name:
                shutil.rmtree(old, ignore_errors=True)
    except OSError:  # installed read-only
        folder = Path(tempfile.gettempdir()) / f"honghua-{name}"
    config.CACHE_DIR = str(folder)
    return folder
