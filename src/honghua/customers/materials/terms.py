"""The kinds of evidence as the operator configures them (`data/materials.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from honghua.base.errors import BadInput
from honghua.customers.core.materials import PPM, SAYINGS, MaterialTerms

WAYS = frozenset({"source", "upload"})


@cache
def load_materials() -> Mapping[str, MaterialTerms]:
    """The shipped kinds, by their names."""
    return read_materials((files("honghua.customers") / "data" / "materials.toml").read_text(encoding="utf-8"))


def read_materials(text: str) -> Mapping[str, MaterialTerms]:
    """Kinds from TOML; BadInput for one that says what we have no word for, comes no way, or lasts no day."""
    return MappingProxyType({name: _read_one(name, table) for name, table in tomllib.loads(text).items()})


def _read_one(name: str, table: Mapping[str, Any]) -> MaterialTerms:
    try:
        one = MaterialTerms(kind=name, **{**table, "says": tuple(table["says"]), "ways": tuple(table["ways"])})
    except (KeyError, TypeError) as error:
        raise BadInput(f"kind of evidence {name}: {error}", code="MATERIAL_TERMS_WRONG") from error
    is_known = set(one.says) <= set(SAYINGS) and set(one.ways) <= WAYS and bool(one.says) and bool(one.ways)
    if not is_known or min(one.fresh_days, one.valid_days, one.version) < 1 or not 0 < one.share_ppm <= PPM:
        raise BadInput(f"kind of evidence {name} says nothing that we can use", code="MATERIAL_TERMS_WRONG")
    return one


__all__ = ["load_materials", "read_materials"]
