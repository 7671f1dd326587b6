"""Passwords: argon2id with its parameters in this one place, and which passwords are no good."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from honghua.base.errors import BadInput

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 128
HASHING_AT_ONCE: Final = 4  # each takes MEMORY_KIB: so many people at the door cannot fill the memory
MEMORY_KIB: Final = 47_104  # OWASP's first recommendation for argon2id: 46 MiB, one pass, one lane
HASHER: Final = PasswordHasher(
    time_cost=1, memory_cost=MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
GATE: Final = threading.BoundedSemaphore(HASHING_AT_ONCE)
# What people of this place put in, beside what the estimator's lists know: 30,000 passwords and as many words and names, English above all.
LOCAL: Final = (
    "honghua", "woaini", "mima", "taobao", "tmall", "alipay", "weixin", "wechat", "beijing", "shanghai", "zhongguo", "zhifubao",
    "administrator", "changeme", "5201314", "1314520", "888888", "666666",
)  # fmt: skip
# Below it a guesser who knows the lists, keyboards and dates is there too soon: zxcvbn's highest grade (Wheeler, USENIX Security 2016).
GUESSES_MIN: Final = 10**10
NAME_LENGTH_MIN: Final = 3
FOLDED_MAX: Final = 18  # characters that one can become when it is composed anew (U+FDFA)
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
    written = _fold(password)
    folded = written.casefold()
    if len(set(folded)) < DIFFERENT_MIN:
        raise BadInput("too few different characters", code="PASSWORD_WEAK")
    found = zxcvbn(written, user_inputs=[*LOCAL, *about], max_length=LENGTH_MAX * FOLDED_MAX)
    if found["guesses"] < GUESSES_MIN:
        raise BadInput(
            "programs that guess passwords are there too soon: words, names, rows of keys, dates",
            code="PASSWORD_COMMON",
        )
    for name in about:
        if len(name) >= NAME_LENGTH_MIN and name.casefold() in folded:
            raise BadInput("a password does not contain its owner's name", code="PASSWORD_OWN_NAME")


def _fold(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)
