"""Passwords: argon2id with its parameters in this one place, and which passwords are no good."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from honghua.base.errors import BadInput

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 128
HASHING_AT_ONCE: Final = 4  # each takes MEMORY_KIB: so many people at the door cannot fill the memory
MEMORY_KIB: Final = 47_104  # OWASP's first recommendation for argon2id: 46 MiB, one pass, one lane
HASHER: Final = PasswordHasher(
    time_cost=1, memory_cost=MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
GATE: Final = threading.BoundedSemaphore(HASHING_AT_ONCE)
ROWS: Final = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qazwsxedcrfvtgbyhnujmikolp",
)
DATE: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:19|20)\d\d")
OWN_MIN: Final = 5  # characters that must be left when everything that follows a rule is taken away
COMMON: Final = frozenset(
    ("password", "passw0rd", "letmein", "welcome", "qwertyuiop", "qwerty", "admin", "administrator", "iloveyou", "monkey", "dragon",
     "football", "baseball", "sunshine", "princess", "master", "shadow", "superman", "trustno", "changeme", "secret", "honghua",
     "woaini", "mima", "taobao", "alipay", "beijing", "shanghai", "abcdef", "abcdefghijkl", "asdfghjkl", "zxcvbnm", "qazwsx", "login")
)  # fmt: skip
LEET: Final = str.maketrans("@01345$7!", "aoleasstl")
EDGES: Final = re.compile(r"^[^a-z@$]+|[^a-z@$]+$")  # what people put around a word to make it count
RUN_LENGTH: Final = 4
NAME_LENGTH_MIN: Final = 3
DIFFERENT_MIN: Final = 6


@cache
def make_dummy() -> str:
    """Verified where there is nobody of that name, so that the answer takes as long as for somebody. Nobody knows its password."""
    return HASHER.hash("nobody's password: " + "\x00")


def hash_password(password: str) -> str:
    """A password as it is kept: parameters, salt and hash in one text."""
    with GATE:
        return HASHER.hash(_fold(password))


def is_password(kept: str | None, password: str) -> bool:
    """Whether it is the one. None: there is nobody; the answer is no, after the same work."""
    if len(password) > LENGTH_MAX:
        return False
    try:
        with GATE:
            # Also where it is not needed: the first caller of a process waits for it, whoever they ask for.
            dummy = make_dummy()
            HASHER.verify(kept or dummy, _fold(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_rehash(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return HASHER.check_needs_rehash(kept)


def check_password(password: str, *, about: tuple[str, ...] = ()) -> None:
    """BadInput says why a password is no good. about: what others know of its owner: names."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise BadInput(f"a password has {LENGTH_MIN} … {LENGTH_MAX} characters", code="PASSWORD_LENGTH")
    folded = _fold(password).casefold()
    if len(set(folded)) < DIFFERENT_MIN:
        raise BadInput("too few different characters", code="PASSWORD_WEAK")
    words = re.sub(r"[^a-z]", "", EDGES.sub("", folded).translate(LEET))
    rest = words
    for common in sorted(COMMON, key=len, reverse=True):
        rest = rest.replace(common, "")
    if words and len(rest) < RUN_LENGTH and len(words) - len(rest) >= len(rest):
        raise BadInput("this is a password that everybody tries first", code="PASSWORD_COMMON")
    if len(find_own(folded)) < OWN_MIN:
        raise BadInput("this is a row of keys, a repetition or a date", code="PASSWORD_COMMON")
    for name in about:
        if len(name) >= NAME_LENGTH_MIN and name.casefold() in folded:
            raise BadInput("a password does not contain its owner's name", code="PASSWORD_OWN_NAME")


def find_own(folded: str) -> str:
    """What of a password follows no rule that guessing programs begin with: rows of keys forwards and backwards, dates, repetitions."""
    rest = DATE.sub("", folded)
    for row in ROWS:
        for way in (row, row[::-1]):
            for size in range(len(way), RUN_LENGTH - 2, -1):
                for at in range(len(way) - size + 1):
                    rest = rest.replace(way[at : at + size], "")
    return re.sub(r"(.+?)\1+", r"\1", rest)  # each repetition counts once


def _fold(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)
