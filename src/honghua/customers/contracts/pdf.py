"""Drawing a contract as a PDF: the same text gives the same bytes, on every machine and day.

The Chinese font is one of Adobe's predefined ones (STSong-Light): every reader brings its own shapes for it and nothing is embedded.
"""

from __future__ import annotations

import io
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from honghua.customers.core.contract_text import ContractText, CostRow

FONT: Final = "STSong-Light"
HEAD: Final = ("项目", "收取方式", "年化标准", "收取主体", "承担主体", "金额")
WIDTHS: Final = tuple(part * mm for part in (26, 56, 20, 26, 22, 24))


def draw_contract(text: ContractText) -> bytes:
    """The PDF of a contract."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    page = io.BytesIO()
    document = SimpleDocTemplate(
        page, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=30 * mm, invariant=1,
        title=text.title, author=text.lender, subject=text.number, pageCompression=0,
    )  # fmt: skip
    document.build(_tell(text))
    return page.getvalue()


def _tell(text: ContractText) -> list[Flowable]:
    head, body = _style(15, leading=22), _style(9.5, leading=14)
    parts: list[Flowable] = [Paragraph(escape(text.title), head), Spacer(1, 3 * mm)]
    lines = (
        f"合同编号 {text.number}    签订日期 {text.made_on}",
        f"贷款人 {text.lender}",
        f"借款人 {text.name} (客户号 {text.customer})",
        f"贷款本金 {text.principal}",
    )
    parts += [Paragraph(escape(line), body) for line in lines]
    parts += [Spacer(1, 3 * mm), Paragraph("综合融资成本明示表", _style(12, leading=18)), _table(text, body)]
    parts += [Paragraph(escape(f"正常履约情形下年化综合融资成本: {text.annual_percent}"), _style(11, leading=17))]
    parts += [Paragraph(escape(text.nothing_else), body), Spacer(1, 3 * mm)]
    for heading, words in text.clauses:
        parts += [Paragraph(escape(heading), _style(11, leading=17)), Paragraph(escape(words), body)]
    parts += [Spacer(1, 3 * mm), Paragraph("已阅读并同意的文本", _style(11, leading=17))]
    parts += [Paragraph(escape(line), body) for line in text.consents]
    parts += [Spacer(1, 4 * mm), Paragraph(f"内容摘要 SHA-256 {text.digest().hex()}", _style(7.5, leading=11))]
    return parts


def _table(text: ContractText, body: ParagraphStyle) -> Table:
    rows = [[Paragraph(escape(cell), body) for cell in HEAD]]
    rows += [[Paragraph(escape(cell), body) for cell in _cells(row)] for row in text.costs]
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
