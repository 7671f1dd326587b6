"""A gang: a ring's plan, played span by span. It probes small, hears what passed, changes what it does, and gives up in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.background import draw_hours
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, US_PER_S, Draft, Ints, join
from honghua.sim.core.gangs.disguising import PLACES, Floats, Wardrobe, cover, disguise, scale
from honghua.sim.core.gangs.lore import AS_PLANNED, Lore, Way, worth_of
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.core.stage import Rng, Stage, Typology, with_columns
from honghua.sim.core.tuning import Disguise

PPM: Final = 1_000_000
NOT_DUE: Final = 2**62  # a time that does not come
REST_MIN: Final = 0.25  # of a planned sum: less is not worth another act
TINY_MINOR: Final = 2_000
AGAIN_HOURS: Final = (2.0, 30.0)  # until an act is tried again, or its rest
HOLD_HOURS: Final = (1.0, 6.0)  # that the others wait for the answer to a probe
BACK_S: Final = (20, 900)  # a payback that is due already comes so long after the answer
REFUSED: Final = (Heard.REFUSED_RISK, Heard.DELAYED)


class Mood(IntEnum):
    """Where a gang stands."""

    WORKING = 0
    PROBING = 1  # one act at a time, a small one
    GONE = 2


class Span(NamedTuple):
    """From a time until before another, local microseconds."""

    from_us: int
    to_us: int


class Follower(NamedTuple):
    """A refund or payback of something that was granted."""

    at_us: int
    row: int
    amount_minor: int
    act: int
    act_at_us: int


@dataclass(slots=True)
class Sent:
    """What stands behind the last wants: the planned row of each (NONE: a cover or a follower), and how it was done."""

    rows: Ints
    wants: Draft
    way: Way
    part: float


class Gang:
    """One ring. `plan` is what its typology planted, with ring and crime marked; acts are its rows with an odd `crime`.

    Not adaptive, it plays the plan as it stands, whatever it hears: only what hangs on a refused act stays away.
    """

    __slots__ = (
        "_followers",
        "_links",
        "_member_refusals",
        "_rng",
        "_sent",
        "_worth",
        "adaptive",
        "due",
        "left",
        "lore",
        "mood",
        "moved",
        "plan",
        "refusals",
        "tries",
        "tuning",
        "wardrobe",
        "way",
    )  # fmt: skip

    def __init__(self, typology: Typology, plan: Draft, rng: Rng, *, adaptive: bool) -> None:
        self.tuning, self.adaptive, self._rng = typology.tuning, adaptive, rng
        links = np.flatnonzero(plan["origin"] != NONE)
        self._links = {int(row): links[plan["origin"][links] == row] for row in np.unique(plan["origin"][links])}
        self.due = plan["at_us"].copy()
        self.due[links] = NOT_DUE
        self.plan = with_columns(plan, origin=NONE)
        self.left = np.ones(len(plan))
        self.tries = np.zeros(len(plan), np.int64)
        self.moved = np.zeros(len(plan), np.bool_)
        self.mood = Mood.PROBING if adaptive else Mood.WORKING
        self.way, self.lore, self._worth = AS_PLANNED, Lore(), worth_of(self.tuning)
        self.wardrobe = Wardrobe(self.tuning.shops)
        self.refusals = 0  # in a row
        self._member_refusals: dict[int, int] = {}
        self._followers: list[Follower] = []
        self._sent: Sent | None = None

    @property
    def is_act(self) -> NDArray[np.bool_]:
        """bool[plan]: crimes that are not about another."""
        return np.asarray(self.plan["crime"] % 2 == 1)

    def leave(self) -> None:
        """Go away at once: nothing of the plan is due any more."""
        self.mood = Mood.GONE
        self.due[:] = NOT_DUE
        self._followers = []

    def put_off(self, rows: Ints) -> None:
        """These acts of the plan do not come."""
        self.due[rows] = NOT_DUE

    def stirs(self, span: Span) -> bool:
        """Whether anything is due in a span; most gangs sleep most of the time."""
        due = (self.due >= span.from_us) & (self.due < span.to_us)
        return bool(due.any()) or any(one.at_us < span.to_us for one in self._followers)

    def wants(self, stage: Stage, span: Span) -> Draft:
        """What the gang would do in a span: acts, what makes them look ordinary, and what follows granted ones. Row by row, unsorted."""
        acting = self.is_act & (self.mood is not Mood.GONE)
        due = (self.due >= span.from_us) & (self.due < span.to_us)
        others = np.flatnonzero(due & ~self.is_act)
        acts = self._hold_back(stage, np.flatnonzero(due & acting), span)
        probing = self.adaptive and self.mood is Mood.PROBING
        part = self.tuning.probe if probing else self.tuning.greed[self.way.greed]
        following, ready = self._follow(span)
        parts = following if not len(others) else [*following, self.plan.take(others)]
        if len(acts):
            rows = with_columns(self.plan.take(acts), at_us=self.due[acts])
            parts = [*(self._dress(stage, rows, part * self.left[acts], span) if self.adaptive else [rows]), *parts]
        wants = join(parts)
        self.due[acts] = NOT_DUE
        self.due[others] = NOT_DUE
        self._followers = ready
        self._sent = Sent(np.concatenate([acts, np.full(len(wants) - len(acts), NONE)]), wants, self.way, part)
        return wants

    def _dress(self, stage: Stage, rows: Draft, factor: Floats, span: Span) -> list[Draft]:
        """The acts as the gang's way has it, and ordinary purchases before them."""
        rows = scale(rows, factor)
        if self._worn:
            rows = disguise(stage, self._rng, rows, self.wardrobe, self._worn)
        times = self.tuning.cover[self.way.cover]
        return [rows, cover(stage, self._rng, rows, times, from_us=span.from_us)] if times else [rows]

    @property
    def _worn(self) -> tuple[Disguise, ...]:
        return self.tuning.disguises[: self.way.disguise]

    def _hold_back(self, stage: Stage, acts: Ints, span: Span) -> Ints:
        """Acts that really come in the span: at ordinary hours if that is the disguise, and one alone while the gang probes."""
        if not self.adaptive or not len(acts):
            return acts
        if Disguise.HOUR in self._worn:
            stale = acts[~self.moved[acts]]
            self.due[stale] = self._ordinary_hours(stage, stale, span)
            self.moved[stale] = True
            acts = acts[(self.due[acts] >= span.from_us) & (self.due[acts] < span.to_us)]
        if self.mood is Mood.PROBING and len(acts) > 1:
            first = acts[np.argmin(self.due[acts])]
            held = acts[acts != first]
            wait = self._rng.uniform(*HOLD_HOURS, len(held)) * US_PER_HOUR
            self.due[held] = span.to_us + wait.astype(np.int64)
            acts = np.array([first])
        return acts

    def _ordinary_hours(self, stage: Stage, rows: Ints, span: Span) -> Ints:
        hour = draw_hours(self._rng, stage.city.people.rhythm[self.plan["customer"][rows]])
        day = self.due[rows] // US_PER_DAY
        at = day * US_PER_DAY + hour * US_PER_HOUR + self._rng.integers(0, US_PER_HOUR, len(rows))
        return np.where(at < span.from_us, at + US_PER_DAY, at)

    def _follow(self, span: Span) -> tuple[list[Draft], list[Follower]]:
        """Refunds and paybacks that are due, and those that are not yet."""
        now = [one for one in self._followers if one.at_us < span.to_us]
        later = [one for one in self._followers if one.at_us >= span.to_us]
        if not now:
            return [], later
        late = span.from_us + self._rng.integers(*BACK_S, len(now)) * US_PER_S
        rows = self.plan.take(np.array([one.row for one in now], np.int64))
        following = with_columns(
            rows, at_us=np.maximum(np.array([one.at_us for one in now], np.int64), late), share_ppm=0,
            amount_minor=np.array([one.amount_minor for one in now], np.int64),
            credit=rows["kind"] == EventKind.REFUND,  # what a crook buys is bought on credit
            about=np.array([one.act for one in now], np.int64), about_at_us=np.array([one.act_at_us for one in now], np.int64),
        )  # fmt: skip
        return [following], later

    def hear(self, outcomes: Outcomes, act: Ints, others: Lore, *, now_us: int) -> None:
        """What became of the last wants, row by row; act int64[n]: the names under which the house keeps them."""
        sent, self._sent = self._sent, None
        assert sent is not None, "something was wanted"
        assert len(outcomes) == len(sent.rows) == len(act)
        acts = np.flatnonzero(sent.rows != NONE)
        granted = outcomes.granted
        for k in acts[np.argsort(sent.wants["at_us"][acts], kind="stable")].tolist():
            row, code = int(sent.rows[k]), Heard(int(outcomes.code[k]))
            if granted[k]:
                self._on_granted(row, sent, Granted(int(outcomes.granted_minor[k]), int(act[k]), k), now_us)
            elif self.adaptive and code in REFUSED:
                self._on_refused(row, sent, k, now_us)
            elif (
                self.adaptive and code is Heard.NOT_TRIED
            ):  # beyond the limit is no use to try again: the member sees it in the app
                self._again(row, now_us)
            if self.adaptive and (granted[k] or code in REFUSED):
                for lore in (self.lore, others):
                    lore.learn(sent.way, passed=bool(granted[k]))
        if self.adaptive and self.mood is not Mood.GONE and len(acts):
            self._choose(others, now_us)

    def _on_granted(self, row: int, sent: Sent, got: Granted, now_us: int) -> None:
        at_us = int(sent.wants["at_us"][got.place])
        for link in self._links.get(row, ()):
            share, grid = int(self.plan["share_ppm"][link]), int(self.plan["grid_minor"][link])
            amount = got.amount_minor * share // PPM // grid * grid
            if amount >= TINY_MINOR:
                delay = int(self.plan["at_us"][link] - self.plan["at_us"][row])
                self._followers.append(Follower(at_us + delay, int(link), amount, got.act, at_us))
        self.refusals = 0
        self._member_refusals[int(sent.wants["customer"][got.place])] = 0
        if not self.adaptive:
            return
        self.left[row] *= 1.0 - min(sent.part, 1.0)
        if self.left[row] >= REST_MIN:
            self._again(row, now_us)
        if self.mood is Mood.PROBING:
            self.mood = Mood.WORKING

    def _on_refused(self, row: int, sent: Sent, place: int, now_us: int) -> None:
        for what in sent_in(self.tuning.disguises[: sent.way.disguise]):
            self.wardrobe.burn(what, int(sent.wants[PLACES[what]][place]))
        who = int(sent.wants["customer"][place])
        self._member_refusals[who] = self._member_refusals.get(who, 0) + 1
        self.refusals += 1
        self.mood = Mood.PROBING
        self._again(row, now_us)
        if self._member_refusals[who] >= self.tuning.patience:
            self.due[self.is_act & (self.plan["customer"] == who)] = NOT_DUE
        if self.refusals >= self.tuning.gives_up:
            self.mood = Mood.GONE
            self.due[self.is_act] = NOT_DUE

    def _again(self, row: int, now_us: int) -> None:
        """The act, or what is left of it, some hours later, if it was not tried often enough."""
        self.tries[row] += 1
        if self.tries[row] < self.tuning.tries:
            hours = self._rng.uniform(*AGAIN_HOURS) * self.tuning.pace[self.way.pace]
            self.due[row] = now_us + int(hours * US_PER_HOUR)
            self.moved[row] = False

    def _choose(self, others: Lore, now_us: int) -> None:
        """Another way, perhaps; a slower one moves all that is planned."""
        way = self.lore.choose(self._rng, self._worth, others)
        stretch = self.tuning.pace[way.pace] / self.tuning.pace[self.way.pace]
        waiting = self.is_act & (self.due < NOT_DUE) & (self.due > now_us)
        self.due[waiting] = now_us + ((self.due[waiting] - now_us) * stretch).astype(np.int64)
        self.way = way


class Granted(NamedTuple):
    """What an act brought: money, the name of the act, its place among the wants."""

    amount_minor: int
    act: int
    place: int


def sent_in(disguises: Sequence[Disguise]) -> list[Disguise]:
    """Those that put a thing into the act, which can be seen through."""
    return [one for one in disguises if one in PLACES]


__all__ = ["Gang", "Mood", "Span"]
