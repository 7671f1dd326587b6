"""What tags are kept for: a tag without a declared use is kept of nobody (R-271: unused sensitive traits = 0)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from honghua.base.errors import BadInput
from honghua.lab.tags.book import DATA, SENSITIVITIES, Tag, TagBook


@dataclass(frozen=True, slots=True)
class Use:
    """Who needs tags and why, on which ground of law: tags of these groups, if their sensitivity is one of these.

    words, says: (Chinese, English). purposes: for which a person may read them, none = only machines do; is_refusable: a customer may
    strike them out.
    """

    name: str
    words: tuple[str, str]
    says: tuple[str, str]
    basis: str
    groups: tuple[str, ...]
    sensitivities: tuple[str, ...]
    purposes: tuple[str, ...]
    is_refusable: bool

    def needs(self, tag: Tag) -> bool:
        """Whether it needs this tag."""
        return tag.group in self.groups and tag.sensitivity in self.sensitivities


def read_uses(book: TagBook, *, folder: Path = DATA) -> tuple[Use, ...]:
    """The uses of `uses.toml`; BadInput where one names a group or a sensitivity that the book does not have, or gives no reason."""
    told = tomllib.loads((folder / "uses.toml").read_text(encoding="utf-8"))["use"]
    uses = tuple(
        Use(
            one["name"], (one["zh"], one["name"]), (one["says_zh"], one["says"]), one["basis"], tuple(one["groups"]),
            tuple(one["sensitivities"]), tuple(one["purposes"]), bool(one["refusable"]),
        ) for one in told
    )  # fmt: skip
    groups = {tag.group for tag in book.tags}
    wrong = [f"{use.name} names the group {name!r}" for use in uses for name in use.groups if name not in groups]
    wrong += [
        f"{use.name} names the sensitivity {name!r}" for use in uses for name in use.sensitivities if name not in SENSITIVITIES
    ]  # fmt: skip
    wrong += [f"{use.name} says neither why nor on which ground" for use in uses if not (all(use.says) and use.basis)]
    if wrong:
        raise BadInput("; ".join(wrong), code="BAD_USES")
    return uses


def keep_used(book: TagBook, uses: tuple[Use, ...]) -> TagBook:
    """The book of those tags only that some use needs."""
    return replace(book, tags=tuple(tag for tag in book.tags if any(use.needs(tag) for use in uses)))


def find_unused(names: tuple[str, ...], book: TagBook, uses: tuple[Use, ...]) -> tuple[str, ...]:
    """Which of these kept tags no use needs, or the book does not know: must be none."""
    return tuple(name for name in names if (tag := book.find(name)) is None or not any(use.needs(tag) for use in uses))


__all__ = ["Use", "find_unused", "keep_used", "read_uses"]
