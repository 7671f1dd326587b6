"""Logs without people in them: whatever a line says, phone numbers, identity and card numbers and mail addresses come out masked.

The lines that we write name references and routes only (`framing`, `answers`); this is the net under them, for libraries and for bugs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from honghua.customers.core import mask_text

NAMES: Final = (
    "",
    "honghua",
    "honghua.web",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "psycopg",
    "psycopg.pool",
    "httpx",
)


class MaskingFilter(logging.Filter):
    """On a handler, so that it sees what comes from every logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record through with its text, and that of its exception, masked."""
        record.msg, record.args = mask_text(record.getMessage()), ()
        if record.exc_info is not None and record.exc_text is None:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text is not None:
            record.exc_text = mask_text(record.exc_text)
        return True


def install_masking(names: Iterable[str]) -> int:
    """Put the filter on every handler of these loggers that has none; on how many. Call it when logging is set up."""
    handlers = {handler for name in names for handler in logging.getLogger(name or None).handlers}
    fresh = [one for one in handlers if not any(isinstance(kept, MaskingFilter) for kept in one.filters)]
    for handler in fresh:
        handler.addFilter(MaskingFilter())
    return len(fresh)


__all__ = ["NAMES", "MaskingFilter", "install_masking"]
