"""Judging as it is in force: who sits (champion, challenger, shadows), which lists and experiments count, which rules are off.

The engine hands over its own inputs; lists, arms and the customer's seat are added here (`Judge.complete`). A row is then judged
alone (`one`, when an account's balance must be read between two purchases) or all rows at once (`batch`): the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.brake import Brake, BrakeChange
from honghua.decision.core.compile import Bundle, codes_of, judge_batch, judge_row
from honghua.decision.core.engine_inputs import SCORE_INPUTS
from honghua.decision.core.experiment import Experiment, Holdout, compute_shares
from honghua.decision.core.listing import ListBook, Sections
from honghua.decision.core.outcomes import Verdict, Verdicts
from honghua.decision.core.records import Bits, Ints, JudgedColumns, Layout, ShadowColumns
from honghua.decision.core.slots.placing import CREDIT_INPUT, PlacedSlot
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX

Floats = NDArray[np.float64]
EVERYBODY = ""  # the entity of a suppression that is for all


Rescore = Callable[[NDArray[np.float32]], Mapping[str, Floats]]
"""Another model than the one that scored: signals float32[n, F] of the layout → float64[n] per input that it gives."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One bundle that judges, with its number in the database, its rules' names, and where its inputs stand in the layout.

    rescore: the own model of a shadow, or of a challenger that has another than the champion. is_blind: a shadow whose model reads what
    this engine does not sense; it is not asked. slot: the model that fills the bundle's slot `credit`; None: it has none, or this engine
    does not give what it reads, and the input is missing.
    """

    bundle_id: int
    bundle: Bundle
    places: Ints
    rules: tuple[str, ...]
    rescore: Rescore | None = field(default=None)
    is_blind: bool = field(default=False)
    slot: PlacedSlot | None = field(default=None)

    def vectors(self, inputs: Floats) -> Floats:
        """The bundle's own vectors out of inputs float64[n, I] in layout order."""
        return np.ascontiguousarray(inputs[:, self.places])

    def rescored(self, inputs: Floats, signals: NDArray[np.float32], names: tuple[str, ...]) -> Floats:
        """inputs float64[n, I] with the scores of the seat's own model in them; `inputs` themselves when it has none."""
        if self.rescore is None:
            return inputs
        again = inputs.copy()
        for name, scores in self.rescore(signals).items():
            if name in names:
                again[:, names.index(name)] = scores
        return again

    def slotted(self, inputs: Floats, signals: NDArray[np.float32], names: tuple[str, ...]) -> Floats:
        """inputs float64[n, I] with what the bundle's own slots say of them; `inputs` themselves where no bundle of the layout has any."""
        if CREDIT_INPUT not in names:
            return inputs
        again = inputs.copy()
        again[:, names.index(CREDIT_INPUT)] = np.nan
        if self.slot is not None:
            self.slot.fill(again, signals)
        return again


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Everything that is the same for many decisions. Immutable; a change makes a new one with another `regime_id`."""

    regime_id: int
    change_id: int
    lineup_id: int
    layout: Layout
    seats: tuple[Seat, ...]  # champion, then the challenger if there is one
    challenger_ppm: int
    split_salt: bytes
    shadows: tuple[Seat, ...]
    lists: ListBook
    holdout: Holdout
    experiments: tuple[Experiment, ...]
    suppressed: Sections  # (rule, entity) → keys; entity EVERYBODY has the one key 1
    stopped: tuple[tuple[int, str], ...]  # (bundle, rule) that the brake holds
    rescore: Rescore | None = field(
        default=None
    )  # the champion's model, where the challenger's customers are scored by another
    base: int  # how many inputs are the engine's own: the first ones of the layout

    @property
    def champion(self) -> Bundle:
        """The bundle that judges whoever is not the challenger's."""
        return self.seats[0].bundle


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch ready to be judged: inputs float64[n, I] in layout order, arms uint8[n, E], seat uint8[n], off per seat uint8[n, R].

    signals float32[n, F]: what the models of slots read; None where no seat has one.
    """

    inputs: Floats
    arms: Bits
    seat: Bits
    at_us: Ints
    off: tuple[Bits | None, ...]  # None: no suppression touches this seat's rules
    signals: NDArray[np.float32] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows int64[k] of a batch that one seat judged with the same rules off, and the verdicts in that order."""

    seat: int
    rows: Ints
    verdicts: Verdicts


def place_seats(bundles: Sequence[tuple[int, Bundle]], layout: Layout) -> tuple[Seat, ...]:
    """Seats of bundles whose every input is in the layout; KeyError names the first that is not."""
    place = {name: i for i, name in enumerate(layout.inputs)}
    return tuple(
        Seat(
            bundle_id, bundle, np.array([place[name] for name in bundle.inputs], np.int64),
            tuple(rule.name for rule in bundle.rules),
        )
        for bundle_id, bundle in bundles
    )  # fmt: skip


class Judge:
    """Judges batches under what is in force. columns: entity → column of the events; `customer` is the one experiments split by."""

    __slots__ = (
        "_any_suppressed", "_is_split", "_nothing_off", "_one_row", "_read", "_unslotted", "_whole", "brakes", "columns", "force",
        "has_slots", "lists", "places",
    )  # fmt: skip

    def __init__(self, force: InForce, columns: Mapping[str, int], brakes: Mapping[int, Brake]) -> None:
        self.force, self.columns, self.brakes = force, dict(columns), brakes
        names = force.layout.inputs
        self.lists = [(i, n.removeprefix(LIST_PREFIX)) for i, n in enumerate(names) if n.startswith(LIST_PREFIX)]
        known = {experiment.name: j for j, experiment in enumerate(force.experiments)}
        arms = [(i, n.removeprefix(ARM_PREFIX)) for i, n in enumerate(names) if n.startswith(ARM_PREFIX)]
        self.places = [(i, known.get(name, -1)) for i, name in arms]  # an ended experiment reads as the holdout
        # What is the same for every batch is settled here: most regimes have no experiment, challenger or suppression.
        self._is_split = bool(force.experiments) or len(force.seats) > 1
        self._whole = [np.array_equal(seat.places, np.arange(len(names))) for seat in force.seats]
        self.has_slots = any(seat.slot is not None for seat in force.seats)
        self._unslotted = names.index(CREDIT_INPUT) if CREDIT_INPUT in names else -1
        self._any_suppressed = any(rule in seat.rules for seat in force.seats for rule, _ in force.suppressed.names)
        self._read = [seat.places[seat.bundle.plan.places].astype(np.int32) for seat in force.seats]
        self._nothing_off: tuple[Bits | None, ...] = (None,) * len(force.seats)
        self._one_row = np.zeros((1, len(force.experiments)), np.uint8), np.zeros(1, np.uint8)
        kept: list[NDArray[Any]] = [*self._read, *self._one_row]
        for array in kept:
            array.setflags(write=False)

    def complete(
        self, base: Floats, events: Ints, at_us: Ints, *, signals: NDArray[np.float32] | None = None
    ) -> Prepared:
        """`fill` of the engine's inputs base float64[n, B], copied."""
        inputs = self.make_room(len(events))
        inputs[:, : self.force.base] = base
        return self.fill(inputs, events, np.ascontiguousarray(at_us), signals=signals)

    def make_room(self, n: int) -> Floats:
        """Zeros float64[n, I]: the engine writes the first B columns, `fill` the others."""
        return np.zeros((n, len(self.force.layout.inputs)))

    def fill(
        self, inputs: Floats, events: Ints, at_us: Ints, *, signals: NDArray[np.float32] | None = None
    ) -> Prepared:
        """Add lists and arms to the engine's inputs in place; find each customer's seat and the rules that are off.

        inputs float64[n, I] of `make_room`, the first B columns written; events int64[n, C] with entity keys in `columns`; at_us int64[n]
        event times, contiguous: expiry is judged by them; signals float32[n, F]: what a challenger's own model scores its customers by.
        """
        force, n = self.force, len(events)
        if n == 1 and not self._is_split:
            arms, seat = self._one_row
        else:
            arms, seat = np.zeros((n, len(force.experiments)), np.uint8), np.zeros(n, np.uint8)
        if self._is_split:
            customers = events[:, self.columns["customer"]]
            held_out = force.holdout.holds(customers)
            for j, experiment in enumerate(force.experiments):
                arms[:, j] = experiment.assign(customers, held_out)
            for place, j in self.places:
                inputs[:, place] = arms[:, j] if j >= 0 else 0.0
            if len(force.seats) > 1:
                # Holdout customers stay with the champion: they are who a challenger is compared with in the long run.
                seat[:] = (compute_shares(force.split_salt, customers) < force.challenger_ppm) & ~held_out
                self._rescore(inputs, signals, seat)
        if self.lists:
            flags = force.lists.flags([name for _, name in self.lists], self.columns, events, at_us=at_us)
            for j, (place, _) in enumerate(self.lists):
                inputs[:, place] = flags[:, j]
        if self._unslotted >= 0:
            inputs[:, self._unslotted] = np.nan
        off = self._nothing_off
        if self._any_suppressed:
            off = tuple(self._find_suppressed(s, events, at_us) for s in force.seats)
        return Prepared(inputs, arms, seat, at_us, off, signals if self.has_slots else None)

    def fill_slots(self, prepared: Prepared, *, rows: Ints | None = None) -> None:
        """The slots of these rows (None: of all), each by the model of its own seat, on the account as it stands in the inputs now.

        `one` and `batch` do this; whoever changes a row's inputs after that and judges it himself calls it before.
        """
        if not self.has_slots:
            return
        assert prepared.signals is not None, "a slot's model wants the sensed values"
        seats = prepared.seat if rows is None else prepared.seat[rows]
        for number, seat in enumerate(self.force.seats):
            if seat.slot is None:
                continue
            mine = np.flatnonzero(seats == number)
            if not len(mine):
                continue
            if len(mine) == len(prepared):
                seat.slot.fill(prepared.inputs, prepared.signals)
                continue
            chosen = mine if rows is None else rows[mine]
            found = prepared.inputs[chosen]
            seat.slot.fill(found, prepared.signals[chosen])
            prepared.inputs[chosen, seat.slot.place] = found[:, seat.slot.place]

    def _rescore(self, inputs: Floats, signals: NDArray[np.float32] | None, seat: Bits) -> None:
        """The challenger's customers by the challenger's own model, where it has one; in place."""
        challenger = self.force.seats[1]
        rows = np.flatnonzero(seat == 1)
        if challenger.rescore is None or not len(rows):
            return
        assert signals is not None, "a challenger with a model of its own wants the sensed values"
        inputs[rows] = challenger.rescored(inputs[rows], signals[rows], self.force.layout.inputs)

    def _as_champion(self, inputs: Floats, signals: NDArray[np.float32], seat: Bits) -> Floats:
        """inputs float64[n, I] with the scores of the champion's model in every row."""
        rows = np.flatnonzero(seat)
        if self.force.rescore is None or not len(rows):
            return inputs
        again = inputs.copy()
        champion = replace(self.force.seats[0], rescore=self.force.rescore)
        again[rows] = champion.rescored(inputs[rows], signals[rows], self.force.layout.inputs)
        return again

    def _find_suppressed(self, seat: Seat, events: Ints, at_us: Ints) -> Bits | None:
        sections = self.force.suppressed
        rules = seat.rules
        if not any(rule in rules for rule, _ in sections.names):
            return None
        everybody = np.ones((len(events), 1), np.int64)
        found = sections.look_up(
            {**self.columns, EVERYBODY: events.shape[1]}, np.ascontiguousarray(np.hstack([events, everybody])), at_us
        )
        off = np.zeros((len(events), len(rules)), np.uint8)
        for j, (rule, _) in enumerate(sections.names):
            if rule in rules:
                off[:, rules.index(rule)] |= found[:, j]
        return off if off.any() else None

    def _find_off(self, prepared: Prepared, seat: int, row: int) -> Bits | None:
        brake = self.brakes[self.force.seats[seat].bundle_id]
        suppressed = prepared.off[seat]
        if not brake.any_stopped:
            return None if suppressed is None else suppressed[row]
        return brake.off if suppressed is None else suppressed[row] | brake.off

    def one(self, prepared: Prepared, row: int) -> Verdict:
        """Judge one row as it stands now: the engine may have changed its own inputs since `fill`."""
        if self.has_slots:
            self.fill_slots(prepared, rows=np.array([row], np.int64))
        seat = int(prepared.seat[row]) if self._is_split else 0
        off = self._find_off(prepared, seat, row)
        return judge_row(self.force.seats[seat].bundle, prepared.inputs, row, self._read[seat], off=off)

    def batch(self, prepared: Prepared) -> list[Group]:
        """Judge all rows. Usually one group; more with a challenger, or where a rule is suppressed for some only."""
        if self.has_slots:
            self.fill_slots(prepared)
        groups = []
        for number, seat in enumerate(self.force.seats):
            rows = np.flatnonzero(prepared.seat == number)
            for mine, off in self._group(prepared, number, rows):
                inputs = prepared.inputs if len(mine) == len(prepared) else prepared.inputs[mine]
                vectors = inputs if self._whole[number] else seat.vectors(inputs)
                groups.append(Group(number, mine, judge_batch(seat.bundle, vectors, off=off)))
        return groups

    def _group(self, prepared: Prepared, seat: int, rows: Ints) -> list[tuple[Ints, Bits | None]]:
        suppressed = prepared.off[seat]
        if not len(rows):
            return []
        if suppressed is None:
            return [(rows, self._find_off(prepared, seat, int(rows[0])))]
        _, first, which = np.unique(suppressed[rows], axis=0, return_index=True, return_inverse=True)
        return [
            (rows[which.reshape(-1) == k], self._find_off(prepared, seat, int(rows[i]))) for k, i in enumerate(first)
        ]

    def judge_shadows(
        self, judged: Floats, signals: NDArray[np.float32], said: tuple[Ints, Ints], seat: Bits
    ) -> tuple[ShadowColumns, ...]:
        """What each shadow would have said on the champion's scores, or on those of its own model; nothing of it is acted on.

        judged float64[n, I]: the inputs as they were judged, by the seats uint8[n]; said: the outcomes and amounts that came of it.
        """
        outcomes, amounts = said
        inputs = self._as_champion(judged, signals, seat) if self.force.shadows else judged
        found, names = [], self.force.layout.inputs
        for shadow in self.force.shadows:
            if shadow.is_blind:
                nothing = np.zeros(0, np.int64)
                found.append(ShadowColumns(shadow.bundle_id, np.zeros(len(inputs), np.uint8), nothing, [], nothing))
                continue
            own = shadow.slotted(shadow.rescored(inputs, signals, names), signals, names)
            verdicts = judge_batch(shadow.bundle, shadow.vectors(own))
            rows = np.flatnonzero((verdicts.outcome != outcomes) | (verdicts.amount_minor != amounts))
            codes = codes_of(shadow.bundle, verdicts) if len(rows) else []
            reasons = [codes[i] or None for i in rows.tolist()]
            scores = None
            if shadow.rescore is not None and SCORE_INPUTS[0] in names:
                place = names.index(SCORE_INPUTS[0])
                scores = np.stack([inputs[:, place], own[:, place]], axis=1)
            words = verdicts.outcome.astype(np.uint8)
            found.append(ShadowColumns(shadow.bundle_id, words, rows, reasons, verdicts.amount_minor[rows], scores))
        return tuple(found)

    def feed_brakes(self, columns: JudgedColumns, rules: Ints) -> list[tuple[int, BrakeChange]]:
        """Count what was judged; (bundle, change) for every rule that was warned of, calmed or stopped."""
        changes = []
        for bundle_id, brake in sorted(self.brakes.items()):
            mine = columns.bundle_id == bundle_id
            if mine.any():
                said = brake.feed(columns.at_us[mine], rules[mine], columns.outcome[mine])
                changes += [(bundle_id, change) for change in said]
        return changes


__all__ = ["EVERYBODY", "Group", "InForce", "Judge", "Prepared", "Rescore", "Seat", "place_seats"]
