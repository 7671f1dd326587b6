"""Tables as strangers keep them, drawn with a known truth: each is given to `lab run` and `lab score` by name, with nothing prepared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from honghua.base.rng import derive_rng

TEST_ROWS = 1_500
Columns = dict[str, Any]
Rng = np.random.Generator


@dataclass(slots=True)
class Book:
    """rows to learn from, then TEST_ROWS of later ones; y their outcome; columns are changed by what makes the table hostile."""

    rng: Rng
    rows: int
    y: np.ndarray[Any, Any]
    columns: Columns
    args: list[str] = field(default_factory=list)
    target: str = "y"
    suffix: str = ".parquet"
    leaks: tuple[str, ...] = ()
    drop_in_test: tuple[str, ...] = ()
    floor: float = 0.62  # of the AUC on later rows, for both candidates
    write: Callable[[pa.Table, Path], None] = pq.write_table


def make_book(name: str, *, rows: int = 1_500, rate: float = 0.25) -> Book:
    """Six columns that say something and two that do not."""
    rng, n = derive_rng(7, "hostile", name), rows + TEST_ROWS
    income, age, used = np.exp(rng.normal(8.5, 0.6, n)), rng.integers(18, 70, n), rng.beta(2, 3, n)
    home, late, flag = rng.integers(0, 4, n), rng.poisson(0.4, n), rng.random(n) < 0.3
    margin = (
        -0.6 * np.log(income)
        + 2.5 * used
        + np.array([-0.5, 0.5, 0.0, 0.9])[home]
        + 0.7 * np.minimum(late, 3)
        + 0.5 * flag
    )
    drawn = margin + rng.logistic(size=n)
    columns = {
        "income": np.round(income, 2), "age": age, "used": np.round(used, 4), "late": late, "flag": flag,
        "home": np.array(["own", "rent", "family", "dorm"])[home], "n1": rng.normal(size=n), "n2": rng.gamma(2.0, 3.0, n),
    }  # fmt: skip
    return Book(rng, rows, (drawn > np.quantile(drawn, 1.0 - rate)).astype(int), columns)


def small() -> Book:
    """Three hundred rows."""
    book = make_book("small", rows=300)
    book.floor = 0.55
    return book


def wide() -> Book:
    """Two thousand columns, of which six say something."""
    book = make_book("wide", rows=900)
    noise = book.rng.normal(size=(len(book.y), 1_992)).astype(np.float32)
    book.columns |= {f"x{k}": noise[:, k] for k in range(1_992)}
    book.floor = 0.55
    return book


def rare() -> Book:
    """One in two hundred."""
    book = make_book("rare", rows=12_000, rate=0.005)
    book.floor = 0.55
    return book


def holes() -> Book:
    """Half of everything is missing, some columns wholly, some never change, and infinities stand among the numbers."""
    book = make_book("holes")
    n = len(book.y)
    for name, values in book.columns.items():
        kept = [None if hole else value for hole, value in zip(book.rng.random(n) < 0.5, values.tolist(), strict=True)]
        book.columns[name] = pa.array(kept)
    endless = np.where(np.arange(n) % 17 == 0, np.inf, book.rng.normal(size=n))
    book.columns |= {
        "empty": pa.nulls(n),
        "blank": [""] * n,
        "same": np.ones(n),
        "endless": endless,
        "huge": np.full(n, 1e308),
    }
    book.floor = 0.56
    return book


def texts() -> Book:
    """Thousands of different texts, sentences, ids, bytes and nested values."""
    book = make_book("texts")
    n = len(book.y)
    book.columns |= {
        "email": [f"u{k}@mail.cn" for k in book.rng.permutation(n)], "employer": [f"Firm {k}" for k in book.rng.integers(0, 900, n)],
        "note": [" ".join(book.rng.choice(["paid", "late", "asks for delay", "family", "call again"], 9)) for _ in range(n)],
        "raw": pa.array([b"\xff\x00"] * n), "list": pa.array([[1, 2]] * n), "row": np.arange(n), "clock": pa.array([dt.time(9)] * n),
    }  # fmt: skip
    return book


def words_among_numbers() -> Book:
    """A CSV in which numbers have thousands separators, per cents, words, and the target is in words of its own."""
    book = make_book("words")
    odd = book.rng.random(len(book.y)) < 0.04
    book.columns["income"] = ["unknown" if o else f"{v:,.2f}" for o, v in zip(odd, book.columns["income"], strict=True)]
    book.columns["used"] = [f"{v * 100:.1f} %" for v in book.columns["used"]]
    book.columns["late"] = [str(v) if v < 3 else "3+" for v in book.columns["late"]]
    book.columns["y"] = np.where(book.y, "Bad", "Good")
    book.suffix, book.write = ".csv", pa_csv.write_csv
    return book


def continental() -> Book:
    """Semicolons between columns, commas in numbers, in GB 18030, with Chinese names and a target in Chinese."""
    book = make_book("continental")
    for name in ("income", "used"):
        book.columns[name] = [f"{v:.4f}".replace(".", ",") for v in book.columns[name]]
    book.columns = {f"客户 {name}": values for name, values in book.columns.items()}
    book.target, book.columns["是否违约"] = "是否违约", np.where(book.y, "是", "否")
    book.suffix, book.write = ".csv", _write_continental
    return book


def _write_continental(table: pa.Table, path: Path) -> None:
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(delimiter=";"))
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))


def names() -> Book:
    """Names that no trainer likes: quotes, brackets, tabs, the same but for a sign, those of our own scores, and none."""
    book = make_book("names")
    strange = ["收入 (元/月)", "a b", "a_b", "a:b", 'he said "x"', "tab\there", "{json}", ""]
    book.columns = dict(zip(strange, book.columns.values(), strict=True)) | {
        "champion": book.rng.normal(size=len(book.y))
    }
    book.target, book.columns["逾期?"] = "逾期?", book.y
    return book


def other_types() -> Book:
    """The table to score has other types, another order, columns more, and words that nobody has seen."""
    book = make_book("types")
    return book


def change_types(test: Columns) -> Columns:
    """The same values, written otherwise."""
    n = len(test["age"])
    changed = test | {
        "age": test["age"].astype(float), "late": [str(v) for v in test["late"]], "flag": np.where(test["flag"], "1", "0"),
        "used": [f"{v}" for v in test["used"]], "home": pa.array(test["home"]).dictionary_encode(), "more": np.arange(n),
    }  # fmt: skip
    return dict(reversed(changed.items()))


def target_with_holes() -> Book:
    """A target of 1.0, 0.0 and nothing."""
    book = make_book("target")
    book.columns["y"] = np.where(book.rng.random(len(book.y)) < 0.1, np.nan, book.y.astype(float))
    return book


def target_in_three_spellings() -> Book:
    """Yes, yes and No."""
    book = make_book("spellings")
    book.columns["y"] = np.where(book.y, np.where(np.arange(len(book.y)) % 2, "Yes", "yes"), "No")
    return book


def months_of_persons() -> Book:
    """Six rows of each person: what is kept for the report must not hold the persons who were learnt from."""
    book = make_book("months", rows=1_800)
    who = np.arange(len(book.y)) // 6
    for name in ("income", "used", "home", "flag"):
        book.columns[name] = np.asarray(book.columns[name])[who * 6]
    luck = book.rng.normal(size=len(who))[who * 6] * 1.5
    drawn = 2.0 * book.columns["used"] + luck + book.rng.logistic(size=len(who))
    book.y = (drawn > np.quantile(drawn, 0.75)).astype(int)
    book.columns["person"] = [f"P{k}" for k in who]
    book.args, book.floor = ["--id", "person"], 0.52
    return book


def copies() -> Book:
    """Every row three times."""
    book = make_book("copies")
    again = np.concatenate([np.repeat(np.arange(book.rows // 3), 3), np.arange(book.rows, len(book.y))])
    book.columns = {name: np.asarray(values)[again] for name, values in book.columns.items()}
    book.y, book.floor = book.y[again], 0.58
    return book


def dates() -> Book:
    """Dates of four makes; the time is text, day first."""
    book = make_book("dates")
    days = np.datetime64("2021-01-01") + np.sort(book.rng.integers(0, 900, len(book.y)))
    plain = [dt.date.fromisoformat(str(day)) for day in days]
    book.columns |= {
        "applied": [f"{day:%d/%m/%Y}" for day in plain], "opened": [f"{day - dt.timedelta(days=400):%b-%y}" for day in plain],
        "asked": [f"{day:%Y/%m/%d} 10:11" for day in plain], "ends": ["9999-12-31" if day.day < 20 else str(day) for day in plain],
    }  # fmt: skip
    book.args = ["--time", "applied"]
    return book


def not_turned_out_yet() -> Book:
    """The newest third of the rows has no bad ones yet; time is a whole number with gaps."""
    book = make_book("newest")
    book.columns["period"] = 202_101 + np.arange(len(book.y)) // 60
    young = (np.arange(len(book.y)) > book.rows * 2 // 3) & (np.arange(len(book.y)) < book.rows)
    book.y = np.where(young, 0, book.y)
    book.args, book.floor = ["--time", "period"], 0.58
    return book


def leaks() -> Book:
    """Eight columns that were written after the outcome, in as many ways."""
    book = make_book("leaks", rows=3_000)
    y, n, rng = book.y, len(book.y), book.rng
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(v)) for v in rng.integers(0, 300, n)]
    book.columns |= {
        "recoveries": np.where(y & (rng.random(n) < 0.6), np.round(rng.gamma(2.0, 300.0, n)), 0.0),
        "letters": rng.poisson(np.where(y, 4.0, 0.1)), "closed": np.where(y, "sold", np.where(rng.random(n) < 0.7, "paid", "open")),
        "default_dt": pa.array([day if bad else None for bad, day in zip(y, days, strict=True)]),
        "copy": np.where(y, "x", "z"), "inverse": 1.0 / (1.0 + y + rng.normal(size=n) * 0.01),
        "scored": np.clip(y * 0.6 + rng.random(n) * 0.5, 0.0, 1.0),
        "worst_days": np.where(y, rng.integers(60, 200, n), rng.integers(0, 30, n)),
    }  # fmt: skip
    book.leaks = tuple(list(book.columns)[8:])
    book.drop_in_test = book.leaks
    return book


def one_class_later() -> Book:
    """Nobody of the later rows is bad, and the target is not in their table."""
    book = make_book("one class")
    kept = np.concatenate([np.arange(book.rows), book.rows + np.flatnonzero(book.y[book.rows :] == 0)])
    book.columns = {name: np.asarray(values)[kept] for name, values in book.columns.items()}
    book.y, book.floor = book.y[kept], 0.0
    return book


BOOKS = {make.__name__: make for make in (
    small, wide, rare, holes, texts, words_among_numbers, continental, names, other_types, target_with_holes, target_in_three_spellings,
    months_of_persons, copies, dates, not_turned_out_yet, leaks, one_class_later,
)}  # fmt: skip


def write_books(book: Book, folder: Path, *, name: str) -> tuple[Path, Path]:
    """Both files; the second has no target."""
    book.columns.setdefault(book.target, book.y)
    arrays = {
        key: values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
        for key, values in book.columns.items()
    }
    whole = pa.table(arrays)
    paths = folder / f"train{book.suffix}", folder / f"test{book.suffix}"
    book.write(whole.slice(0, book.rows), paths[0])
    later = whole.slice(book.rows).drop_columns([book.target, *book.drop_in_test])
    if name == "other_types":
        later = pa.table(change_types({key: later.column(key).to_numpy() for key in later.column_names}))
    book.write(later, paths[1])
    return paths
