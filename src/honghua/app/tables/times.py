"""Times of any table: instants, epochs, counted units, or steps of no known length, which are stretched to the windows' scale."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.replay_table import EPOCH, MICROSECOND, parse_times, scale_times
from honghua.app.tables.file import as_floats, as_texts
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput

Ints = NDArray[np.int64]
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
# Tried in this order on the whole column: the month stands before the day unless a day above 12 says otherwise.
FORMATS: Final = tuple(
    f"{day}{hour}"
    for day in ("%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m/%d/%y", "%d/%m/%y", "%Y%m%d",
                "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%Y年%m月%d日")
    for hour in (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "", "T%H:%M:%S", "%H%M%S")
)  # fmt: skip
# Well-known tables whose counter has a unit that its name doesn't tell: columns it has, in plain letters → unit.
KNOWN: Final = (
    (frozenset(("step", "nameorig")), "hour"), (frozenset(("step", "zipcodeori")), "day"), (frozenset(("time", "v28", "class")), "s"),
    (frozenset(("timestamp", "alertid")), "day"),
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
    """Whether times are numbers, also when they come as texts, and not dates such as 20260131."""
    if pa.types.is_temporal(column.type):
        return False
    head = as_floats(column.slice(0, 100))
    known = head[np.isfinite(head)]
    return len(known) > 0 and not ((known > 1.9e7).all() and _dates(known))


def _dates(head: NDArray[np.float64]) -> bool:
    """Whether numbers such as 20260131 are dates."""
    known = head[np.isfinite(head)].astype(np.int64)
    return bool(
        ((known // 100 % 100 >= 1) & (known // 100 % 100 <= 12) & (known % 100 <= 31) & (known < 21_000_000)).all()
    )


def guess_scale(
    column: pa.Array, name: str, table_map: TableMap, until: str, present: Sequence[str], notices: list[str]
) -> tuple[TimeScale, int]:
    """The scale of a column of times, and `until` on it (an instant in ISO form, or a number on the column's own scale).

    present: all columns of the file, by which well-known tables are told.
    """
    zone = ZoneInfo(table_map.timezone)
    limit = _number_of(until)
    if not is_counted(column):
        scale = TimeScale(instants=True, text_format=_text_format(column, name))
        if limit is not None and (epoch := epoch_of(limit, limit)):
            last_us = round(limit * UNIT_US[epoch])
        else:
            last_us = instant_of_text(until, zone)
        past = instants_of(column, scale, table_map.timezone, name)
        past = past[past <= last_us]
        has_hours = len(past) > 0 and bool((past % DAY_US != past[0] % DAY_US).any())
        return replace(scale, has_hours=has_hours), last_us
    values = as_floats(column)
    known = values[np.isfinite(values)]
    if len(known) == 0:
        raise BadInput(f"column {name}: there is no time in it", code="TIME_INVALID")
    unit = table_map.time_unit
    epoch = epoch_of(float(known.min()), float(known.max()))
    if epoch and unit in ("", epoch):
        per = float(UNIT_US[epoch])
        notices.append(f"times are {epoch} since 1970")
        told = limit is not None and epoch_of(limit, limit) != ""
        return TimeScale(instants=False, unit_us=per), round((limit or 0.0) * per) if told else instant_of_text(
            until, zone
        )
    if limit is None:
        text = f"column {name} counts time in numbers, from {known.min():.15g} to {known.max():.15g}; --until must be such a number"
        raise BadInput(f"{text}, not {until}", code="BAD_UNTIL")
    if not unit:
        unit = unit_of(name, present)
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


def epoch_of(low: float, high: float) -> str:
    """The unit in which numbers from low to high are times since 1970 (2001 … 2286), "" when they are not."""
    return next((unit for least, most, unit in EPOCHS if least <= low and high < most), "")


def unit_of(name: str, present: Sequence[str]) -> str:
    """What a counter counts, by the table's other columns or its own name; "step" when nothing says."""
    plain = "".join(c for c in name.lower() if c.isalnum())
    others = {"".join(c for c in other.lower() if c.isalnum()) for other in present}
    for told, unit in KNOWN:
        if told <= others and plain in told:
            return unit
    return next((unit for word, unit in WORDS if word in plain), "step")


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
    """ "" for ISO texts and stored times, else the first known format that reads all of the column."""
    if not pa.types.is_string(column.type):
        return ""
    known = column.drop_null()
    head = known.slice(0, 1000)
    if not parse_times(_iso(head).to_pylist())[2].any():
        return ""
    for text_format in FORMATS:
        if _strptime(head, text_format).null_count == 0 and _strptime(known, text_format).null_count == 0:
            return text_format
    odd = head.filter(pa.array(parse_times(_iso(head).to_pylist())[2]))
    raise BadInput(
        f"column {name}: {odd[0].as_py()!r} is no time of a form known, such as 2026-11-11 20:00:00",
        code="TIME_INVALID",
    )


def _strptime(column: pa.Array, text_format: str) -> pa.Array:
    return pc.strptime(pc.utf8_trim_whitespace(column), format=text_format, unit="us", error_is_null=True)


def _iso(column: pa.Array) -> pa.Array:
    """ISO texts as all readers take them: no zone in words but UTC, hours of two digits."""
    column = pc.replace_substring_regex(column, r"\s*(?:UTC|GMT|\[UTC\])\s*$", "+00:00")
    return pc.replace_substring_regex(column, r"^(\s*\d{4}-\d{2}-\d{2})[ T](\d:)", r"\1 0\2")


def iso_micros(column: pa.Array) -> NDArray[np.float64]:
    """float64[n] microseconds since 1970 of ISO texts, NaN where a text is none; naive ones are taken as UTC."""
    micros, _, bad = read_iso(column)
    return np.where(bad, np.nan, micros)


def read_iso(column: pa.Array) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """As `parse_times`; at once where no text names a zone."""
    column = _iso(column)
    try:
        return scale_times(pc.cast(pc.utf8_trim_whitespace(column), pa.timestamp("us")))
    except pa.ArrowInvalid:
        coded = column.dictionary_encode()
        micros, naive, bad = parse_times([*coded.dictionary.to_pylist(), None])
        codes = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
        return micros[codes], naive[codes], bad[codes]


def join_times(parts: Sequence[pa.Array]) -> pa.Array:
    """One column of ISO texts: year, month, day and a time of day; or a date and a time of day, which may be hours."""
    texts = [_day_text(part) if k == 0 else as_texts(part) for k, part in enumerate(parts)]
    if len(parts) >= 3 and all(np.isfinite(as_floats(part)).any() for part in parts[:3]):
        year, month, day = texts[:3]
        date = pc.binary_join_element_wise(year, pc.utf8_lpad(month, 2, "0"), pc.utf8_lpad(day, 2, "0"), "-")
        texts = [date, *texts[3:]]
    if len(texts) == 1:
        return texts[0]
    head = texts[0].drop_null().slice(0, 1000)
    if pc.any(pc.match_substring(head, ":")).as_py():
        return texts[0]  # the first part says the time of day itself
    hours = pc.match_substring_regex(texts[1], r"^\d{1,2}$")
    clock = pc.if_else(hours, pc.binary_join_element_wise(pc.utf8_lpad(texts[1], 2, "0"), "00", ":"), texts[1])
    clock = pc.replace_substring_regex(clock, r"^(\d:)", r"0\1")
    return pc.binary_join_element_wise(texts[0], clock, " ")


def _day_text(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(as_texts(column), r"[ T]00:00:00(\.0+)?$", "")


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
            micros, naive, bad = scale_times(_strptime(column, scale.text_format))
        else:
            micros, naive, bad = read_iso(column)
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


__all__ = ["DAY_US", "TimeScale", "guess_scale", "instants_of", "is_counted", "iso_micros", "join_times", "local_parts"]
