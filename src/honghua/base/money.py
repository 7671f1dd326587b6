"""Money: whole minor units of one currency. No floats, no silent rounding, no adding of yuan to yen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from honghua.base.errors import BadInput

MINOR_MAX = 9 * 10**15
"""The largest |amount| that we hold: below 2**53, so JSON readers keep it exact, and 1000 of them fit in an int64."""

TEXT_CHARS_MAX = 40

# ISO 4217 list one (2025): digits after the point. Most have two, so only the others are written out.
_DIGITS_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_DIGITS_2 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_DIGITS_3 = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS_4 = "CLF UYW"
CURRENCY_DIGITS: dict[str, int] = {
    code: digits
    for digits, codes in ((0, _DIGITS_0), (2, _DIGITS_2), (3, _DIGITS_3), (4, _DIGITS_4))
    for code in codes.split()
}

_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?\Z")


def currency_digits(currency: str) -> int:
    """Digits after the point of an ISO 4217 code; BadInput when the code is not one."""
    digits = CURRENCY_DIGITS.get(currency)
    if digits is None:
        raise BadInput(f"unknown currency {currency!r}: an ISO 4217 code is wanted", code="UNKNOWN_CURRENCY")
    return digits


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` units (may be negative) of `currency`; |minor| ≤ MINOR_MAX. Raises BadInput on anything else."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise BadInput(f"money is a whole number of minor units, not {self.minor!r}", code="NOT_MINOR_UNITS")
        currency_digits(self.currency)
        check_minor(self.minor)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{format_minor(self.minor, self.currency)} {self.currency}"

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money):
            raise TypeError(f"money goes with money, not with {type(other).__name__}")
        if other.currency != self.currency:
            raise BadInput(f"{self.currency} and {other.currency} do not mix", code="CURRENCY_MISMATCH")
        return other


def check_minor(minor: int) -> int:
    """The same number, or BadInput when it is larger than we can hold."""
    if abs(minor) > MINOR_MAX:
        raise BadInput(f"amount {minor} is out of range: at most {MINOR_MAX} minor units", code="AMOUNT_TOO_LARGE")
    return minor


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a decimal string in major units ("12.3" CNY → 1230), exactly; BadInput names what is wrong."""
    digits = currency_digits(currency)
    match = _DECIMAL.match(text) if len(text) <= TEXT_CHARS_MAX else None
    if match is None:
        shown = repr(text[:TEXT_CHARS_MAX])
        raise BadInput(f"{shown} is not an amount: digits, a sign and a point are allowed", code="NOT_AN_AMOUNT")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > digits:
        raise BadInput(f"{text} has {len(fraction)} decimals, {currency} has {digits}", code="TOO_MANY_DECIMALS")
    minor = int(whole + fraction.ljust(digits, "0"))
    return check_minor(-minor if sign == "-" else minor)


def format_minor(minor: int, currency: str) -> str:
    """Major units with exactly the currency's digits: -1230 CNY → "-12.30"; parse_minor reads it back."""
    digits = currency_digits(currency)
    text = str(abs(minor)).rjust(digits + 1, "0")
    body = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return f"-{body}" if minor < 0 else body


def parse_money(text: str, currency: str) -> Money:
    """Money of a decimal string in major units; see parse_minor."""
    return Money(parse_minor(text, currency), currency)


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Share `total_minor` in proportion to `weights` (≥ 0, not all zero); the parts sum to it exactly.

    Largest remainder: each part is first rounded towards zero, then the units left over go one by one to the largest
    remainders, the earlier part first when two are equal. A weight of zero gets nothing.
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise BadInput("weights must be ≥ 0 and not all zero", code="BAD_WEIGHTS")
    whole = sum(weights)
    size = abs(total_minor)
    parts = [size * weight // whole for weight in weights]
    left = size - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda k: (-(size * weights[k] % whole), k))
    for k in by_remainder[:left]:
        parts[k] += 1
    return parts if total_minor >= 0 else [-part for part in parts]


def split_even(total_minor: int, n: int) -> list[int]:
    """`n` parts of floor(|total| / n), the remainder on the first: how instalments share principal and fee.

    Source: rules.md §1, instalment arithmetic.
    """
    if n < 1:
        raise BadInput(f"{n} parts: at least one is wanted", code="BAD_PARTS")
    each, left = divmod(abs(total_minor), n)
    parts = [each + left] + [each] * (n - 1)
    return parts if total_minor >= 0 else [-part for part in parts]
