"""The kernel that scores gives what a model's parts say one by one, to the bit, however many rows stand side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from honghua.fraud.api import FraudModel
from honghua.fraud.core import DETECTORS, SILENCE
from honghua.fraud.core.fusion import MARGIN_MAX
from honghua.fraud.tests.test_fitting import fitted, sensed

REASONS = 4


def logistic(line, voices):
    return [1.0 / (1.0 + math.exp(-min(max(m, -MARGIN_MAX), MARGIN_MAX))) for m in line.margin(voices).tolist()]


def say_fused(fusion, values, voices):
    margin, reasons = np.zeros(len(values)), np.full((len(values), REASONS), -1)
    if fusion.model is not None:
        said = fusion.model.predict_explained(fusion.matrix(values, voices))
        margin = said.margin
        for i, row in enumerate(said.reasons.tolist()):
            reasons[i] = [fusion.columns[k] if 0 <= k < len(fusion.columns) else -1 for k in row]
    return logistic(fusion.line, np.column_stack([margin, *voices])), reasons


def score_twin(model: FraudModel, values):
    """Part by part, in numpy and lists: (columns, reasons, surprise, worst, with_labels)."""
    heard = [model.detectors[family].voices(values) for family in DETECTORS]
    voices = [voice for voice, _ in heard]
    fresh = values[:, model.names.index(SILENCE)] <= model.silence_days
    fused, reasons = np.zeros(len(values)), np.full((len(values), REASONS), -1)
    for fusion, mask in ((model.late, fresh), (model.blind, ~fresh)):
        if mask.any():
            fused[mask], reasons[mask] = say_fused(fusion, values[mask], [voice[mask] for voice in voices])
    surprise, worst = np.column_stack([v[:, 0] for v in voices]), np.column_stack([w for _, w in heard])
    for i, row in enumerate(reasons):
        loudest = int(np.argmax(surprise[i]))
        column = worst[i, loudest]
        if surprise[i, loudest] >= 3.0 and column >= 0 and column not in row:
            row[int(np.argmax(row < 0)) if (row < 0).any() else REASONS - 1] = column
    alone = [logistic(model.detectors[f].line, v) for f, v in zip(DETECTORS, voices, strict=True)]
    return np.column_stack([fused, *alone]), reasons, surprise, worst, fresh


def rows_of(model: FraudModel, n: int):
    """Rows as they come, some of them torn: values missing, zero, far out, and labels of every age."""
    values, _, _ = sensed()
    rng = np.random.default_rng(5)
    x = values[rng.integers(0, len(values), n)].copy()
    torn = rng.random(x.shape)
    x[torn < 0.1], x[(torn > 0.1) & (torn < 0.15)] = np.nan, 0.0
    x[torn > 0.97] *= np.float32(1e4)
    age = np.float32(model.silence_days)
    x[:, model.names.index(SILENCE)] = rng.choice([np.nan, 1.0, age, np.nextafter(age, np.float32(99))], n)
    return x


def arrays_of(scores):
    return scores.columns, scores.reasons, scores.surprise, scores.worst, scores.with_labels


def alarmed(model: FraudModel, *, bare: bool) -> FraudModel:
    """The model with tails that take little for seldom, so that each detector is alarmed by a tenth of the rows; bare: without forests."""
    parts, shares = {}, np.append(np.linspace(0.0, 0.9, 12), 0.95)
    for family, detector in model.detectors.items():
        raw, _ = detector.tail.sum_up(rows_of(model, 60))
        tail = replace(detector.tail, sums=np.quantile(raw, shares).astype(np.float32))
        parts[family] = replace(detector, tail=tail, model=None if bare else detector.model)
    if not bare:
        return replace(model, detectors=parts)
    return replace(model, detectors=parts, late=replace(model.late, model=None), blind=replace(model.blind, model=None))


@pytest.mark.parametrize("bare", [False, True])
def test_the_kernel_says_what_the_parts_say(bare):
    model = alarmed(fitted().model, bare=bare)
    values = rows_of(model, 60)
    ours, theirs = model.score(values), score_twin(model, values)
    for mine, wanted in zip(arrays_of(ours), theirs, strict=True):
        np.testing.assert_array_equal(mine, wanted)
    assert 0 < ours.with_labels.sum() < 60
    assert 0 < (ours.surprise.max(axis=1) >= 3).sum() < 60


@pytest.mark.parametrize("batch", [1, 3, 7, 8, 33])
def test_a_rows_bits_do_not_depend_on_its_neighbours(batch):
    model = fitted().model
    values = rows_of(model, 40)
    whole = arrays_of(model.score(values))
    parts = [arrays_of(model.score(values[k : k + batch])) for k in range(0, 40, batch)]
    for k, wanted in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([part[k] for part in parts]), wanted)
    told = [model.score_told(values[k : k + batch]) for k in range(0, 40, batch)]
    for k, wanted in enumerate(whole[:2]):
        np.testing.assert_array_equal(np.concatenate([part[k] for part in told]), wanted)


def test_no_rows_no_scores():
    model = fitted().model
    assert model.score(np.zeros((0, len(model.names)), np.float32)).fused.shape == (0,)
