"""The cap of one person's balance (rules.md §3): both lines of a holder count in it together, whichever of them asks for more.

What a line takes of the cap is its fixed and temporary limit, or what is owed, held or written off on it where that is more: a limit that
was cut below what is owed has not freed anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from honghua.credit.core.account import Account
from honghua.credit.core.kernels.measures import used_minor
from honghua.credit.core.layout import H_CHARGED_OFF, H_HELD, H_LIMIT, H_STATUS, H_TEMPORARY, STATUS_CLOSED, STATUS_NONE
from honghua.credit.core.lines.purposes import Purpose, holder_of, line_of, purpose_of


class Lines(Protocol):
    """Where lines are looked up that are not in hand: in the books, or nowhere."""

    def find(self, lines: Iterable[str]) -> Mapping[str, int]:
        """What lines of these references take of their holder's cap, minor units; those without an account are absent."""
        ...


class NoLines:
    """Nobody has another line."""

    def find(self, lines: Iterable[str]) -> Mapping[str, int]:
        """See `Lines.find`."""
        del lines
        return {}


def nobody(_: str) -> Account | None:
    """No account is in hand."""
    return None


@dataclass(slots=True)
class OtherLines:
    """The other line of each holder: the account that is in hand, as commands before this one left it, else as the books have it."""

    lines: Lines = field(default_factory=NoLines)
    find_here: Callable[[str], Account | None] = field(default=nobody)
    known: dict[str, int] = field(default_factory=dict)

    def learn(self, lines: Iterable[str]) -> None:
        """Look up the other lines of these in the books, all at once."""
        wanted = {find_other(line) for line in lines} - self.known.keys()
        if wanted:
            found = self.lines.find(wanted)
            self.known |= {line: found.get(line, 0) for line in wanted}

    def taken_minor(self, line: str) -> int:
        """What the other line of this line's holder takes of the cap that they share, minor units."""
        account = self.find_here(find_other(line))
        if account is not None:
            return taken_of(account)
        self.learn([line])
        return self.known[find_other(line)]


def taken_of(account: Account) -> int:
    """What a line takes of its holder's cap, minor units; nothing once it is closed."""
    head = account.head
    if int(head[H_STATUS]) in (STATUS_NONE, STATUS_CLOSED):
        return 0
    owed = int(used_minor(head, account.dues, account.plans)) + int(head[H_HELD]) + int(head[H_CHARGED_OFF])
    return max(int(head[H_LIMIT]) + int(head[H_TEMPORARY]), owed)


def find_other(line: str) -> str:
    """The reference of the other line of a line's holder."""
    other = Purpose.CONSUMPTION if purpose_of(line) is Purpose.BUSINESS else Purpose.BUSINESS
    return line_of(holder_of(line), other)


__all__ = ["Lines", "NoLines", "OtherLines", "find_other", "taken_of"]
