"""Judging again what was judged: thaw the record, run its models and its bundle, and say where a word is not the same.

Records of one regime and bundle are judged together, a page at a time: memory is bounded, ~3 µs a record without models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import HonghuaError
from honghua.decision import releases, store_judged, store_policy
from honghua.decision.core.compile import Bundle, codes_of, judge_batch
from honghua.decision.core.engine_inputs import SCORE_INPUTS
from honghua.decision.core.freezing import thaw
from honghua.decision.core.judging import Rescore, Seat, place_seats
from honghua.decision.core.outcomes import Verdicts
from honghua.decision.core.records import Ints, Layout, read_bits
from honghua.decision.core.slots.placing import CREDIT_INPUT
from honghua.decision.slots.kept import SlotModel, find_slot_model
from honghua.decision.store_judged import JudgedPage, Regime
from honghua.fraud.api import SCORE_VERSION

Floats = NDArray[np.float64]
Differences = NDArray[np.bool_]
FAULTS: Final = ("unreadable", "model", "credit model", "outcome", "reason", "amount", "fired", "shadow")


class Scorer(Protocol):
    """A model as a replay runs it: from the frozen signals to the policy inputs that it gives, by name."""

    def score(self, signals: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        """signals float32[n, F] → float64[n] per input."""
        ...

    def tell(self, signals: NDArray[np.float32]) -> Sequence[str]:
        """What the model says of one row float32[1, F], in words: scores and the signals that made them."""
        ...


FindScorer = Callable[[Mapping[str, bytes]], Scorer | None]
"""Kept files of a model → the model, or None where nobody can run it."""


@dataclass(slots=True)
class Difference:
    """A record that comes out differently, and in what."""

    decision_id: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Replayed:
    """How many were judged again, which differ, and how many ran through their model too.

    other_version: how many were scored by an earlier or later version of the arithmetic, by version: judged again on the scores that they
    hold, which this program cannot compute to the last bit.
    """

    count: int = 0
    scored: int = 0
    different: list[Difference] = field(default_factory=list)
    other_version: dict[int, int] = field(default_factory=dict)


class Replayer:
    """Regimes, layouts, bundles and models of a database, loaded as records name them."""

    def __init__(self, conn: psycopg.Connection, *, find_scorer: FindScorer | None = None) -> None:
        self.conn, self._find_scorer = conn, find_scorer
        self._regimes: dict[int, Regime] = store_judged.list_regimes(conn)
        self._layouts: dict[int, Layout] = store_judged.list_layouts(conn)
        self._bundles: dict[int, Bundle] = {}
        self._seats: dict[tuple[int, int], Seat] = {}
        self._broken: set[tuple[int, int]] = set()
        self._lineups: dict[int, tuple[int, ...]] = {}
        self._scorers: dict[bytes, Scorer | None] = {}
        self._slots: dict[bytes, SlotModel | None] = {}

    def replay(self, page: JudgedPage, found: Replayed) -> None:
        """Judge a page again and add to what was found."""
        faults = {name: np.zeros(len(page), np.bool_) for name in FAULTS}
        groups = np.unique(np.stack([page.regime_id, page.bundle_id]), axis=1).T.tolist() if len(page) else []
        for regime_id, bundle_id in groups:
            rows = np.flatnonzero((page.regime_id == regime_id) & (page.bundle_id == bundle_id))
            found.scored += self._replay_group(page, rows, faults)
            regime = self._regimes.get(regime_id)
            if regime is not None and regime.score_version != SCORE_VERSION and self._is_scored(regime, bundle_id):
                version = regime.score_version
                found.other_version[version] = found.other_version.get(version, 0) + len(rows)
        found.count += len(page)
        wrong = np.flatnonzero(np.logical_or.reduce(list(faults.values())))
        for row in wrong.tolist():
            found.different.append(
                Difference(int(page.decision_id[row]), tuple(name for name in FAULTS if faults[name][row]))
            )

    def _replay_group(self, page: JudgedPage, rows: Ints, faults: Mapping[str, Differences]) -> int:
        """Records that share everything; where one of them cannot be read, each is taken alone."""
        regime = self._regimes.get(int(page.regime_id[rows[0]]))
        place = (int(page.bundle_id[rows[0]]), -1 if regime is None else regime.layout_id)
        if regime is None or place in self._broken:
            faults["unreadable"][rows] = True
            return 0
        try:
            self.seat(*place)
        except (HonghuaError, KeyError):
            self._broken.add(place)
            faults["unreadable"][rows] = True
            return 0
        try:
            return self._replay_rows(page, rows, faults)
        except (HonghuaError, LookupError):
            if len(rows) == 1:
                faults["unreadable"][rows] = True
                return 0
            return sum(self._replay_group(page, rows[i : i + 1], faults) for i in range(len(rows)))

    def _replay_rows(self, page: JudgedPage, rows: Ints, faults: Mapping[str, Differences]) -> int:
        regime = self._regimes[int(page.regime_id[rows[0]])]
        layout = self._layouts[regime.layout_id]
        seat = self.seat(int(page.bundle_id[rows[0]]), regime.layout_id)
        inputs, signals = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
        is_same_version = regime.score_version == SCORE_VERSION
        judged_by = seat.bundle.model_digest or regime.model_digest  # a challenger may have a model of its own
        scorer = self._scorer(judged_by) if is_same_version else None
        has_run = scorer is not None
        if scorer is not None:
            score = place_scorer(scorer, layout.signals)
            if score is None:
                faults["model"][rows] = True
            for name, scores in score(signals).items() if score is not None else ():
                if name in layout.inputs:
                    frozen = np.ascontiguousarray(inputs[:, layout.inputs.index(name)])
                    faults["model"][rows] |= frozen.view(np.int64) != np.ascontiguousarray(scores).view(np.int64)
        if is_same_version and CREDIT_INPUT in layout.inputs and self._find_scorer is not None:
            frozen = np.ascontiguousarray(inputs[:, layout.inputs.index(CREDIT_INPUT)])
            seated = self._with_slot(seat, layout)
            has_run |= seated.slot is not None
            again = seated.slotted(inputs, signals, layout.inputs)
            chances = np.ascontiguousarray(again[:, layout.inputs.index(CREDIT_INPUT)])
            faults["credit model"][rows] |= frozen.view(np.int64) != chances.view(np.int64)
        vectors = seat.vectors(inputs)
        muted = [page.muted[i] for i in rows.tolist()]
        for mask in set(muted):
            same = np.array([mine == mask for mine in muted], np.bool_) if len(set(muted)) > 1 else slice(None)
            off = seat.bundle.no_rules_off()
            off[list(read_bits(mask))] = 1
            mine = rows[same]
            _compare(page, mine, seat.bundle, judge_batch(seat.bundle, vectors[same], off=off), faults)
        for place, shadow in enumerate(self.shadows(regime.lineup_id)):
            stored = np.array([page.shadows[i][place] for i in rows.tolist()], np.int64)
            if not stored.any():
                continue  # blind: it read what that engine did not sense
            sitting = self.seat(shadow, regime.layout_id)
            own = self._find_own(sitting, regime, layout, judged_by)
            runs_models = own is not None and (own.rescore is not None or own.bundle.credit_digest != b"")
            if own is not None and (not runs_models or (is_same_version and self._find_scorer is not None)):
                own = self._with_slot(own, layout)
                asked = own.slotted(own.rescored(inputs, signals, layout.inputs), signals, layout.inputs)
                faults["shadow"][rows] |= judge_batch(own.bundle, own.vectors(asked)).outcome != stored
        return len(rows) if has_run else 0

    def _find_own(self, seat: Seat, regime: Regime, layout: Layout, judged_by: bytes) -> Seat | None:
        """A shadow with the model that it was asked with, where the record's scores are another's; None where that cannot be run here."""
        digest = seat.bundle.model_digest or regime.model_digest
        if digest == judged_by:
            return seat
        scorer = self._scorer(digest)
        score = None if scorer is None else place_scorer(scorer, layout.signals)
        return None if score is None else replace(seat, rescore=score)

    def _is_scored(self, regime: Regime, bundle_id: int) -> bool:
        """Whether a model had a part in these records."""
        if regime.model_digest:
            return True
        return (bundle_id, regime.layout_id) not in self._broken and bool(
            self.seat(bundle_id, regime.layout_id).bundle.credit_digest
        )

    def _with_slot(self, seat: Seat, layout: Layout) -> Seat:
        """The seat with its credit model on this layout; without one where it has none, or where the engine did not give what it reads."""
        digest = seat.bundle.credit_digest
        if not digest:
            return seat
        if digest not in self._slots:
            self._slots[digest] = find_slot_model(store_judged.load_model(self.conn, digest))
        model = self._slots[digest]
        return seat if model is None else replace(seat, slot=model.place(layout.inputs, layout.signals))

    def find_rules(self, page: JudgedPage) -> Ints:
        """int64[n]: the number of the rule that decided each record in its own bundle, −1 for none or where it cannot be told."""
        found = np.full(len(page), -1, np.int64)
        keys = list(zip(page.regime_id.tolist(), page.bundle_id.tolist(), page.muted, strict=True))
        for key in set(keys):
            regime_id, bundle_id, muted = key
            rows = np.array([i for i, mine in enumerate(keys) if mine == key], np.int64)
            regime, layout = self.regime(regime_id)
            seat = self.seat(bundle_id, regime.layout_id)
            inputs, _ = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
            off = seat.bundle.no_rules_off()
            off[list(read_bits(muted))] = 1
            found[rows] = judge_batch(seat.bundle, seat.vectors(inputs), off=off).figures[:, 2]
        return found

    def seat(self, bundle_id: int, layout_id: int) -> Seat:
        """A bundle placed in a layout; IntegrityBroken when its text is not what its digest names."""
        if (bundle_id, layout_id) not in self._seats:
            if bundle_id not in self._bundles:
                self._bundles[bundle_id] = releases.recompile(releases.get_release(self.conn, bundle_id))
            (seat,) = place_seats([(bundle_id, self._bundles[bundle_id])], self._layouts[layout_id])
            self._seats[bundle_id, layout_id] = seat
        return self._seats[bundle_id, layout_id]

    def regime(self, regime_id: int) -> tuple[Regime, Layout]:
        """A regime and its layout."""
        regime = self._regimes[regime_id]
        return regime, self._layouts[regime.layout_id]

    def tell(self, digest: bytes, signals: NDArray[np.float32]) -> tuple[str, ...]:
        """What the model of this digest says of one row; nothing where it is not kept or nobody can run it."""
        scorer = self._scorer(digest)
        return () if scorer is None else tuple(scorer.tell(signals))

    def tell_slots(self, seat: Seat, layout: Layout, row: tuple[Floats, NDArray[np.float32]]) -> tuple[str, ...]:
        """What the model of the bundle's slot says of one record's inputs float64[1, I] and signals float32[1, F]; nothing without one."""
        seated = self._with_slot(seat, layout)
        model = self._slots.get(seat.bundle.credit_digest)
        if model is None or seated.slot is None:
            return ()
        return (model.tell(seated.slot.rows(*row)),)

    def shadows(self, lineup_id: int) -> tuple[int, ...]:
        """Who was asked and not heard in a line-up, in the order of the records' bytes."""
        if lineup_id not in self._lineups:
            self._lineups[lineup_id] = store_policy.get_lineup(self.conn, lineup_id).shadows
        return self._lineups[lineup_id]

    def _scorer(self, digest: bytes) -> Scorer | None:
        if not digest or self._find_scorer is None:
            return None
        if digest not in self._scorers:
            files = store_judged.load_model(self.conn, digest)
            self._scorers[digest] = self._find_scorer(files)
        return self._scorers[digest]


def place_scorer(scorer: Scorer, signals: Sequence[str]) -> Rescore | None:
    """A model that scores rows of these signals; None when it reads what is not among them. One without names takes them as they are."""
    names = tuple(getattr(scorer, "names", signals))
    if names == tuple(signals):
        return scorer.score
    known = {name: k for k, name in enumerate(signals)}
    if not known.keys() >= set(getattr(scorer, "reads", names)):
        return None
    to = np.array([k for k, name in enumerate(names) if name in known], np.int64)
    come = np.array([known[names[k]] for k in to.tolist()], np.int64)

    def score(values: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        rows = np.full((len(values), len(names)), np.nan, np.float32)
        rows[:, to] = values[:, come]
        return scorer.score(rows)

    return score


def _compare(
    page: JudgedPage, rows: Ints, bundle: Bundle, verdicts: Verdicts, faults: Mapping[str, Differences]
) -> None:
    faults["outcome"][rows] |= verdicts.outcome != page.outcome[rows]
    faults["amount"][rows] |= verdicts.amount_minor != page.amount_minor[rows]
    faults["amount"][rows] |= verdicts.extra_minor != page.extra_minor[rows]
    listed = rows.tolist()
    codes = codes_of(bundle, verdicts)
    faults["reason"][rows] |= np.array([code != (page.reason[i] or "") for code, i in zip(codes, listed)], np.bool_)
    faults["fired"][rows] |= _unlike_bits(verdicts.fired, [page.fired[i] for i in listed])


def _unlike_bits(words: NDArray[np.uint64], stored: Sequence[bytes]) -> Differences:
    """Where bitmaps differ; zero bytes at the end do not count."""
    bits = np.ascontiguousarray(words).view(np.uint8).reshape(len(stored), -1)
    width = len(stored[0])
    flat = b"".join(stored)
    if len(flat) != width * len(stored) or width > bits.shape[1]:
        return np.array([r.tobytes().rstrip(b"\0") != s.rstrip(b"\0") for r, s in zip(bits, stored)], np.bool_)
    unlike: Differences = (bits[:, :width] != np.frombuffer(flat, np.uint8).reshape(len(stored), width)).any(axis=1)
    unlike |= bits[:, width:].any(axis=1)
    return unlike


def replay(
    conn: psycopg.Connection, *, ids: Sequence[int] | None, sample: int | None, find_scorer: FindScorer | None
) -> Replayed:
    """Judge records again: those named, a spread sample, or all."""
    replayer = Replayer(conn, find_scorer=find_scorer)
    found = Replayed()
    for page in store_judged.iterate_pages(conn, ids=ids, sample=sample):
        replayer.replay(page, found)
    return found


def read_frozen(
    conn: psycopg.Connection, ids: Sequence[int], *, signals: Sequence[str]
) -> tuple[Ints, NDArray[np.float32], NDArray[np.float64]]:
    """Recorded decisions by id, rising: ids int64[k], their signals float32[k, F], and the fused score float64[k] (NaN: no model).

    Records that did not freeze all of these signals are left out.
    """
    regimes, layouts = store_judged.list_regimes(conn), store_judged.list_layouts(conn)
    page = store_judged.read_page(
        conn, "WHERE decision_id = ANY(%s::bigint[]) ORDER BY decision_id", [np.array(ids, np.int64)]
    )
    out = np.zeros((len(page), len(signals)), np.float32)
    fused = np.full(len(page), np.nan)
    kept = np.zeros(len(page), np.bool_)
    for regime_id in np.unique(page.regime_id).tolist():
        layout = layouts[regimes[regime_id].layout_id]
        if not set(signals) <= set(layout.signals):
            continue
        places = [layout.signals.index(name) for name in signals]
        rows = np.flatnonzero(page.regime_id == regime_id)
        inputs, values = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
        out[rows], fused[rows], kept[rows] = values[:, places], inputs[:, layout.inputs.index(SCORE_INPUTS[0])], True
    return page.decision_id[kept], out[kept], fused[kept]
