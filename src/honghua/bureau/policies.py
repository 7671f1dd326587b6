"""What is configured in files: repair policies, and what each product does with the bureau. Ours, or ones that an operator hands in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from honghua.base.errors import BadInput
from honghua.bureau.core.codes import AccountType
from honghua.bureau.core.records import ProductSetting
from honghua.bureau.core.repair import RepairPolicy, parse_policy

Products = Mapping[str, ProductSetting]


def load_policies(*, path: Path | None = None) -> tuple[RepairPolicy, ...]:
    """All repair policies of a TOML file. BadInput for a file that is none, or a name that stands there twice."""
    found = tuple(parse_policy(row) for row in _rows(path, "repair_policies.toml", "policy"))
    if len({policy.name for policy in found}) != len(found):
        raise BadInput("a repair policy stands there twice", code="POLICY_INVALID")
    return found


def load_products(*, path: Path | None = None) -> Products:
    """Settings by product; "*" stands for those not named."""
    found = {}
    for row in _rows(path, "products.toml", "product"):
        try:
            setting = ProductSetting(**{**row, "account_type": AccountType(row["account_type"])})
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"bureau settings of a product: {error}", code="PRODUCT_INVALID") from None
        if setting.product in found or (setting.reports and not setting.reporter):
            raise BadInput(f"{setting.product} stands there twice, or reports under no name", code="PRODUCT_INVALID")
        found[setting.product] = setting
    return found


def get_setting(products: Products, product: str) -> ProductSetting:
    """The setting of a product, that of "*" where it is not named; BadInput when there is neither."""
    found = products.get(product) or products.get("*")
    if found is None:
        raise BadInput(f"nobody said what {product} does with the bureau", code="PRODUCT_UNKNOWN")
    return found


def _rows(path: Path | None, name: str, table: str) -> list[dict[str, Any]]:
    place = files("honghua.bureau") / "data" / name if path is None else path
    try:
        document = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{place}: {error}", code="POLICY_INVALID") from None
    rows = document.get(table)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{place}: no [[{table}]]", code="POLICY_INVALID")
    return rows
