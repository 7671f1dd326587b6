"""Drawing a contract as a PDF: the same text gives the same bytes, on every machine and day.

The font is embedded (Noto Sans SC, SIL Open Font License; `tools/setup.sh` lays it into `fonts/`): a reader sees the shapes that were
signed, whatever fonts it has. Only the glyphs that a contract uses go in. A character that the font lacks (rare ones in names) is
written as its code point, `[U+20BB7]`, so that nothing in a contract is a blank box.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from honghua.base.errors import WorldFailed
from honghua.customers.core.contract_text import ContractText, CostRow

FONT: Final = "NotoSansSC"
FONT_FILE: Final = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
HEAD: Final = ("项目", "收取方式", "年化标准", "收取主体", "承担主体", "金额")
WIDTHS: Final = tuple(part * mm for part in (26, 56, 20, 26, 22, 24))


def draw_contract(text: ContractText) -> bytes:
    """The PDF of a contract."""
    pdfmetrics.registerFont(_open_font())
    page = io.BytesIO()
    document = SimpleDocTemplate(
        page, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=30 * mm, invariant=1,
        title=text.title, author=text.lender, subject=text.number, pageCompression=0,
    )  # fmt: skip
    document.build(_tell(text))
    return page.getvalue()


@functools.cache
def _open_font() -> TTFont:
    if not FONT_FILE.is_file():
        raise WorldFailed(f"the contracts' font is not at {FONT_FILE}; `make setup` fetches it")
    return TTFont(FONT, FONT_FILE)


def spell_out(words: str) -> str:
    """Words as mark-up, each character that the font lacks as its code point."""
    shapes = _open_font().face.charToGlyph
    return escape("".join(one if ord(one) in shapes else f"[U+{ord(one):04X}]" for one in words))


def _tell(text: ContractText) -> list[Flowable]:
    head, body = _style(15, leading=22), _style(9.5, leading=14)
    parts: list[Flowable] = [Paragraph(spell_out(text.title), head), Spacer(1, 3 * mm)]
    lines = (
        f"合同编号 {text.number}    签订日期 {text.made_on}",
        f"贷款人 {text.lender}",
        f"借款人 {text.name} (客户号 {text.customer})",
        f"贷款本金 {text.principal}",
    )
    parts += [Paragraph(spell_out(line), body) for line in lines]
    parts += [Spacer(1, 3 * mm), Paragraph("综合融资成本明示表", _style(12, leading=18)), _table(text, body)]
    parts += [Paragraph(spell_out(f"正常履约情形下年化综合融资成本: {text.annual_percent}"), _style(11, leading=17))]
    parts += [Paragraph(spell_out(text.nothing_else), body), Spacer(1, 3 * mm)]
    for heading, words in text.clauses:
        parts += [Paragraph(spell_out(heading), _style(11, leading=17)), Paragraph(spell_out(words), body)]
    parts += [Spacer(1, 3 * mm), Paragraph("已阅读并同意的文本", _style(11, leading=17))]
    parts += [Paragraph(spell_out(line), body) for line in text.consents]
    parts += [Spacer(1, 4 * mm), Paragraph(f"内容摘要 SHA-256 {text.digest().hex()}", _style(7.5, leading=11))]
    return parts


def _table(text: ContractText, body: ParagraphStyle) -> Table:
    rows = [[Paragraph(spell_out(cell), body) for cell in HEAD]]
    rows += [[Paragraph(spell_out(cell), body) for cell in _cells(row)] for row in text.costs]
    table = Table(rows, colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle([
            ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ])
    )  # fmt: skip
    return table


def _cells(row: CostRow) -> tuple[str, ...]:
    name = f"{row.name} (或有)" if row.is_contingent and "或有" not in row.name else row.name
    return (name, row.collection, row.annual_percent, row.collector, row.payer, row.amount)


def _style(size: float, *, leading: float) -> ParagraphStyle:
    return ParagraphStyle("body", fontName=FONT, fontSize=size, leading=leading, wordWrap="CJK")
