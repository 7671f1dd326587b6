"""A model that was fitted on a table, kept for the engine of a book: with its examination, and the plan by which purchases are sensed."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from honghua.app.tables.table import TableSpec
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.base.money import CURRENCY_DIGITS
from honghua.credit.api import MANIFEST, RiskSetup, zone_offset_us
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import LIVE_SCHEMA
from honghua.fraud.api import FraudModel, SensorSize


def keep_fitted(conn: psycopg.Connection, folder: Path, *, currency: str, at: dt.datetime) -> tuple[bytes, bytes]:
    """Keep the model of `honghua fraud fit --out FOLDER`; (digest of its plan, its digest). BadInput when purchases of a book lack what
    it reads, or its amounts are of another unit than the book's."""
    model = FraudModel.load(folder / "model")
    try:
        spec = TableSpec.load(folder / "table.json")
        size = SensorSize(**json.loads((folder / "until.json").read_text())["size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityBroken(f"{folder} holds no fitted fraud model") from error
    schema = spec.schema
    foreign = sorted(
        {extra.name for extra in spec.extras}
        | (set(schema.entities) | set(schema.numbers)).difference(LIVE_SCHEMA.entities, LIVE_SCHEMA.numbers)
    )
    if foreign:
        raise BadInput(
            f"the model reads columns that purchases of a book do not have: {', '.join(foreign)}",
            code="COLUMNS_FOREIGN",
        )
    if spec.amount_scale != 10.0 ** CURRENCY_DIGITS[currency]:
        raise BadInput(
            f"the table's amounts are counted in 1/{spec.amount_scale:g}, those of the book in {currency}",
            code="UNIT_DIFFERS",
        )
    plan = spec.plan if model.names == spec.plan.names else spec.plan.reading(model.names)
    setup = RiskSetup(
        plan, EngineSettings(size, math.ceil(spec.delay_us / DAY_US) + 1 if spec.label else 0),
        zone_offset_us(ZoneInfo(spec.timezone), at),
    )  # fmt: skip
    decision.save_model(conn, folder / "model", digest=model.digest, beside={MANIFEST: setup.manifest()})
    return plan.digest, model.digest


__all__ = ["keep_fitted"]
