"""Personal fields: how each is written, checked, indexed and masked. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from enum import StrEnum
from typing import Final

from honghua.base.errors import BadInput
from honghua.customers.core.identity import IdRules, read_id_number


class Field(StrEnum):
    """One thing known about a person."""

    NAME = "name"
    PHONE = "phone"
    NATIONAL_ID = "national_id"
    EMAIL = "email"
    ADDRESS = "address"


class Part(StrEnum):
    """identity: what the law makes us keep for years after the end · contact: what goes when the customer goes."""

    IDENTITY = "identity"
    CONTACT = "contact"


PARTS: Final = {
    Field.NAME: Part.IDENTITY,
    Field.NATIONAL_ID: Part.IDENTITY,
    Field.PHONE: Part.CONTACT,
    Field.EMAIL: Part.CONTACT,
    Field.ADDRESS: Part.CONTACT,
}
INDEXED: Final = frozenset({Field.PHONE, Field.NATIONAL_ID})
LENGTH_MAX: Final = {Field.NAME: 60, Field.EMAIL: 254, Field.ADDRESS: 200}
MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
ABROAD: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
SEPARATORS: Final = re.compile(r"[\s\-()]")
EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
OF_ANY_AGE: Final = IdRules(age_max=dt.MAXYEAR)
ID_SENTENCES: Final = {
    "ID_OLD_FORMAT": "identity numbers of 15 digits are no longer valid",
    "ID_FORMAT": "an identity number has 17 digits and a check digit",
    "ID_REGION": "no region has these first digits",
    "ID_BIRTH_DATE": "no such day of birth",
    "ID_BIRTH_FUTURE": "the day of birth has not come",
    "ID_CHECK_DIGIT": "the check digit is wrong",
}
CHINA: Final = "+86"
SURNAMES_OF_TWO: Final = frozenset(
    ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙", "司徒", "夏侯", "南宫")
)


def normalise(field: Field, value: str) -> str:
    """The one way in which a value is kept and indexed; BadInput says what is wrong with it."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not text or not text.isprintable():
        raise BadInput(f"{field} is empty or has characters that cannot be printed", code="PERSONAL_INVALID")
    if field is Field.PHONE:
        return normalise_phone(text)
    if field is Field.NATIONAL_ID:
        return check_national_id(text.upper())
    if len(text) > LENGTH_MAX[field]:
        raise BadInput(f"{field} has at most {LENGTH_MAX[field]} characters", code="PERSONAL_INVALID")
    if field is Field.EMAIL:
        if not EMAIL.fullmatch(text):
            raise BadInput("this is no e-mail address", code="EMAIL_INVALID")
        return text.lower()
    return text


def normalise_phone(text: str) -> str:
    """+8613800001234: a mobile of China with or without its country, or a number abroad with it."""
    bare = SEPARATORS.sub("", text)
    local = bare.removeprefix(CHINA)
    if MOBILE.fullmatch(local):
        return CHINA + local
    if ABROAD.fullmatch(bare) and not bare.startswith(CHINA):
        return bare
    raise BadInput("this is no mobile number", code="PHONE_INVALID")


def check_national_id(text: str) -> str:
    """An identity number whose shape, day of birth and check digit are right (GB 11643-1999); on which day it is told does not matter."""
    reading = read_id_number(text, on=dt.date.max, rules=OF_ANY_AGE)
    if not reading.is_valid:
        raise BadInput(ID_SENTENCES[reading.problem], code="NATIONAL_ID_INVALID")
    return text


def mask(field: Field, value: str) -> str:
    """What a list or a log may show: enough for its owner to recognise it."""
    if field is Field.PHONE:
        return mask_phone(value)
    if field is Field.NATIONAL_ID:
        return value[:3] + "*" * (len(value) - 7) + value[-4:]
    if field is Field.NAME:
        return mask_name(value)
    if field is Field.EMAIL:
        local, _, host = value.partition("@")
        return f"{local[:1]}***@{host}"
    return value[:6] + "***" if len(value) > 6 else value[:1] + "***"


def mask_phone(value: str) -> str:
    """138****1234; abroad only the country's first digits and the last two."""
    local = value.removeprefix(CHINA)
    if MOBILE.fullmatch(local):
        return f"{local[:3]}****{local[-4:]}"
    return value[:3] + "*" * max(0, len(value) - 5) + value[-2:]


def mask_name(value: str) -> str:
    """李*, 欧阳**, J***: the family name, or the first letter."""
    if value.isascii():
        return value[:1] + "***"
    kept = 2 if value[:2] in SURNAMES_OF_TWO and len(value) > 2 else 1
    return value[:kept] + "*" * (len(value) - kept)


LONG_DIGITS: Final = re.compile(r"(?<![\w*])(\+?\d{4})\d{5,}(\d{2}|\d[Xx])(?![\w*])", re.ASCII)
MAIL_IN_TEXT: Final = re.compile(r"\b([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")


def mask_text(text: str) -> str:
    """A sentence for a log without phone numbers, identity and card numbers, or mail addresses in it.

    Runs of eleven digits and more are masked whatever they are: a masked order number is a small price.
    """
    masked = LONG_DIGITS.sub(r"\1****\2", text)
    return MAIL_IN_TEXT.sub(r"\1***@\2", masked)
