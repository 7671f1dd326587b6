"""Fit the reference modules on some people, set their bounds on others, and judge them on people whom nothing has seen.

Errors as ISO/IEC 30107-3 and 19795-1 name them: APCER, attack presentations taken for living faces, by species; BPCER, living faces taken
for attacks; FAR, others taken for the person; FRR, the person taken for another. One attempt a person and species, so that attempts do
not lean on each other and Wilson's interval holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from honghua.app.bench.proofing.clips import (
    LAYOUT,
    LIVE,
    SPECIES,
    UNSEEN,
    Person,
    blend,
    draw_digits,
    film,
    make_person,
)
from honghua.base.rng import derive_rng
from honghua.base.shares import find_share
from honghua.customers.api import Evidence, FakeIdentityProvider, ProofRequest
from honghua.customers.biometrics.api import (
    Biometrics,
    BiometricService,
    Bounds,
    Clip,
    Recording,
    fit_faces,
    fit_lips,
    fit_liveness,
)
from honghua.customers.core import ProofKind, ProofVerdict, judge_answers

BPCER_AIMED: Final = 0.03  # on the people on whom bounds are set
FAR_AIMED: Final = 0.01
DIGITS_MIN: Final = 4  # of six: four right by chance happen once in 800 tries
CLIPS_MORE: Final = 4
STOLEN: Final = ("stolen_device", "stolen_device_lookalike")  # living faces of the wrong person


@dataclass(frozen=True, slots=True)
class Case:
    """One person with clips: enrolled, the challenge answered by themselves and by each species of attack, and another person's try."""

    enrolled: Clip = field(repr=False)
    digits: str
    live: Clip = field(repr=False)
    other: Clip = field(repr=False)
    attacks: dict[str, Clip] = field(repr=False)
    who: Person = field(repr=False)


def make_case(seed: int, part: str, number: int, species: Sequence[str]) -> Case:
    """One person of a part (fit, bounds, judge) and whoever attacks them."""
    rng = derive_rng(seed, "clips", part, number)
    who, other = make_person(seed, part, number), make_person(seed, part, number, "attacker")
    digits = draw_digits(rng)
    attacks = {name: film_attack(who, other, digits, name, rng) for name in species}
    return Case(
        film(who, draw_digits(rng), LIVE, rng),
        digits,
        film(who, digits, LIVE, rng),
        film(other, digits, LIVE, rng),
        attacks,
        who,
    )


def film_attack(who: Person, attacker: Person, digits: str, species: str, rng: Generator) -> Clip:
    """An attack on somebody: with the digits that were asked for, or with those of a clip recorded before."""
    how = SPECIES[species]
    shown = blend(who, attacker, how.get("own", 0.0))
    said = digits if how["says"] else draw_digits(rng)
    return film(shown, said, how, rng)


def fit_modules(seed: int, people: int) -> Biometrics:
    """The three modules, fitted on people of their own, with bounds set on yet others. Unseen species are in neither."""
    seen = [name for name in SPECIES if name not in (*UNSEEN, *STOLEN)]
    fitting = [make_case(seed, "fit", k, seen) for k in range(people)]
    bounding = [make_case(seed, "bounds", k, ()) for k in range(people)]
    liveness = fit_liveness(LAYOUT, [c.live for c in fitting], [clip for c in fitting for clip in c.attacks.values()])
    more = [_film_more(seed, k, one) for k, one in enumerate(fitting)]
    people_shown = [[one.enrolled, *(clip for clip, _ in clips)] for one, clips in zip(fitting, more, strict=True)]
    faces = fit_faces(LAYOUT, people_shown)
    lips = fit_lips(LAYOUT, [pair for clips in more for pair in clips])
    alive = [liveness.score(one.live) for one in bounding]
    others = [faces.score(one.enrolled, one.other) for one in bounding]
    bounds = Bounds(float(np.quantile(alive, BPCER_AIMED)), float(np.quantile(others, 1 - FAR_AIMED)), DIGITS_MIN)
    return Biometrics(liveness, faces, lips, bounds)


def _film_more(seed: int, number: int, one: Case) -> list[tuple[Clip, str]]:
    """More clips of one person with what was said: what changes from one day to the next must be seen to be left out."""
    rng = derive_rng(seed, "more", number)
    said = [draw_digits(rng) for _ in range(CLIPS_MORE)]
    return [(one.live, one.digits), *((film(one.who, digits, LIVE, rng), digits) for digits in said)]


def judge_modules(modules: Biometrics, seed: int, people: int) -> dict[str, Any]:
    """All rates on people whom nothing has seen, each [low, mid, high] with 95 % intervals."""
    cases = [make_case(seed, "judge", k, tuple(SPECIES)) for k in range(people)]
    attacks = [name for name in SPECIES if name not in STOLEN]
    apcer = {name: _share([modules.is_alive(one.attacks[name], one.digits)[0] for one in cases]) for name in attacks}
    passive = {
        name: _share([modules.liveness.score(one.attacks[name]) >= modules.bounds.liveness for one in cases])
        for name in attacks
    }
    right = [modules.is_alive(one.live, one.digits)[2] for one in cases]
    recorded = [modules.is_alive(one.enrolled, one.digits)[2] for one in cases]
    return {
        "pad": {
            "apcer": apcer, "apcer_worst": max(apcer.values(), key=lambda one: one[1]), "apcer_without_digits": passive,
            "bpcer": _share([not modules.is_alive(one.live, one.digits)[0] for one in cases]), "unseen": list(UNSEEN),
        },
        "lips": {
            "digits_right": sum(right) / (people * len(cases[0].digits)),
            "frr": _share([count < modules.bounds.digits_min for count in right]),
            "far_other_digits": _share([count >= modules.bounds.digits_min for count in recorded]),
        },
        "face": {
            "far": _share([modules.is_same(one.enrolled, one.other)[0] for one in cases]),
            "far_lookalike": _share([modules.is_same(one.enrolled, one.attacks[STOLEN[1]])[0] for one in cases]),
            "frr": _share([not modules.is_same(one.enrolled, one.live)[0] for one in cases]),
        },
        "whole": judge_whole(modules, cases),
    }  # fmt: skip


def judge_whole(modules: Biometrics, cases: Sequence[Case]) -> dict[str, Any]:
    """What comes through the identity service and its verdict: attackers who know all four factors, with the phone or without it."""
    through: dict[str, list[bool]] = {name: [] for name in ("person", *SPECIES, "person_other_device")}
    for one in cases:
        tries = {"person": one.live, **one.attacks}
        for name, clip in tries.items():
            through[name].append(_is_proven(modules, one, Recording(clip, one.digits)))
        through["person_other_device"].append(
            _is_proven(modules, one, Recording(one.live, one.digits, device_known=False))
        )
    accepted = {name: _share(passed) for name, passed in through.items()}
    low, mid, high = accepted.pop("person")
    return {"false_refusal": [1 - high, 1 - mid, 1 - low], "attack_success": accepted}


def _is_proven(modules: Biometrics, one: Case, recording: Recording) -> bool:
    service = BiometricService(
        modules=modules,
        find_recording=lambda _: recording,
        find_enrolled=lambda _: one.enrolled,
        four_factor=FakeIdentityProvider(1),
    )
    evidence = Evidence(name="n", national_id="i", phone="p", card="c", clip="clip")
    requests = [ProofRequest(request_id=kind.value, kind=kind, evidence=evidence, seconds=5.0) for kind in ProofKind]
    verdict, _ = judge_answers([service.ask(request) for request in requests])
    return verdict is ProofVerdict.PROVEN


def _share(hits: Sequence[bool]) -> list[float]:
    low, mid, high = find_share(sum(hits), len(hits))
    return [low, mid, high]


__all__ = ["Case", "fit_modules", "judge_modules", "make_case"]
