"""What tags may read: tags that a dictionary knows, and sentences on those that read what none may."""

from __future__ import annotations

from collections.abc import Iterator

from honghua.base.errors import BadInput
from honghua.lab.factory.api import Dictionary, Factory
from honghua.lab.tags.book import Tag, TagBook


def keep_known(book: TagBook, dictionary: Dictionary) -> TagBook:
    """The book of those tags whose every variable means something in a dictionary; other data may tell of none."""
    factory = Factory(dictionary)

    def is_known(tag: Tag) -> bool:
        try:
            for name in tag.evidence:
                factory.find(name)
        except BadInput:
            return False
        return True

    return TagBook(tuple(tag for tag in book.tags if is_known(tag)), book.forbidden)


def forbidden_inputs(book: TagBook, dictionary: Dictionary) -> tuple[str, ...]:
    """Sentences on every tag that reads what none may: protected columns, or a word of the forbidden list. Empty = none does."""
    return tuple(_find_forbidden(book, dictionary))


def _find_forbidden(book: TagBook, dictionary: Dictionary) -> Iterator[str]:
    factory = Factory(dictionary)
    for tag in book.tags:
        for name in tag.evidence:
            lineage = factory.lineage(name)
            parts = {part for column in lineage.columns for part in (*column.replace(".", "_").split("_"), column)}
            parts |= {part for piece in name.split("__") for part in (piece, *piece.split("_"))}
            for column in set(lineage.columns) & set(dictionary.protected):
                yield f"{tag.name} reads the protected {column}"
            for word, why in book.forbidden:
                if word in parts:
                    yield f"{tag.name} reads {word} by {name}: {why}"


__all__ = ["forbidden_inputs", "keep_known"]
