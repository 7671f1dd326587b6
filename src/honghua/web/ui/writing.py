"""How amounts, days and shares are written for a reader, and how an amount that they typed is read."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from honghua.base.errors import BadInput
from honghua.base.money import currency_digits, parse_minor

LOCALES: Final = {"zh": Locale("zh", "CN", script="Hans"), "en": Locale("en", "US")}
TYPED_CHARS_MAX: Final = 40
PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Writing:
    """Everything by one language ("zh" or "en") and one time zone."""

    language: str
    zone: dt.tzinfo

    @property
    def locale(self) -> Locale:
        """The locale of the language."""
        return LOCALES[self.language]

    def money(self, minor: int, currency: str) -> str:
        """An amount with its currency: ¥1,234.50, CN¥1,234.50."""
        return format_currency(major(minor, currency), currency, locale=self.locale)

    def money_in(self, currency: str) -> Callable[[float], str]:
        """How a chart writes minor units."""
        return lambda minor: self.money(round(minor), currency)

    def signed_money(self, minor: int, currency: str) -> str:
        """The same with a plus where it adds."""
        return ("+" if minor > 0 else "") + self.money(minor, currency)

    def amount(self, minor: int, currency: str) -> str:
        """An amount without its currency, as a field would hold it: 1,234.50."""
        digits = currency_digits(currency)
        return format_decimal(major(minor, currency), format=f"#,##0.{'0' * digits}".rstrip("."), locale=self.locale)

    def day(self, day: dt.date) -> str:
        """A date: 2026年11月22日, Nov 22, 2026."""
        return format_date(day, format="long" if self.language == "zh" else "medium", locale=self.locale)

    def short_day(self, day: dt.date) -> str:
        """Month and day alone: 11月22日, Nov 22."""
        return format_date(day, format="M月d日" if self.language == "zh" else "MMM d", locale=self.locale)

    def moment(self, instant: dt.datetime) -> str:
        """Date and time in the site's zone, to the minute."""
        local = instant.astimezone(self.zone)
        joint = " " if self.language == "zh" else ", "
        return f"{self.day(local.date())}{joint}{self.clock_time(instant)}"

    def exact(self, instant: dt.datetime) -> str:
        """Date and time in the site's zone, to the second."""
        return format_datetime(instant, format="medium", tzinfo=self.zone, locale=self.locale)

    def clock_time(self, instant: dt.datetime) -> str:
        """Hours and minutes in the site's zone."""
        return format_time(instant, format="short", tzinfo=self.zone, locale=self.locale)

    def span(self, length: dt.timedelta) -> str:
        """A length of time in its biggest unit: 2 小时, 2 hours."""
        return format_timedelta(length, threshold=1.2, locale=self.locale)

    def percent(self, ppm: int, *, places: int = 2) -> str:
        """A share of a million as a percentage with at most so many places."""
        return format_percent(
            Decimal(ppm) / PPM, format=f"#,##0.{'#' * places}%".replace(".%", "%"), locale=self.locale
        )

    def rate(self, percent: Decimal) -> str:
        """A percentage that is one already, with two places: 16.38%."""
        return format_decimal(percent, format="#,##0.00", locale=self.locale) + "%"

    def count(self, number: int | float | Decimal) -> str:
        """A number with its groups: 12,345."""
        return format_decimal(number, locale=self.locale)

    def read_amount(self, text: str, currency: str) -> int:
        """Minor units of what somebody typed; full-width forms count as their plain ones. BadInput with a code says what is wrong.

        Groups, where they stand, must be right: 1,234.5 is an amount and 1,23 is not, for nobody knows which was meant.
        """
        plain = unicodedata.normalize("NFKC", text[: TYPED_CHARS_MAX + 1]).replace("¥", "").strip()
        if not plain:
            raise BadInput("nothing was typed", code="AMOUNT_EMPTY")
        symbols = self.locale.number_symbols["latn"]
        group, point = re.escape(symbols["group"]), re.escape(symbols["decimal"])
        if len(text) > TYPED_CHARS_MAX or not re.fullmatch(
            rf"(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+)(?:{point}[0-9]+)?", plain
        ):
            raise BadInput(f"{plain[:TYPED_CHARS_MAX]!r} is not an amount", code="NOT_AN_AMOUNT")
        return parse_minor(plain.replace(symbols["group"], "").replace(symbols["decimal"], "."), currency)


def major(minor: int, currency: str) -> Decimal:
    """Major units, exactly."""
    return Decimal(minor).scaleb(-currency_digits(currency))
