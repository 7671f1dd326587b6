"""Part door of profiles, light to load: read for a purpose that is written down, shown to whom they are of, struck out, forgotten."""

from __future__ import annotations

from honghua.lab.profiles.forgetting import forget_person, key_of_person
from honghua.lab.profiles.reading import (
    Allowed,
    ToldTag,
    allow_all,
    allow_uses,
    find_uses,
    list_own,
    look_at_profile,
    read_profile,
)
from honghua.lab.profiles.refusing import allow_tag, refuse_tag
from honghua.lab.profiles.store import ProfileRow, count_tags, list_customers, list_lags, list_refused

__all__ = [
    "Allowed", "ProfileRow", "ToldTag", "allow_all", "allow_tag", "allow_uses", "count_tags", "find_uses", "forget_person",
    "key_of_person", "list_customers", "list_lags", "list_own", "list_refused", "look_at_profile", "read_profile", "refuse_tag",
]  # fmt: skip
