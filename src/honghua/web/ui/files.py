"""Files that a page hands out: tables as CSV that spreadsheets open as they are, and copies of what is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi.responses import Response

BYTE_ORDER_MARK: Final = "\ufeff"  # without it spreadsheets take Chinese for something else
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


def csv_file(name: str, rows: Iterable[Sequence[object]]) -> Response:
    """A table as a file. Texts cannot become formulas; amounts are numbers, not texts."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return file_answer(name, BYTE_ORDER_MARK + out.getvalue(), media_type="text/csv; charset=utf-8")


def file_answer(name: str, text: str, *, media_type: str) -> Response:
    """A text to be kept under a name; nobody between us and its reader keeps it."""
    assert name.isascii(), "a name that stands in a header"
    assert '"' not in name, "a name between quotes"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=media_type, headers=headers)


def pdf_answer(name: str, pdf: bytes) -> Response:
    """A document to be kept under a name, as it lies in the books."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
