"""The one tree of errors for a world that failed; refusals are values and bugs are asserts (STYLE §8)."""

from __future__ import annotations

from dataclasses import dataclass


class HonghuaError(Exception):
    """Root of everything Honghua raises on purpose; `code` is stable, `retryable` says whether the same call may go through later."""

    code = "HONGHUA_ERROR"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class BadInput(HonghuaError):
    """The caller sent something that no state of the world could accept; the message says what to change."""

    code = "BAD_INPUT"


class NotFound(HonghuaError):
    """A `get_` found nothing under the id that was asked for."""

    code = "NOT_FOUND"


class Conflict(HonghuaError):
    """The same idempotency key came with another body, or two writers raced for one name."""

    code = "CONFLICT"


class IntegrityBroken(HonghuaError):
    """A stored invariant does not hold: stop and look; retrying cannot help."""

    code = "INTEGRITY_BROKEN"


class WorldFailed(HonghuaError):
    """Something outside (database, bank, disk) failed; nothing was half done."""

    code = "WORLD_FAILED"
    retryable = True


class TimedOut(WorldFailed):
    """The world did not answer in time: the outcome is unknown until asked for again under the same key."""

    code = "TIMED_OUT"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with bulk input: where it stands (1-based row or line of the source), a stable code, and a sentence."""

    row: int
    code: str
    message: str
    column: str = ""

    def __str__(self) -> str:
        place = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A business no: a stable code and a sentence that a customer understands. It is returned, never raised."""

    code: str
    sentence: str
