"""A backtest on one page for people who decide: self-contained HTML with what changes, for whom, by which rule, and examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

STYLE: Final = """
:root{--ink:#1d2129;--dim:#667085;--line:#e4e7ec;--red:#c0362c;--green:#2e7d4f}
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);max-width:1080px;margin:2rem auto}
body{padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.dim{color:var(--dim)}.wide{overflow-x:auto}svg{vertical-align:middle}
.tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.2rem 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:.6rem 1rem;min-width:9rem}
.tile b{display:block;font-size:1.35rem}.worse b{color:var(--red)}.better b{color:var(--green)}
table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:middle}
th:first-child,td:first-child,.left{text-align:left}th{color:var(--dim);font-weight:600;font-size:.85rem}
td.same{background:#f5f7fa}td.stricter{color:var(--red)}td.milder{color:var(--green)}
.broken,.passed{border:1px solid var(--red);border-radius:8px;padding:.6rem 1rem;background:#fdecea}
.passed{border-color:var(--green);background:#eaf5ee}
"""
ORDER: Final = (
    "approve",
    "approve_less",
    "temporary_limit",
    "step_up",
    "delay",
    "review",
    "refuse",
)  # milder to stricter
BAR_WIDTH: Final = 160
RULES_SHOWN: Final = 200
YUAN: Final = 100  # minor units
Row = Mapping[str, Any]


def render_backtest(title: str, report: Row, *, broken: Sequence[str], facts: Mapping[str, str]) -> str:
    """The page. report: of decision.core.compute_report; broken: sentences of the gate; facts: what was compared with what."""
    said = "".join(f"<p class='dim'>{escape(name)}: {escape(text)}</p>" for name, text in facts.items())
    gate = (
        f"<p class='broken'><b>The gate says no.</b> {escape('; '.join(broken))}</p>"
        if broken
        else "<p class='passed'>No limit of the gate is broken.</p>"
    )
    parts = [
        f"<h1>Backtest of {escape(title)}</h1>", said, _tiles(report), gate, _matrix(report["matrix"]), _rules(report["rules"]),
        _segments(report["segments"]), _examples("Refused now", report["new_refusals"]), _examples("Approved now", report["new_approvals"]),
    ]  # fmt: skip
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    return f"<!doctype html><html lang='en'><head>{head}<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _tiles(report: Row) -> str:
    before, after = report["refusal_share_before"], report["refusal_share_after"]
    granted = report["amount_after_minor"] - report["amount_before_minor"]
    loss = report["expected_loss_after_minor"] - report["expected_loss_before_minor"]
    tiles = [
        _tile("decisions", f"{report['decisions']:,}"),
        _tile("come out differently", f"{report['flip_share']:.2%}"),
        _tile(f"refused (was {before:.2%})", f"{after:.2%}", _mood(after - before)),
        _tile("granted, change", _money(granted), _mood(-granted)),
        _tile("expected loss, change", _money(loss), _mood(loss)),
    ]
    return f"<div class='tiles'>{''.join(tiles)}</div>"


def _tile(label: str, value: str, mood: str = "") -> str:
    return f"<div class='tile {mood}'><b>{escape(value)}</b>{escape(label)}</div>"


def _mood(rise: float) -> str:
    return "worse" if rise > 0 else "better" if rise < 0 else ""


def _money(minor: int) -> str:
    return f"{minor / YUAN:+,.2f} yuan"


def _matrix(rows: Sequence[Row]) -> str:
    counts = {(row["before"], row["after"]): row["decisions"] for row in rows}
    used = [name for name in ORDER if any(name in pair for pair in counts)]
    total = sum(counts.values()) or 1
    lines = []
    for before in used:
        cells = "".join(_cell(counts.get((before, after), 0), total, _way(before, after)) for after in used)
        lines.append(f"<tr><td>{_words(before)}</td>{cells}</tr>")
    head = "".join(f"<th>{_words(name)}</th>" for name in used)
    return (
        "<h2>From what was decided to what would be</h2><p class='dim'>Rows: decided then; columns: decided now. "
        "Red is stricter, green is milder.</p>"
        f"<div class='wide'><table><tr><th>then ↓ now →</th>{head}</tr>{''.join(lines)}</table></div>"
    )


def _cell(count: int, total: int, way: str) -> str:
    return f"<td class='{way}'>{count:,} <span class='dim'>{count / total:.2%}</span></td>" if count else "<td></td>"


def _way(before: str, after: str) -> str:
    if before == after:
        return "same"
    return "stricter" if ORDER.index(after) > ORDER.index(before) else "milder"


def _words(name: str) -> str:
    return escape(name.replace("_", " "))


def _rules(rows: Sequence[Row]) -> str:
    ranked = sorted(rows, key=lambda row: (-row["flipped"], -row["decided"]))[:RULES_SHOWN]
    most = max((row["decided"] for row in ranked), default=0) or 1
    lines = []
    for row in ranked:
        name = escape(row["rule"]) + (" <span class='dim'>(shadow)</span>" if row["shadow"] else "")
        where = f"<td class='left'>{_words(row['lane'])}</td><td class='left'>{escape(row['code'])}</td>"
        figures = f"<td>{row['spoke']:,}</td><td>{row['decided']:,}</td><td>{row['flipped']:,}</td><td>{row['new_refusals']:,}</td>"
        lines.append(
            f"<tr><td>{name}</td>{where}{figures}<td class='left'>{_bar(row['decided'], row['flipped'], most)}</td></tr>"
        )
    return (
        "<h2>Rules, those that change most first</h2><p class='dim'>Blue: decided as before. Red: decided otherwise than before.</p>"
        "<div class='wide'><table><tr><th>rule</th><th class='left'>lane</th><th class='left'>reason</th><th>held</th><th>decided</th>"
        f"<th>changed</th><th>refused anew</th><th></th></tr>{''.join(lines)}</table></div>"
    )


def _bar(decided: int, flipped: int, most: int) -> str:
    whole, red = round(BAR_WIDTH * decided / most), round(BAR_WIDTH * flipped / most)
    return (
        f"<svg width='{BAR_WIDTH}' height='12' role='img' aria-label='{decided:,} decided, {flipped:,} changed'>"
        f"<rect width='{whole}' height='12' fill='#2f5d9b' opacity='.35'/><rect width='{red}' height='12' fill='#c0362c'/></svg>"
    )


def _segments(rows: Sequence[Row]) -> str:
    if len(rows) < 2:
        return ""
    ranked = sorted(rows, key=lambda row: -abs(row["refusal_rise"]))
    lines = [
        f"<tr><td>{escape(row['segment'])}</td><td>{row['decisions']:,}</td><td>{row['flip_share']:.2%}</td>"
        f"<td>{row['refusal_share_before']:.2%}</td><td>{row['refusal_share_after']:.2%}</td>"
        f"<td class='{'stricter' if row['refusal_rise'] > 0 else 'milder'}'>{row['refusal_rise']:+.2%}</td>"
        f"<td>{_money(row['amount_after_minor'] - row['amount_before_minor'])}</td></tr>"
        for row in ranked
    ]
    return (
        "<h2>Segments, those that it hits hardest first</h2><div class='wide'><table><tr><th>segment</th><th>decisions</th>"
        f"<th>changed</th><th>refused then</th><th>refused now</th><th>rise</th><th>granted, change</th></tr>{''.join(lines)}</table></div>"
    )


def _examples(title: str, rows: Sequence[Row]) -> str:
    if not rows:
        return f"<h2>{title}</h2><p class='dim'>Nobody.</p>"
    label = "decision" if "decision" in rows[0] else "row"
    lines = [
        f"<tr><td>{row[label]}</td><td class='left'>{_words(row['before'])}</td><td class='left'>{_words(row['after'])}</td>"
        f"<td class='left'>{escape(row['code'])}</td><td>{row['amount_minor'] / YUAN:,.2f} yuan</td></tr>"
        for row in rows
    ]
    head = f"<th>{label}</th><th class='left'>then</th><th class='left'>now</th><th class='left'>reason</th><th>amount</th>"
    return f"<h2>{title}, the first of them</h2><div class='wide'><table><tr>{head}</tr>{''.join(lines)}</table></div>"


__all__ = ["render_backtest"]
