"""Forms as they come back: what was typed is kept, each field's trouble stands beside it, money carries its idempotency key."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData

from honghua.base.errors import BadInput
from honghua.web.ui.pages import writing_of
from honghua.web.ui.writing import Writing

FIELDS_MAX: Final = 100
TEXT_CHARS_MAX: Final = 2_000
WHOLE_CHARS_MAX: Final = 18


@dataclass(slots=True)
class Form:
    """One form. values: as typed. errors: by field, a key of words with its values, for `field` of ui/parts.html."""

    values: dict[str, str]
    writing: Writing
    errors: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors

    def blame(self, name: str, words: str, **values: Any) -> None:
        """Say what is wrong with a field; the first word stands."""
        self.errors.setdefault(name, (words, values))

    def text(self, name: str, *, chars_max: int = 200, is_needed: bool = True) -> str:
        """A line of printable text, without blanks around it."""
        text = self.values.get(name, "").strip()
        if not text and is_needed:
            self.blame(name, "ui.error_needed")
        elif len(text) > chars_max:
            self.blame(name, "ui.error_too_long", n=chars_max)
        elif not text.replace("\n", "").replace("\r", "").isprintable():
            self.blame(name, "ui.error_unprintable")
        return text

    def whole(self, name: str, *, least: int = 0, most: int = 10**15) -> int:
        """A whole number, as hidden fields and choices carry it; `least` where it is wrong."""
        text = self.values.get(name, "").strip()
        if re.fullmatch(r"-?[0-9]+", text) and len(text) <= WHOLE_CHARS_MAX and least <= int(text) <= most:
            return int(text)
        self.blame(name, "ui.error_choose")
        return least

    def choice(self, name: str, offered: set[str] | frozenset[str]) -> str:
        """One of the values on offer; "" where none was chosen."""
        value = self.values.get(name, "")
        if value in offered:
            return value
        self.blame(name, "ui.error_choose")
        return ""

    def amount(self, name: str, currency: str, *, least: int = 1, most: int) -> int:
        """Minor units of an amount typed by the reader's own rules, within bounds; 0 where it is wrong."""
        try:
            minor = self.writing.read_amount(self.values.get(name, ""), currency)
        except BadInput as error:
            self.blame(name, AMOUNT_ERRORS.get(error.code, "ui.error_not_amount"))
            return 0
        if minor < least:
            self.blame(name, "ui.error_amount_low", least=self.writing.money(least, currency))
        elif minor > most:
            self.blame(name, "ui.error_amount_high", most=self.writing.money(most, currency))
        return minor if self.is_good or name not in self.errors else 0

    def key(self) -> str:
        """The idempotency key that the page was drawn with; BadInput when it is none: the form is not ours."""
        try:
            return str(uuid.UUID(self.values.get("key", "")))
        except ValueError:
            raise BadInput("the form carries no key", code="FORM_KEY_WRONG") from None


AMOUNT_ERRORS: Final = {
    "AMOUNT_EMPTY": "ui.error_needed",
    "TOO_MANY_DECIMALS": "ui.error_decimals",
    "AMOUNT_TOO_LARGE": "ui.error_not_amount",
}


async def read_form(request: Request, *, chars_max: int = TEXT_CHARS_MAX) -> Form:
    """The fields of a posted form; files are not taken."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as data:
        return take_form(request, data, chars_max=chars_max)


def take_form(request: Request, data: FormData, *, chars_max: int = TEXT_CHARS_MAX) -> Form:
    """The texts of a form that was opened already, for whoever also wants its files or many values of one field."""
    values = {name: value[:chars_max] for name, value in data.items() if isinstance(value, str)}
    if any("\0" in value for _, value in data.multi_items() if isinstance(value, str)):
        raise BadInput("no text holds NUL", code="FORM_UNREADABLE")
    return Form(values, writing_of(request))


def empty_form(request: Request, **values: str) -> Form:
    """A form before it is filled in."""
    return Form(values, writing_of(request))
