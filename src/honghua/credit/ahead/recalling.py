"""A batch of commands by their keys: which are new, which were answered before, which are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from honghua.credit.core.commands import Command
from honghua.credit.core.desk import Answer
from honghua.credit.core.refusals import refusal
from honghua.store.commands import StoredCommand


@dataclass(slots=True)
class Batch:
    """A batch while it is answered. hashes: of the bodies, by place; stored: answers of earlier days, by key; first: where each new key
    stands first; answers: new ones, by place."""

    commands: Sequence[Command]
    hashes: Sequence[bytes]
    stored: Mapping[str, StoredCommand]
    first: dict[str, int] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for i, command in enumerate(self.commands):
            if command.key and command.key not in self.stored:
                self.first.setdefault(command.key, i)

    @property
    def fresh(self) -> list[int]:
        """Places of the commands that are to be answered now."""
        return list(self.first.values())

    def answer(self, answers: Sequence[Answer]) -> list[Answer]:
        """All answers, where these are the new ones' in order."""
        self.answers = dict(zip(self.first.values(), answers, strict=True))
        return [self._recall(place) for place in range(len(self.commands))]

    def _recall(self, place: int) -> Answer:
        """The answer at a place: new, remembered, or a refusal of its key."""
        key = self.commands[place].key
        if not key:
            return refusal("KEY_MISSING")
        if key in self.stored:
            known = self.stored[key]
            same = known.body_hash == self.hashes[place]
            return {**known.answer, "repeated": True} if same else refusal("KEY_REUSED")
        origin = self.first[key]
        if origin == place:
            return self.answers[place]
        same = self.hashes[origin] == self.hashes[place]
        return {**self.answers[origin], "repeated": True} if same else refusal("KEY_REUSED")


__all__ = ["Batch"]
