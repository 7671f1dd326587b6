"""What approval is worth on applicants that no card has seen: calibration, automation, what thin data add, what the second look stops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.approval.fitting import rows_of
from honghua.base.rng import derive_rng
from honghua.limits.core import (
    PPM,
    VALUES,
    Audience,
    Rulebook,
    Ruling,
    Scan,
    Then,
    chances,
    choose_offers,
    look_again,
    rule_all,
    vectors_of,
)
from honghua.models.api import auc_interval
from honghua.sim.api import Applicants, interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DAY: Final = dt.date(2026, 11, 22)
BANDS: Final = 5
THICK: Final = ("has_file", "income_minor", "debt_service_minor", "debt_minor", "lenders", "inquiries_6m", "worst_24m")
THIN: Final = (
    "months_known",
    "orders_12m",
    "spend_minor",
    "returns_share",
    "address_months",
    "device_months",
    "dpd_max_24m",
)
SCANS: Final = 4_000  # injected changes
ROUNDS: Final = 300  # of resampling
BEST: Final = 0.2


def measure(book: Rulebook, found: Applicants, *, seed: int) -> dict[str, Any]:
    """The whole report, as JSON. Intervals are 95 %: Wilson's of shares, DeLong's of AUC."""
    rows = rows_of(found)
    asked = [book.terms.person_cap(DAY).cap] * len(rows)
    rulings = rule_all(book, vectors_of(book, asked, rows, DAY), DAY)
    willing, able = chances(book.willingness, VALUES, rows), chances(book.ability, VALUES, rows)
    could = found.could_pay
    return {
        "applicants": len(rows),
        "outcomes": _outcomes(rulings),
        "automated_share": interval(sum(one.outcome != "review" for one in rulings), len(rulings)),
        "approved": _approved(book, found, rulings),
        "willingness": _score(willing[could], found.meant_to[could]),
        "ability": _score(able, could),
        "data": [_compare_data(book, found, rows, part) for part in ("thick", "thin", "both")],
        "temporary_offers": _offered(book, found, rulings, seed=seed),
        "second_look": _second_look(book, rulings, rows, seed=seed),
        "reinclusion": measure_reinclusion(book, found, rows, seed=seed),
    }


def _outcomes(rulings: Sequence[Ruling]) -> dict[str, Any]:
    codes: dict[str, int] = {}
    for one in rulings:
        codes[f"{one.outcome}:{one.code}"] = codes.get(f"{one.outcome}:{one.code}", 0) + 1
    return {
        **{word: sum(one.outcome == word for one in rulings) for word in ("approved", "review", "refused")},
        "reasons": dict(sorted(codes.items(), key=lambda item: -item[1])),
    }


def _approved(book: Rulebook, found: Applicants, rulings: Sequence[Ruling]) -> dict[str, Any]:
    chosen = np.array([one.outcome == "approved" for one in rulings])
    no_file = found.values["has_file"] == 0
    prices = [one.price for one in rulings if one.price is not None]
    expected = (
        float(np.mean([1 - one.willing * one.able for one in rulings if one.outcome == "approved"]))
        if chosen.any()
        else 0.0
    )
    limits = np.array([one.limit_minor for one in rulings])
    return {
        "share": interval(int(chosen.sum()), len(chosen)),
        "share_no_file": interval(int(chosen[no_file].sum()), int(no_file.sum())),
        "late_share_all": interval(int((~found.paid).sum()), len(chosen)),
        "late_share_approved": interval(int((~found.paid[chosen]).sum()), int(chosen.sum())),
        "late_share_expected": round(expected, 5),
        "default_share_approved": interval(int(found.defaulted[chosen].sum()), int(chosen.sum())),
        "default_of_late": interval(int((found.defaulted & ~found.paid).sum()), int((~found.paid).sum())),
        "median_limit_minor": int(np.median(limits[chosen])) if chosen.any() else 0,
        "prices_ppm": sorted({one.price_ppm for one in prices}),
        "price_cap_ppm": book.terms.price_cap(DAY).cap,
        "within_caps": all(one.price_ppm <= one.cap_ppm for one in prices),
    }


def _score(chance: Floats, good: Flags) -> dict[str, Any]:
    """AUC, and predicted against found by fifths of the score."""
    order = np.argsort(chance, kind="stable")
    bands: list[dict[str, Any]] = []
    for part in np.array_split(order, BANDS):
        low, mid, high = interval(int(good[part].sum()), len(part))
        bands.append({"predicted": round(float(chance[part].mean()), 5), "found": [low, mid, high]})
    return {
        "auc": [round(one, 4) for one in auc_interval(good.astype(np.int64), chance).as_list()],
        "bands": bands,
        "bands_within": sum(band["found"][0] <= band["predicted"] <= band["found"][2] for band in bands),
    }


def _compare_data(book: Rulebook, found: Applicants, rows: Floats, part: str) -> dict[str, Any]:
    """How well who pays is told from thick data alone, thin data alone, both; of everybody and of those without a file (R-079)."""
    seen = rows.copy()
    hidden = {"thick": THIN, "thin": THICK, "both": ()}[part]
    for name in hidden:
        seen[:, VALUES.index(name)] = 0.0 if name == "has_file" else np.nan
    chance = chances(book.willingness, VALUES, seen) * chances(book.ability, VALUES, seen)
    no_file = found.values["has_file"] == 0
    return {
        "data": part,
        "auc": [round(one, 4) for one in auc_interval(found.paid.astype(np.int64), chance).as_list()],
        "auc_no_file": [round(one, 4) for one in auc_interval(found.paid[no_file].astype(np.int64), chance[no_file]).as_list()],
    }  # fmt: skip


def _offered(book: Rulebook, found: Applicants, rulings: Sequence[Ruling], *, seed: int) -> dict[str, Any]:
    """Who of those approved would be offered a temporary limit, and how they do beside all of them (R-037): by what came true."""
    rows = [k for k, one in enumerate(rulings) if one.outcome == "approved"]
    limit = np.array([rulings[k].limit_minor for k in rows], np.int64)
    ceiling = np.array([rulings[k].ceiling_minor for k in rows], np.int64)
    nothing, everybody = np.zeros(len(rows), np.int64), np.ones(len(rows), np.bool_)
    risk = np.array([1 - rulings[k].willing * rulings[k].able for k in rows], np.float64)
    offers = choose_offers(book.terms, Audience(limit, ceiling, nothing, risk, nothing, everybody, ~everybody))
    late = ~found.paid[rows]
    chosen = np.zeros(len(rows), np.bool_)
    chosen[offers.rows] = True
    best = risk <= np.quantile(risk, BEST) if len(rows) else chosen
    return {
        "offered": int(chosen.sum()), "of": len(rows),
        "late_offered": interval(int(late[chosen].sum()), int(chosen.sum())), "late_all": interval(int(late.sum()), len(rows)),
        "best_fifth_late": interval(int(late[best].sum()), int(best.sum())), "best_fifth_ratio": _ratio(late, best, seed=seed),
    }  # fmt: skip


def measure_reinclusion(book: Rulebook, found: Applicants, rows: Floats, *, seed: int) -> dict[str, Any]:
    """Former defaulters whose arrears were repaired (R-260): judged with what the report showed and with what it shows now, limits at the
    start limit; how many are approved and how they do, beside those approved who never had arrears. What came true is the judge.

    The city's arrears come from who people are, and a repair changes nobody: so the cohort's loss is what re-inclusion really costs.
    """
    worst = rows[:, VALUES.index("worst_24m")]
    had = np.nan_to_num(worst) >= 1
    shown = rows.copy()
    shown[had, VALUES.index("worst_24m")] = 0.0
    asked = [book.terms.start_minor] * len(rows)
    before, after = (
        np.array([one.outcome == "approved" for one in rule_all(book, vectors_of(book, asked, seen, DAY), DAY)])
        for seen in (rows, shown)
    )
    cohort, control = had & after, (worst == 0) & before
    late, both = ~found.paid, cohort | control
    return {
        "repaired": int(had.sum()),
        "approved_before": interval(int((had & before).sum()), int(had.sum())),
        "approved_after": interval(int(cohort.sum()), int(had.sum())),
        "control": int(control.sum()),
        "late_cohort": interval(int(late[cohort].sum()), int(cohort.sum())),
        "late_control": interval(int(late[control].sum()), int(control.sum())),
        "default_cohort": interval(int(found.defaulted[cohort].sum()), int(cohort.sum())),
        "default_control": interval(int(found.defaulted[control].sum()), int(control.sum())),
        "late_ratio_to_both": _ratio(late[both], cohort[both], seed=seed),
        "limit_most_minor": book.terms.start_minor,
    }


def _ratio(late: Flags, chosen: Flags, *, seed: int) -> list[float]:
    """[low, mid, high] of the late share of those chosen to that of all, by resampling people."""
    if not late.any() or not chosen.any():
        return [0.0, 0.0, 1.0]
    rng = derive_rng(seed, "offers")
    ratios = []
    for _ in range(ROUNDS):
        drawn = rng.integers(0, len(late), len(late))
        base, mine = float(late[drawn].mean()), late[drawn][chosen[drawn]]
        ratios.append(float(mine.mean()) / base if base and len(mine) else 1.0)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return [round(float(one), 4) for one in (low, late[chosen].mean() / late.mean(), high)]


def _second_look(book: Rulebook, rulings: Sequence[Ruling], rows: Floats, *, seed: int) -> dict[str, Any]:
    """Approved applicants looked at again: with a change injected (R-063: blocked in at least 99 %), and with none (never)."""
    rng = derive_rng(seed, "second look")
    approved = [k for k, one in enumerate(rulings) if one.outcome == "approved"]
    picked: list[int] = [int(one) for one in rng.choice(approved, SCANS)] if approved else []
    blocked: dict[str, list[int]] = {}
    quiet = 0
    for k in picked:
        known: dict[str, Any] = {
            name: _value(rows, k, name) for name in ("lenders", "debt_minor", "inquiries_6m", "worst_24m")
        }
        then = Then(on=DAY, is_approved=True, limit_minor=rulings[k].limit_minor, **known)
        same = Scan(fraud=_value(rows, k, "fraud"), **known)
        day = DAY + dt.timedelta(days=int(rng.integers(0, book.terms.approval_days)))
        quiet += look_again(book.terms, then, same, on=day) != ""
        kind = ("multi_lending", "fraud_report")[int(rng.integers(2))]
        changed = replace(same, is_reported=True)
        if kind == "multi_lending":
            debt = rulings[k].limit_minor * (0.5 + float(rng.random()))
            changed = replace(
                same,
                lenders=(known["lenders"] or 0) + int(rng.integers(2, 6)),
                debt_minor=(known["debt_minor"] or 0) + debt,
            )
        blocked.setdefault(kind, []).append(int(look_again(book.terms, then, changed, on=day) != ""))
    hits = [one for found in blocked.values() for one in found]
    return {
        "injected": len(hits),
        "blocked_share": interval(sum(hits), len(hits)),
        "by_kind": {kind: interval(sum(found), len(found)) for kind, found in sorted(blocked.items())},
        "unchanged": len(picked),
        "unchanged_blocked": int(quiet),
    }


def _value(rows: Floats, row: int, name: str) -> float | None:
    value = float(rows[row, VALUES.index(name)])
    return None if np.isnan(value) else value


def describe(book: Rulebook) -> dict[str, Any]:
    """Which rulebook was measured."""
    return {
        "rulebook": book.digest.hex(), "willingness": book.willingness.version, "ability": book.ability.version,
        "service_share": book.terms.service_share_ppm / PPM, "lender": book.terms.lender,
    }  # fmt: skip


__all__ = ["describe", "measure"]
