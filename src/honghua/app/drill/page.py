"""A drill on one page, self-contained: what came, how fast it was answered, what broke, who was stopped, and whether the books hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from honghua.app.backtest_page import STYLE
from honghua.app.city.charts import plot_intervals, plot_lines

Row = Mapping[str, Any]
YUAN: Final = 100
CHECKS: Final = (
    ("lost", "answers that the books do not know"),
    ("doubled", "orders booked more often than accepted"),
    ("answers_changed", "answers that differ from what was stored"),
    ("contradicted", "second answers that said something else"),
    ("unanswered", "orders without any answer"),
    ("trial_balance_minor", "sum of the trial balance"),
)


def render_drill(figures: Row) -> str:
    """The page for the figures of `run_drill`."""
    title = f"Drill {figures['shape']}: {figures['purchases']:,} orders in {figures['day_seconds']:.0f} s"
    parts = [
        f"<h1>{escape(title)}</h1>", _story(figures), _tiles(figures), _verdict(figures), _pictures(figures), _risk(figures),
        _books(figures),
    ]  # fmt: skip
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    return f"<!doctype html><html lang='en'><head>{head}<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _story(figures: Row) -> str:
    return (
        f"<p class='dim'>{figures['people']:,} people lived {figures['history_days']} ordinary days on the platform "
        f"({figures['history_purchases']:,} orders), which fitted its model on what it was told. Then the shopping day came, 24 hours in "
        f"{figures['day_seconds']:.0f} s: some messages late, some twice, and again when no answer came.</p>"
    )


def _tiles(figures: Row) -> str:
    tiles = [
        ("answered a second, mean", f"{figures['per_s_mean']:,.0f}"),
        ("arrived a second, peak", f"{figures['arrived_per_s_peak']:,.0f}"),
        ("p50", f"{figures['p50_ms']:,.0f} ms"),
        ("p99", f"{figures['p99_ms']:,.0f} ms"),
        ("p99 outside rush", f"{figures['p99_ms_calm']:,.0f} ms"),
        ("blocked (R-084: 0.56 %)", f"{figures['blocked_share']:.2%}"),
        ("good orders stopped", f"{figures['false_refusal_share']:.2%}"),
        ("cash-out share of money out (R-083: < 1 %)", f"{figures['cashout_share']:.2%}"),
    ]
    cells = "".join(f"<div class='tile'><b>{escape(value)}</b>{escape(name)}</div>" for name, value in tiles)
    return f"<div class='tiles'>{cells}</div>"


def _verdict(figures: Row) -> str:
    if figures["ok"]:
        return (
            f"<p class='passed'><b>The books hold.</b> {figures['accepted']:,} orders accepted, each booked once; nothing lost, nothing "
            f"doubled; {figures['verified']} invariants hold; the trial balance is 0.</p>"
        )
    said = [f"{figures[name]} {text}" for name, text in CHECKS if figures[name]] + [
        f"broken: {name}" for name in figures["broken"]
    ]
    return f"<p class='broken'><b>The books do not hold.</b> {escape('; '.join(said))}</p>"


def _pictures(figures: Row) -> str:
    rows: Sequence[Row] = figures["over_time"]
    x = [row["at_s"] for row in rows]
    marks = [(figures["day_closed_from_s"], "end of day")] if figures["day_closed_from_s"] is not None else []
    if figures["killed_at_s"] is not None:
        marks.append((figures["killed_at_s"], "database killed"))
    rates = {"arrived": [row["arrived_per_s"] for row in rows], "answered": [row["answered_per_s"] for row in rows]}
    waits = {"p50": [row["p50_ms"] for row in rows], "p99": [row["p99_ms"] for row in rows]}
    down = figures["database_down_s"]
    said = (
        [f"The end of day took {figures['day_closed_to_s'] - figures['day_closed_from_s']:.1f} s while orders went on."]
        if marks
        else []
    )
    if down is not None:
        said.append(
            f"The database was killed and stood again after {down:.1f} s; {figures['resent']:,} messages were sent again, "
            f"{figures['repeated']:,} answers were given twice, all alike."
        )
    text = f"<p class='dim'>{escape(' '.join(said))}</p>"
    return (
        "<h2>Over time</h2><p class='dim'>Latency runs from the moment at which a client first sent a message to the moment at "
        "which its answer was on disk, waiting and repeats included; by time of sending.</p>"
        + plot_lines("Messages a second", x, rates, unit="1/s", marks=marks)
        + plot_lines("Latency", x, waits, unit="ms", marks=marks, log=True)
        + text
    )


def _risk(figures: Row) -> str:
    good = {
        "blocked, of all": figures["blocked_interval"], "stopped, of good orders": figures["false_refusal_interval"],
        "crimes, of money out": figures["cashout_interval"],
    }  # fmt: skip
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{share:.2%}</td><td>{low:.2%} … {high:.2%}</td></tr>"
        for name, (low, share, high) in good.items()
    )
    recall = {"all": figures["recall_all"], **figures["recall"]}
    return (
        f"<h2>Risk, beside the truth</h2><p class='dim'>{figures['crimes']:,} of {figures['orders']:,} orders were crimes. "
        f"Money lost to those that passed: {figures['fraud_loss_minor'] / YUAN:,.0f} yuan "
        f"of {figures['approved_minor'] / YUAN:,.0f} approved. "
        "Stopped = refused by risk, a proof not given, or sent to a reviewer. What the limit refused counts on no side. "
        "Intervals: 95 %.</p>"
        f"<div class='wide'><table><tr><th>share</th><th>measured</th><th>interval</th></tr>{lines}</table></div>"
        + plot_intervals("Crimes stopped, by typology", recall)
    )


def _books(figures: Row) -> str:
    lines = "".join(f"<tr><td>{escape(text)}</td><td>{figures[name]:,}</td></tr>" for name, text in CHECKS)
    words = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(figures["first_words"].items()))
    return (
        f"<h2>Reconciliation</h2><div class='wide'><table><tr><th>what</th><th>count</th></tr>{lines}</table></div>"
        f"<p class='dim'>First words on orders: {escape(words)}.</p>"
    )


__all__ = ["render_drill"]
