"""Asking a language model: what may be asked, what may come back, and the one that is always there and says nothing.

The model itself stands behind `agents.language.api`, which workers never load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from honghua.agents.core.entries import Cost

T = TypeVar("T")
U = TypeVar("U")


def pass_all(value: object) -> tuple[str, ...]:
    """No objection."""
    return ()


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One question. task: what to do, in our words; shown: our own artefacts as named texts; told: texts that others wrote; shape: a frozen
    dataclass of texts, lists of texts and such dataclasses; check: objections to a value, as sentences.

    Both are data and never instructions. Every figure in every text of the answer must stand in `shown`: what others wrote proves none.
    Code is no text. The gate looks itself (`language.screening`).
    """

    task: str
    shown: Mapping[str, str]
    shape: type[T]
    told: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[T], tuple[str, ...]] = field(default=pass_all)


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What came of it. value: None where nobody is there or nothing of it may be used; why: for the journal; transcript: JSON, kept."""

    value: T | None
    why: str
    cost: Cost = field(default_factory=Cost)
    transcript: bytes = b""

    def or_else(self, template: T) -> T:
        """What was said, or the words that we have ourselves."""
        return template if self.value is None else self.value


class Speaker(Protocol):
    """A language model behind its gate."""

    def ask(self, ask: Ask[U]) -> Said[U]:
        """Ask once, within the budget; never raises for what the model does."""
        ...


class Nobody:
    """No language model: the default. Everything works without one."""

    def ask(self, ask: Ask[U]) -> Said[U]:
        """Nothing."""
        return Said(None, "no language model is connected; our own words are used")


NOBODY: Final = Nobody()

__all__ = ["NOBODY", "Ask", "Nobody", "Said", "Speaker", "pass_all"]
