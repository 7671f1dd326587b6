"""What jobs that learn of customers are told by the settings: where profiles remember, and whose limits are moved by lot."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from honghua.app.settings import Settings
from honghua.limits.response.api import SliceTerms, read_slice_terms

PROFILES: Final = "profiles"


def find_profiles_folder(settings: Settings, database: str) -> Path:
    """Of the snapshots of what profiles remember, by database."""
    return settings.store.state_dir / PROFILES / database


def find_limit_slice(settings: Settings) -> SliceTerms | None:
    """The slice that the site named; BadInput where its file tells none."""
    return read_slice_terms(Path(settings.limit_slice)) if settings.limit_slice else None


__all__ = ["find_limit_slice", "find_profiles_folder"]
