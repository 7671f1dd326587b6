"""A simulated lender's book as the files that `honghua lab limits` reads; what the engines see, and nothing of the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.app.bench.lab.limit_world import World
from honghua.limits.response.api import Rows
from honghua.sim.api import BOOK_FEATURES

MARGIN_PPM: Final = 60_000  # of what is used in a quarter (assumed)
LOSS_SHARE_PPM: Final = 1_000_000
DRAWN_SHARE_PPM: Final = 1_150_000
TOML: Final = """\
name = "simulated book"
columns = [{columns}]
limit = "limit_minor"
models = [{models}]

[lots]
name = "{name}"
share_ppm = {share}
factors_ppm = [{factors}]

[costs]
margin_ppm = {margin}
loss_share_ppm = {loss}
drawn_share_ppm = {drawn}
source = "assumption (U): as much loss as in the last quarter, 15 % more use; margin 6 % of what is used in a quarter"
"""


def write_book(world: World, folder: Path, *, models: tuple[str, ...] = ("what-if", "response")) -> None:
    """Three tables and the question. The customers to choose for are those held out of all learning."""
    folder.mkdir(parents=True, exist_ok=True)
    lender = world.lender
    slice_ = lender.slice_
    nobody = np.zeros(len(lender.held.person), np.bool_)  # what becomes of them is not known when limits are chosen
    pq.write_table(lay_table(lender.book, lender.book_defaulted), folder / "book.parquet")
    pq.write_table(lay_table(lender.held, nobody), folder / "customers.parquet")
    moved = lay_table(lender.evidence.rows, lender.evidence_defaulted).append_column(
        "arm", pa.array(lender.evidence.arm)
    )
    pq.write_table(moved, folder / "slice.parquet")
    (folder / "limits.toml").write_text(
        TOML.format(
            columns=", ".join(f'"{name}"' for name in BOOK_FEATURES), models=", ".join(f'"{one}"' for one in models),
            name=slice_.name, share=slice_.share_ppm, factors=", ".join(map(str, slice_.factors_ppm)),
            margin=MARGIN_PPM, loss=LOSS_SHARE_PPM, drawn=DRAWN_SHARE_PPM,
        ), encoding="utf-8",
    )  # fmt: skip


def lay_table(rows: Rows, defaulted: NDArray[np.bool_]) -> pa.Table:
    """Columns as `lab.workers.limits.book` reads them; the limit stands there once, as the policy gave it."""
    columns = {name: rows.x[:, place] for place, name in enumerate(BOOK_FEATURES) if name != "limit_minor"}
    return pa.table({
        **columns, "limit_minor": rows.limit_minor, "person": rows.person, "burden": rows.burden, "used_minor": rows.used_minor,
        "loss_minor": rows.loss_minor, "defaulted": defaulted, "customer": [f"P{one}" for one in rows.person.tolist()],
    })  # fmt: skip


__all__ = ["lay_table", "write_book"]
