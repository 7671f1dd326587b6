"""The Validator on models that speak of other limits: refused with its reason, or let choose; and books that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.agents import api as agents
from honghua.agents.directory import DirectoryArtefacts
from honghua.base.errors import BadInput, Conflict
from honghua.lab.workers.columns_file import pack_columns
from honghua.lab.workers.limits.book import BOOK, CUSTOMERS, SLICE, LimitBook
from honghua.lab.workers.limits.question import read_limits_question
from honghua.lab.workers.limits.steps import CheckResponses, TryModels

FACTORS = (600_000, 1_000_000, 1_600_000)
QUESTION = """
name = "small"
columns = ["score", "limit_minor"]
limit = "limit_minor"
models = [{models}]
[lots]
name = "lots"
share_ppm = 50_000
factors_ppm = [600_000, 1_000_000, 1_600_000]
[costs]
margin_ppm = 60_000
loss_share_ppm = 1_000_000
drawn_share_ppm = 1_000_000
source = "a test (U)"
"""
PEOPLE = 1_500


def lay_book(folder: Path, *, people: int = PEOPLE, models: str = '"what-if", "response"') -> LimitBook:
    """Planted: loss and default rise by one tenth with each unit of the log of the factor that was drawn."""
    rng = np.random.default_rng(7)
    arm = rng.integers(0, len(FACTORS), people).astype(np.int8)
    dose = np.log(np.array(FACTORS) / 1e6)[arm]
    late = rng.random(people) < 0.2 + 0.1 * dose
    columns = {
        "customer": [f"P{k}" for k in range(people)], "person": np.arange(people), "limit_minor": np.full(people, 100_000),
        "burden": np.ones(people), "used_minor": np.full(people, 50_000), "loss_minor": (late * 10_000).astype(np.int64),
        "defaulted": late, "score": rng.normal(size=people),
    }  # fmt: skip
    for file in (BOOK, CUSTOMERS):
        pq.write_table(pa.table(columns), folder / file)
    pq.write_table(pa.table({**columns, "arm": arm}), folder / SLICE)
    (folder / "limits.toml").write_text(QUESTION.format(models=models))
    return LimitBook(folder, read_limits_question(folder))


def check(tmp_path: Path, book: LimitBook, said: dict[str, float]) -> tuple[agents.Outcome, dict[str, Any]]:
    """What the Validator makes of models that say so much more (loss in minor units, default as a chance) a unit of log-limit."""
    store = DirectoryArtefacts(tmp_path / "artefacts")
    dose = np.log(np.array(FACTORS) / 1e6)
    columns = {
        f"{kind} {k}": np.full(PEOPLE, 2_000.0 if kind == "response" else 0.2) + slope * dose[k]
        for kind, slope in said.items()
        for k in range(len(FACTORS))
    }
    worker = CheckResponses(book)
    given = {
        "source": agents.put_json(store, "source", book.source()),
        "said": agents.put_bytes(store, "said", agents.TABLE, pack_columns(columns)),
    }
    context = agents.Context(store, given, {slot.name: slot for slot in worker.writes}, tmp_path, 1, {}, worker.step)
    outcome = worker.run(context)
    return outcome, agents.read_json(store, context.outputs["response_check"].digest, dict)


def test_a_what_if_with_the_wrong_sign_is_refused_with_its_reason_and_the_response_goes_on(tmp_path: Path):
    book = lay_book(tmp_path)
    outcome, told = check(tmp_path, book, {"what-if": -0.1, "response": 1_000.0})
    assert isinstance(outcome, agents.Done)
    assert any("what-if is refused: The model says the opposite" in one for one in outcome.reasons)
    assert [one["code"] for one in told["what-if"]["problems"]] == ["RESPONSE_FALLS", "RESPONSE_WRONG_SIGN"]
    assert told["response"]["passed"]


def test_where_nobody_may_choose_the_run_ends_and_limits_stay(tmp_path: Path):
    alone = lay_book(tmp_path, models='"what-if"')
    outcome, _ = check(tmp_path, alone, {"what-if": -0.1})
    assert isinstance(outcome, agents.Refused)
    assert outcome.reasons[-1].endswith("limits stay as they are")
    outcome, told = check(tmp_path, lay_book(tmp_path), {"what-if": 0.1, "response": 20_000.0})
    assert isinstance(outcome, agents.Refused)
    assert told["what-if"]["passed"], "a what-if may be right by luck, and still says nothing of use"
    assert [one["code"] for one in told["response"]["problems"]] == ["RESPONSE_OFF"]


def test_a_slice_of_few_persons_changes_nothing(tmp_path: Path):
    book = lay_book(tmp_path, people=400)
    store = DirectoryArtefacts(tmp_path / "artefacts")
    worker = TryModels(book)
    given = {"source": agents.put_json(store, "source", book.source())}
    context = agents.Context(store, given, {slot.name: slot for slot in worker.writes}, tmp_path, 1, {}, worker.step)
    outcome = worker.run(context)
    assert isinstance(outcome, agents.Refused)
    assert "400 persons" in outcome.reasons[0]


def test_books_that_make_no_sense_are_refused_by_name(tmp_path: Path):
    book = lay_book(tmp_path)
    source = book.source()
    table = pq.read_table(tmp_path / SLICE)
    for broken, why in (
        (table.drop_columns(["burden"]), "lacks burden|burden"),
        (table.set_column(table.column_names.index("arm"), "arm", pa.array(np.full(PEOPLE, 9, np.int8))), "an arm is"),
        (
            table.set_column(table.column_names.index("limit_minor"), "limit_minor", pa.array(np.zeros(PEOPLE, int))),
            "above 0",
        ),
    ):
        pq.write_table(broken, tmp_path / SLICE)
        with pytest.raises(BadInput, match=why):
            LimitBook(tmp_path, book.question).rows(SLICE)
    pq.write_table(table.slice(0, PEOPLE - 1), tmp_path / SLICE)
    with pytest.raises(Conflict, match="not those that this run began with"):
        LimitBook(tmp_path, book.question).check_same(source)
    with pytest.raises(BadInput, match="models to try"):
        lay_book(tmp_path, models='"guess"')
    (tmp_path / SLICE).unlink()
    with pytest.raises(BadInput, match="holds no"):
        LimitBook(tmp_path, book.question).source()
