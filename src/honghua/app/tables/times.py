"""Times of any table: instants, epochs, counted units, or steps of no known length, which are stretched to the windows' scale."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.replay_table import EPOCH, MICROSECOND, parse_times, scale_times
from honghua.app.tables.file import as_floats
from honghua.base.errors import BadInput

Ints = NDArray[np.int64]
DAY_US: Final = 86_400_000_000
UNIT_US: Final = {"us": 1, "ms": 1_000, "s": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": DAY_US}
STRETCHED_DAYS: Final = 90  # the fitting part of a counter without a unit becomes so long: the longest window
ORIGIN_DAYS: Final = 1  # counted times begin here: the memories know no time 0
EPOCHS: Final = ((1e9, 1e10, "s"), (1e12, 1e13, "ms"), (1e15, 1e16, "us"))  # 2001 … 2286
WORDS: Final = (
    ("second", "s"),
    ("transactiondt", "s"),
    ("minute", "minute"),
    ("hour", "hour"),
    ("day", "day"),
    ("step", "hour"),
)
FORMATS: Final = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y%m%d",
)  # fmt: skip
ROWS_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class TimeScale:
    """How a column becomes microseconds: instants as they are, or origin_us + unit_us × (value − start).

    named: the unit is a real one (so a delay in days means days); has_hours: the hour of the day can be told.
    """

    instants: bool
    unit_us: float = 1.0
    start: float = 0.0
    origin_us: int = 0
    named: bool = True
    has_hours: bool = True
    text_format: str = ""


def is_counted(column: pa.Array) -> bool:
    """Whether times are numbers, also when they come as texts."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return True
    if not pa.types.is_string(column.type):
        return False
    head = as_floats(column.slice(0, 100))
    return bool(np.isfinite(head).any()) and not (
        len(head) and (head[np.isfinite(head)] > 1.9e7).all() and _dates(head)
    )


def _dates(head: NDArray[np.float64]) -> bool:
    """Whether numbers such as 20260131 are dates."""
    known = head[np.isfinite(head)].astype(np.int64)
    return bool(
        ((known // 100 % 100 >= 1) & (known // 100 % 100 <= 12) & (known % 100 <= 31) & (known < 21_000_000)).all()
    )


def guess_scale(
    column: pa.Array, name: str, table_map: TableMap, until: str, notices: list[str]
) -> tuple[TimeScale, int]:
    """The scale of a column of times, and `until` on it (an instant in ISO form, or a number on the column's own scale)."""
    zone = ZoneInfo(table_map.timezone)
    if not is_counted(column):
        text_format = _text_format(column, name)
        scale = TimeScale(instants=True, text_format=text_format)
        micros = instants_of(column, scale, table_map.timezone, name)
        scale = TimeScale(
            instants=True, text_format=text_format, has_hours=bool((micros % DAY_US != micros[0] % DAY_US).any())
        )
        return scale, instant_of_text(until, zone)
    values = as_floats(column)
    known = values[np.isfinite(values)]
    if len(known) == 0:
        raise BadInput(f"column {name}: there is no time in it", code="TIME_INVALID")
    limit = _number_of(until)
    unit = table_map.time_unit
    epoch = next((u for low, high, u in EPOCHS if low <= known.min() and known.max() < high), "")
    if epoch and unit in ("", epoch):
        per = float(UNIT_US[epoch])
        notices.append(f"times are {epoch} since 1970")
        scale = TimeScale(instants=False, unit_us=per)
        return scale, instant_of_text(until, zone) if limit is None else round(limit * per)
    if limit is None:
        raise BadInput(
            f"column {name} counts time in numbers; --until must be such a number, not {until}", code="BAD_UNTIL"
        )
    if not unit:
        plain = name.lower().replace("_", "")
        unit = next((u for word, u in WORDS if word in plain), "step")
        stretched = f"counted in steps that are stretched until the fitting part is {STRETCHED_DAYS} days long, as the longest window"
        notices.append(
            f"[time] unit is not in the map: {name} is {f'taken as {unit}s' if unit != 'step' else stretched}"
        )
    start = float(known.min())
    origin = ORIGIN_DAYS * DAY_US
    if unit == "step":
        span = max(limit - start, 1.0)
        per = STRETCHED_DAYS * DAY_US / span
    else:
        per = float(UNIT_US[unit])
    scale = TimeScale(False, per, start, origin, unit != "step", unit in ("us", "ms", "s", "minute", "hour"))
    return scale, origin + round((limit - start) * per)


def _number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def instant_of_text(text: str, zone: ZoneInfo) -> int:
    """Microseconds of an ISO instant; a naive one is of the zone."""
    try:
        at = dt.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"--until {text}: not an instant such as 2026-11-11 or 2026-11-11T20:00:00", code="BAD_UNTIL"
        ) from error
    return ((at.replace(tzinfo=zone) if at.tzinfo is None else at) - EPOCH) // MICROSECOND


def _text_format(column: pa.Array, name: str) -> str:
    """ "" for ISO texts and stored times, else the first known format that reads the first rows."""
    if not pa.types.is_string(column.type):
        return ""
    head = column.slice(0, 1000).drop_null()
    if not parse_times(head.to_pylist())[2].any():
        return ""
    for text_format in FORMATS:
        if pc.strptime(head, format=text_format, unit="us", error_is_null=True).null_count == 0:
            return text_format
    raise BadInput(
        f"column {name}: {head[0].as_py()!r} is no time of the form 2026-11-11 20:00:00", code="TIME_INVALID"
    )


def instants_of(column: pa.Array, scale: TimeScale, timezone: str, name: str, *, missing_ok: bool = False) -> Ints:
    """int64[n] microseconds on the events' scale. BadInput names rows without a time, unless these are welcome (then 0)."""
    if not scale.instants:
        values = as_floats(column)
        bad = ~np.isfinite(values)
        micros = np.rint(scale.origin_us + (np.where(bad, scale.start, values) - scale.start) * scale.unit_us).astype(
            np.int64
        )
    elif pa.types.is_string(column.type):
        if scale.text_format:
            parsed = pc.strptime(column, format=scale.text_format, unit="us", error_is_null=True)
            micros, naive, bad = scale_times(parsed)
        else:
            micros, naive, bad = parse_times(column.to_pylist())
        micros = _placed(micros, naive, timezone)
    elif pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        micros, naive, bad = scale_times(column)
        micros = _placed(micros, naive, timezone)
    else:
        raise BadInput(f"column {name} is {column.type}, not a time", code="BAD_COLUMNS")
    bad = bad | (micros < 0)
    if bad.any() and not missing_ok:
        rows = np.flatnonzero(bad)
        shown = ", ".join(str(row + 1) for row in rows[:ROWS_NAMED].tolist())
        more = f" and {len(rows) - ROWS_NAMED:,} more" if len(rows) > ROWS_NAMED else ""
        raise BadInput(f"column {name}: the time is missing or not readable in row {shown}{more}", code="TIME_INVALID")
    return np.where(bad, 0, micros)


def _placed(micros: Ints, naive: NDArray[np.bool_], timezone: str) -> Ints:
    """Naive times are of the map's zone."""
    local = pa.array(micros, pa.timestamp("us"))
    placed = pc.assume_timezone(local, timezone, ambiguous="earliest", nonexistent="earliest")
    return np.where(naive, np.asarray(placed.cast(pa.int64())), micros)


def local_parts(at_us: Ints, timezone: str) -> tuple[Ints, Ints]:
    """Hour 0 … 23 and weekday 0 … 6 (Monday = 0) in the zone."""
    instants = pa.array(at_us, pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", tz=timezone))
    local = pc.local_timestamp(instants)
    return np.asarray(pc.hour(local), np.int64), np.asarray(pc.day_of_week(local), np.int64)


__all__ = ["DAY_US", "TimeScale", "guess_scale", "instants_of", "local_parts"]
