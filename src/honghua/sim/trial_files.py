"""A trial's files: the log as a platform has it, and in another folder what each customer would have done in the other world."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.sim.core.market import keys_of
from honghua.sim.core.trials import FieldTrial, Offer

TRIAL_FILE: Final = "trial.parquet"
TRIAL_TRUTH_FILE: Final = "trial_truth.parquet"


def write_trial(trial: FieldTrial, folder: Path) -> Path:
    """One row a visit, with the keys of people and shops that all files of the city have; the file."""
    log, seed = trial.log, trial.plan.city.seed
    columns = {
        "day": log.day, "customer": keys_of(seed, "person", log.who), "merchant": keys_of(seed, "shop", log.shop),
        "offer": pa.array([offer.name.lower() for offer in Offer]).take(pa.array(log.offer)), "is_product": log.is_product,
        "is_shown": log.is_shown, "paid_minor": log.paid_minor,
    }  # fmt: skip
    return _write(columns, folder / TRIAL_FILE)


def write_trial_truth(trial: FieldTrial, folder: Path) -> Path:
    """Both worlds of each visit, row by row beside the log, into a folder that engines do not get; the file."""
    truth = trial.truth
    return _write({"held_minor": truth.held_minor, "shown_minor": truth.shown_minor}, folder / TRIAL_TRUTH_FILE)


def _write(columns: dict[str, object], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


__all__ = ["TRIAL_FILE", "TRIAL_TRUTH_FILE", "write_trial", "write_trial_truth"]
