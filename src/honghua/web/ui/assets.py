"""What browsers load from us: style, script, pictures and files from npm, under names that carry their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from honghua.base.errors import NotFound

UI: Final = Path(__file__).parent
DIGEST_CHARS: Final = 12
TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
STYLE: Final = "honghua.css"  # the files of ui/style, one after another
BROWSER: Final = ("htmx.js", "uplot.js", "uplot.css", "cytoscape.js")  # put there by tools/setup.sh


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its name with digest, its media type and its bytes."""

    hashed_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them, by plain name ("honghua.css") and by hashed name ("honghua.4f….css")."""

    by_name: Mapping[str, Asset]
    by_hashed_name: Mapping[str, Asset]

    def get(self, name: str) -> Asset:
        """The file of a plain name; NotFound says how to get one that npm brings."""
        asset = self.by_name.get(name)
        if asset is None:
            hint = ": run `make setup`" if name in BROWSER else ""
            raise NotFound(f"no browser file {name!r}{hint}")
        return asset


def load_assets() -> Assets:
    """Read everything once: our style and script, pictures, each console's own `style/` and `script/`, files from npm."""
    contents = {STYLE: b"\n".join(path.read_bytes() for path in sorted((UI / "style").glob("*.css")))}
    folders = [UI / "script", UI / "pictures", UI / "browser" / "files"]
    contents |= {path.name: path.read_bytes() for folder in folders for path in sorted(folder.glob("*.*"))}
    for console in sorted(UI.parent.iterdir()):
        if console != UI:
            found = [*console.glob("style/*.css"), *console.glob("script/*.js")]
            contents |= {f"{console.name}-{path.name}": path.read_bytes() for path in sorted(found)}
    by_name = {name: _make_asset(name, content) for name, content in contents.items() if Path(name).suffix in TYPES}
    return Assets(by_name, {asset.hashed_name: asset for asset in by_name.values()})


def _make_asset(name: str, content: bytes) -> Asset:
    path = Path(name)
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
    return Asset(f"{path.stem}.{digest}{path.suffix}", TYPES[path.suffix], content)
