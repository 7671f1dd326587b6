"""A booker for programs without an event loop: they wait for their answers, and come again until they have them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from honghua.base.errors import WorldFailed
from honghua.credit.core import Command
from honghua.web.booker import Answer, Overloaded
from honghua.web.hot.gathering import BATCH_MAX
from honghua.web.hot.remote import RemoteBooker

WAIT_S: Final = 30.0  # for one answer
TRIES: Final = 10
AGAIN_S: Final = 0.5


class BlockingBooker:
    """Use it as a context manager. Its event loop runs in a thread of its own."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.booker = RemoteBooker(paths)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="honghua-booker", daemon=True)

    def execute(self, commands: Sequence[Command]) -> list[Answer]:
        """Every answer in order. The same keys are asked again while a desk is away; WorldFailed when it stays away."""
        answers: list[Answer] = []
        for start in range(0, len(commands), BATCH_MAX):
            answers += self._ask(commands[start : start + BATCH_MAX])
        return answers

    def _ask(self, commands: Sequence[Command]) -> list[Answer]:
        for attempt in range(1, TRIES + 1):
            asked = asyncio.run_coroutine_threadsafe(self.booker.submit(commands, seconds_max=WAIT_S), self.loop)
            try:
                return asked.result()
            except WorldFailed as error:
                if attempt == TRIES:
                    raise
                time.sleep(error.retry_after_s if isinstance(error, Overloaded) else AGAIN_S)
        raise AssertionError("unreachable")

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.booker.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


__all__ = ["BlockingBooker"]
