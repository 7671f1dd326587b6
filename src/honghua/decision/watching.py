"""What running engines follow: one number is polled at the start of each batch, and only when it moved is anything read.

So an activation, a rollback, a list entry, a suppression or a word of the brake is in force at the next batch of every engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from honghua.base.errors import IntegrityBroken, NotFound, WorldFailed
from honghua.decision import brakes, experiments, lists, releases, store_control, store_judged, store_policy
from honghua.decision.core.brake import Brake, BrakePlan, BrakeState
from honghua.decision.core.compile import Bundle
from honghua.decision.core.engine_inputs import STANDING_LISTS, engine_vocabulary
from honghua.decision.core.experiment import make_salt
from honghua.decision.core.judging import InForce, Judge, Rescore, Seat, place_seats
from honghua.decision.core.listing import ListBook
from honghua.decision.core.policies import ACCOUNT_RULES
from honghua.decision.core.records import Layout
from honghua.decision.core.slots.placing import CREDIT_INPUT, CREDIT_WORD
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX, Input, Kind, Vocabulary, read_vocabulary
from honghua.decision.kept_models import read_model_files
from honghua.decision.monitoring.brake_memory import recall_counts
from honghua.decision.releases import PURPOSE, Proposal
from honghua.decision.scoring import find_rescore
from honghua.decision.slots.kept import SlotModel, get_slot_model
from honghua.decision.store_policy import LineupRow
from honghua.features.core import ENTITIES
from honghua.fraud.api import SCORE_VERSION

READS_MAX: Final = 10  # somebody changes something while we read: read again, this often at most
FIRST_NAME: Final = "account-rules"
PREPARED: Final = (LIST_PREFIX, ARM_PREFIX)  # inputs that are not the engine's own


Choose = Callable[[psycopg.Connection, LineupRow], LineupRow]
"""Which line-up an engine follows: the newest, which is given, or the one before for as long as it cannot serve the newest."""


@dataclass(frozen=True, slots=True)
class EngineTerms:
    """What an engine brings: its own inputs, the model's inputs, and the columns of its events (entities under their names)."""

    vocabulary: Vocabulary
    signals: tuple[str, ...] = ()
    events: tuple[str, ...] = ("customer",)
    model_digest: bytes = b""
    brake: BrakePlan = field(default_factory=BrakePlan)

    @property
    def columns(self) -> dict[str, int]:
        """Where each entity stands in an event."""
        return {name: place for place, name in enumerate(self.events) if name in ENTITIES}


class Watch:
    """One engine's view of what is in force. Not shared between threads."""

    __slots__ = (
        "_book",
        "_brakes",
        "_bundles",
        "_choose",
        "_judge",
        "_references",
        "_rescores",
        "_slots",
        "purpose",
        "terms",
    )

    def __init__(self, terms: EngineTerms, *, purpose: str = PURPOSE, choose: Choose | None = None) -> None:
        self.terms, self.purpose, self._choose = terms, purpose, choose
        self._judge: Judge | None = None
        self._bundles: dict[int, Bundle] = {}
        self._references: dict[int, dict[str, int]] = {}
        self._book: tuple[int, ListBook] | None = None  # the last list event in it
        self._brakes: dict[int, Brake] = {}
        self._rescores: dict[tuple[bytes, bytes], Rescore | None] = {}  # by model and layout
        self._slots: dict[bytes, SlotModel] = {}  # models of the slot `credit`, by digest

    def judge(self, conn: psycopg.Connection) -> Judge:
        """Who judges the next batch; call it before the batch's transaction begins.

        The same object while nothing changed (one index step, ~0.1 ms). NotFound when nobody judges this purpose yet.
        """
        if self._judge is not None and store_policy.read_last_change(conn) == self._judge.force.change_id:
            return self._judge
        # What is registered here must not vanish with a batch that is rolled back.
        assert conn.info.transaction_status == TransactionStatus.IDLE, (
            "look at what is in force outside of transactions"
        )
        force = self._load(conn)
        self._follow_brakes(conn, force)
        self._judge = Judge(force, self.terms.columns, {s.bundle_id: self._brakes[s.bundle_id] for s in force.seats})
        return self._judge

    def forget(self) -> None:
        """Drop what a failed unit may have left behind; the brake's counters come back from the records."""
        self._judge, self._brakes = None, {}

    def _load(self, conn: psycopg.Connection) -> InForce:
        for _ in range(READS_MAX):
            with conn.transaction():
                change_id = store_policy.read_last_change(conn)
                force = self._read(conn, change_id)
                if store_policy.read_last_change(conn) == change_id:
                    return force
                raise psycopg.Rollback  # half of one state and half of the next: nothing of it is registered
        raise WorldFailed("the policy changes faster than it can be read")

    def _read(self, conn: psycopg.Connection, change_id: int) -> InForce:
        lineup = releases.find_lineup(conn, purpose=self.purpose)
        if lineup is None:
            raise NotFound(f"nobody judges {self.purpose}: activate a release", code="NO_CHAMPION")
        if self._choose is not None:
            lineup = self._choose(conn, lineup)
        bundles = self._find_bundles(conn, [*lineup.judging, *lineup.shadows])
        layout = find_layout(self.terms, bundles.values())
        book = self._find_book(conn)
        running = experiments.list_experiments(conn, purpose=self.purpose)
        regime = {
            "change_id": change_id, "lineup_id": lineup.lineup_id, "layout_id": store_judged.ensure_layout(conn, layout),
            "lists_digest": book.digest, "model_digest": bundles[lineup.champion].model_digest or self.terms.model_digest,
            "experiments": [experiment.experiment_id for experiment in running], "score_version": SCORE_VERSION,
        }  # fmt: skip
        seats, rescore = self._place_judges(conn, bundles, lineup, layout)
        seats = tuple(self._fill_slot(conn, seat, layout) for seat in seats)
        if any(seat.bundle.credit_digest and seat.slot is None for seat in seats[1:]):
            seats, rescore = seats[:1], None  # a challenger that cannot be asked: its customers stay with the champion
        store_control.save_lists_seen(conn, book.digest, change_id=change_id, entries=len(book))
        digest = hashlib.sha256(repr(sorted(regime.items())).encode()).digest()
        return InForce(
            regime_id=store_judged.ensure_regime(conn, digest, regime), change_id=change_id,
            lineup_id=lineup.lineup_id, layout=layout, seats=seats, rescore=rescore,
            challenger_ppm=lineup.challenger_ppm, split_salt=_find_split_salt(self.purpose, lineup),
            shadows=self._place_shadows(conn, bundles, lineup, layout), lists=book,
            holdout=experiments.find_holdout(conn, purpose=self.purpose), experiments=running,
            suppressed=brakes.load_suppressed(conn, self.purpose),
            stopped=tuple((b.bundle_id, b.rule) for b in brakes.list_brakes(conn, purpose=self.purpose) if b.state == "stopped"),
            base=len(self.terms.vocabulary),
        )  # fmt: skip

    def _place_judges(
        self, conn: psycopg.Connection, bundles: Mapping[int, Bundle], lineup: LineupRow, layout: Layout
    ) -> tuple[tuple[Seat, ...], Rescore | None]:
        """Champion and challenger; one with a model of its own gets it, and the champion's is there for the shadows.

        A challenger whose model this engine cannot run judges nobody: its customers stay with the champion.
        """
        seats = _place(bundles, lineup.judging, layout)
        champion = bundles[lineup.champion].model_digest or self.terms.model_digest
        own = [seat.bundle.model_digest for seat in seats[1:] if seat.bundle.model_digest not in (b"", champion)]
        if not own:
            return seats, None
        challengers, judged = self._find_rescore(conn, own[0], layout), self._find_rescore(conn, champion, layout)
        if challengers is None or judged is None:
            return seats[:1], None
        return (seats[0], replace(seats[1], rescore=challengers)), judged

    def _place_shadows(
        self, conn: psycopg.Connection, bundles: Mapping[int, Bundle], lineup: LineupRow, layout: Layout
    ) -> tuple[Seat, ...]:
        """Shadows, those with another model than the champion's with that model; one that this engine cannot ask is blind, not fatal."""
        seats = []
        for one in _place(bundles, lineup.shadows, layout):
            seat = self._fill_slot(conn, one, layout)
            digest = seat.bundle.model_digest
            if seat.bundle.credit_digest and seat.slot is None:
                seats.append(replace(seat, is_blind=True))
                continue
            if digest in (b"", bundles[lineup.champion].model_digest):
                seats.append(seat)
                continue
            rescore = self._find_rescore(conn, digest, layout)
            seats.append(replace(seat, rescore=rescore, is_blind=rescore is None))
        return tuple(seats)

    def _fill_slot(self, conn: psycopg.Connection, seat: Seat, layout: Layout) -> Seat:
        """The seat with its credit model; as it is where it has none, or one that reads what is not given here: then it is missing."""
        digest = seat.bundle.credit_digest
        if not digest:
            return seat
        if digest not in self._slots:
            self._slots[digest] = get_slot_model(conn, digest)
        return replace(seat, slot=self._slots[digest].place(layout.inputs, layout.signals))

    def _find_rescore(self, conn: psycopg.Connection, digest: bytes, layout: Layout) -> Rescore | None:
        """A kept model on this engine's values; None where it reads what is not sensed."""
        key = digest, layout.digest
        if key not in self._rescores:
            self._rescores[key] = find_rescore(read_model_files(conn, digest), layout.signals)
        return self._rescores[key]

    def _find_book(self, conn: psycopg.Connection) -> ListBook:
        """The lists are read again only when one of them changed: long ones take their time."""
        last = store_control.read_last_list_change(conn)
        if self._book is None or self._book[0] != last:
            self._book = last, lists.load_book(conn, until_change=last)
        return self._book[1]

    def _find_bundles(self, conn: psycopg.Connection, ids: Iterable[int]) -> dict[int, Bundle]:
        wanted = list(ids)
        missing = [i for i in wanted if i not in self._bundles]
        for row in store_policy.list_releases(conn, ids=missing) if missing else ():
            self._bundles[row.release_id] = releases.recompile(row)
            self._references[row.release_id] = msgspec.json.decode(row.reference)
        return {i: self._bundles[i] for i in wanted}

    def _follow_brakes(self, conn: psycopg.Connection, force: InForce) -> None:
        """Brakes of those who stay keep their counters, others take theirs from the records of the last window; who was stopped or
        reopened elsewhere is so here too."""
        kept: dict[int, Brake] = {}
        for seat in force.seats:
            brake = self._brakes.get(seat.bundle_id)
            if brake is None:
                plan = replace(self.terms.brake, reference_ppm=self._references[seat.bundle_id])
                brake = Brake(plan, plan.bounds_of(seat.rules, protected=brakes.find_protected(seat.bundle)))
                recall_counts(conn, brake, seat, purpose=self.purpose)
            for number, rule in enumerate(seat.rules):
                held = (seat.bundle_id, rule) in force.stopped
                if held:
                    brake.stop(number)
                elif brake.states[number] == BrakeState.STOPPED:
                    brake.reopen(number)
            kept[seat.bundle_id] = brake
        self._brakes = kept


def find_vocabulary(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> Vocabulary:
    """The words that a policy may use now: the champion's inputs and what else the engine gives, every list, the arms of what runs; the
    slot `credit` where the champion has a model for it."""
    lineup = releases.find_lineup(conn, purpose=purpose)
    base = engine_vocabulary(lists=())
    if lineup is not None:
        champion = releases.get_release(conn, lineup.champion)
        stored = read_vocabulary(champion.vocabulary.encode())
        slot = (CREDIT_WORD,) if champion.credit_digest else ()
        base = Vocabulary((*(i for i in stored if not _is_given_here(i.name)), *slot))
    # An engine may sense more than the champion was written for: what it gave last are numbers that may be missing.
    sensed = {n for n in store_judged.find_inputs(conn) if not _is_given_here(n)}
    base = base.extended(Input(name) for name in sorted(sensed.difference(base.names)))
    names = sorted({*STANDING_LISTS, *store_control.list_names(conn)})
    running = experiments.list_experiments(conn, purpose=purpose)
    return base.extended(
        [Input(LIST_PREFIX + name, Kind.FLAG, may_be_missing=False) for name in names]
        + [Input(ARM_PREFIX + e.name, Kind.CATEGORY, may_be_missing=False, levels=e.levels) for e in running]
    )


def ensure_first(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> LineupRow:
    """Who judges now; in an empty database the account rules that came with the program, made champion here."""
    vocabulary = find_vocabulary(conn, purpose=purpose)
    return releases.ensure_first_release(conn, Proposal(FIRST_NAME, ACCOUNT_RULES, vocabulary), purpose=purpose)


def find_layout(terms: EngineTerms, bundles: Iterable[Bundle]) -> Layout:
    """The engine's inputs, then the lists, arms and slots that its bundles read; IntegrityBroken for an input that nobody gives."""
    own = terms.vocabulary.names
    added: set[str] = set()
    for bundle in bundles:
        for name in bundle.inputs:
            if _is_given_here(name):
                added.add(name)
            elif name not in own:
                raise IntegrityBroken(f"policy {bundle.name} reads {name}, which this engine does not give")
    return Layout((*own, *sorted(added.difference(own))), terms.signals, terms.events)


def _is_given_here(name: str) -> bool:
    """Whether an input is the judge's to give, not the engine's."""
    return name.startswith(PREPARED) or name == CREDIT_INPUT


def _place(bundles: Mapping[int, Bundle], ids: Iterable[int], layout: Layout) -> tuple[Seat, ...]:
    return place_seats([(i, bundles[i]) for i in ids], layout)


def _find_split_salt(purpose: str, lineup: LineupRow) -> bytes:
    """The challenger's split: the same customers for as long as it is the same challenger, whatever its share."""
    return make_salt("challenger", purpose, str(lineup.challenger))
