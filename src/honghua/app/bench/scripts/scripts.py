"""`honghua bench scripts`: precision and recall on writers whose words the detector has never seen, beside a list of keywords (R-259)."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from honghua.app.bench.scripts.writers import Text, write_texts
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.customers.core import ScriptModel, find_grams, read_script
from honghua.store.settings import StoreSettings

SEED: Final = 20261122
GRAMS_KEPT: Final = 4_000  # of those that most writers share
WRITERS_MIN: Final = 2  # a piece that one writer alone uses tells the writer, not the trade
STRENGTH: Final = 1.0
BOUND: Final = 0.6  # a false warning costs an honest customer a fright
DRAWS: Final = 2_000
KEYWORDS: Final = ("投诉", "征信", "删除", "依据", "银保监", "12378", "非恶意", "停息", "delete", "regulator")
KEYWORDS_MIN: Final = 2


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "scripts", help="the detector of agents' scripts in complaints, judged on writers it has never seen"
    )
    parser.add_argument("--each", type=int, default=120, help="texts of every writer (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", type=Path, help="write the fitted detector to a file")
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit on some writers, judge on the others."""
    del store
    if args.each < 10:
        raise BadInput("ten texts of each writer or more", code="BAD_SIZE")
    texts = write_texts(args.seed, args.each)
    fitting, held = [one for one in texts if not one.held_out], [one for one in texts if one.held_out]
    model = fit_script_model(fitting)
    if args.write is not None:
        args.write.write_bytes(msgspec.json.format(msgspec.json.encode(model, order="sorted"), indent=1) + b"\n")
    said = [read_script(model, one.words).is_scripted for one in held]
    by_words = [sum(word in one.words for word in KEYWORDS) >= KEYWORDS_MIN for one in held]
    return {
        "texts": len(texts), "writers_fitted": _names(fitting), "writers_held_out": _names(held), "pieces": len(model.weights),
        "bound": model.bound, "detector": judge(held, said, args.seed), "keywords": judge(held, by_words, args.seed),
        "flagged_by_writer": {
            name: sum(flag for flag, one in zip(said, held, strict=True) if one.writer == name) / args.each for name in _names(held)
        },
        "says": "all writers are invented by one author; intervals draw whole writers anew, and these are few",
    }  # fmt: skip


def fit_script_model(texts: Sequence[Text]) -> ScriptModel:
    """Logistic regression on pieces of text that several writers share; each text has length 1, so that long ones weigh no more."""
    grams = [find_grams(one.words) for one in texts]
    writers: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for one, found in zip(texts, grams, strict=True):
        counts.update(found)
        for gram in found:
            writers.setdefault(gram, set()).add(one.writer)
    shared = [gram for gram, who in writers.items() if len(who) >= WRITERS_MIN]
    kept = sorted(sorted(shared, key=lambda gram: (-counts[gram], gram))[:GRAMS_KEPT])
    place = {gram: k for k, gram in enumerate(kept)}
    rows, columns, values = [], [], []
    for row, found in enumerate(grams):
        inside = [place[gram] for gram in found if gram in place]
        rows += [row] * len(inside)
        columns += inside
        values += [1.0 / np.sqrt(max(len(inside), 1))] * len(inside)
    matrix = csr_matrix((values, (rows, columns)), shape=(len(texts), len(kept)))
    labels = [one.is_script for one in texts]
    fitted = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2_000).fit(matrix, labels)
    weights = {gram: round(float(weight), 4) for gram, weight in zip(kept, fitted.coef_[0], strict=True)}
    return ScriptModel(
        "scripts-1", round(float(fitted.intercept_[0]), 4), BOUND, {g: w for g, w in weights.items() if w}
    )


def judge(texts: Sequence[Text], said: Sequence[bool], seed: int) -> dict[str, Any]:
    """Precision, recall and the share of honest texts that are warned, each [low, mid, high]: writers are drawn anew, honest ones and
    agents apart, since texts of one writer lean on each other."""
    rng = derive_rng(seed, "writers drawn anew")
    groups = {flag: sorted({one.writer for one in texts if one.is_script is flag}) for flag in (True, False)}
    flagged = {name: [s for s, one in zip(said, texts, strict=True) if one.writer == name] for name in _names(texts)}

    def find(agents: Sequence[str], honest: Sequence[str]) -> tuple[float, float, float]:
        hit, false = sum(sum(flagged[one]) for one in agents), sum(sum(flagged[one]) for one in honest)
        all_agents, all_honest = sum(len(flagged[one]) for one in agents), sum(len(flagged[one]) for one in honest)
        return hit / max(hit + false, 1), hit / all_agents, false / all_honest

    def draw(names: Sequence[str]) -> list[str]:
        return [names[k] for k in rng.integers(0, len(names), len(names))]

    drawn = np.array([find(draw(groups[True]), draw(groups[False])) for _ in range(DRAWS)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    mid = find(groups[True], groups[False])
    names = ("precision", "recall", "honest_warned")
    return {name: [float(low[k]), float(mid[k]), float(high[k])] for k, name in enumerate(names)}


def _names(texts: Sequence[Text]) -> list[str]:
    return sorted({one.writer for one in texts})


__all__ = ["fit_script_model", "judge", "register", "run"]
