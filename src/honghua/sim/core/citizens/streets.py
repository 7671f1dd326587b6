"""Where citizens are and with what: homes, dormitories, offices, cyber-cafés, phones, tablets and the people they send money to.

Innocent density is planted here: a campus or a factory puts hundreds behind one address, a cyber-café serves many accounts from a few
devices, a family shares a tablet, an office an address, a second-hand phone two owners.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from honghua.sim.core.citizens.occupations import IS_STUDENT, of
from honghua.sim.core.draft import Ints
from honghua.sim.core.people import NEVER, NIGHT, STUDENT, contacts_of, devices_of
from honghua.sim.core.shops import REGIONS

PEOPLE_PER_DORM: Final = 150
PEOPLE_PER_OFFICE: Final = 25
PEOPLE_PER_CAFE: Final = 800  # of all people; `devices_of` gives each café its seats
PEOPLE_PER_HOTEL: Final = 300


class Residents(NamedTuple):
    """What must be known of people before they get addresses: int64[n] each."""

    rhythm: Ints
    region: Ints
    household: Ints
    occupation: Ints


def settle_streets(rng: np.random.Generator, residents: Residents, *, days: int) -> dict[str, Any]:
    """The columns of `People` about places, devices and contacts, as int32."""
    columns = _addresses(rng, residents, days)
    columns |= devices_of(rng, residents.rhythm, residents.household, days)
    columns["contacts"] = contacts_of(rng, residents.household, residents.region)
    small = {name: v.astype(np.int32) for name, v in columns.items() if isinstance(v, np.ndarray)}
    return {**columns, **small}


def _addresses(rng: np.random.Generator, residents: Residents, days: int) -> dict[str, Any]:
    n = len(residents.rhythm)
    region, occupation = residents.region, residents.occupation
    offices = n // PEOPLE_PER_OFFICE // REGIONS + 1
    dorms = n // (PEOPLE_PER_DORM * 10 * REGIONS) + 1  # a tenth sleeps in one; campuses and works apart
    cafes, hotels = n // PEOPLE_PER_CAFE + 1, n // PEOPLE_PER_HOTEL + 3
    pool = n // (40 * REGIONS) + 2
    first = np.cumsum([n, offices * REGIONS, 2 * dorms * REGIONS, pool * REGIONS, cafes, hotels])
    office_0, dorm_0, mobile_0, cafe_0, hotel_0 = first[:-1]
    in_dorm = rng.random(n) < of("dorm")[occupation]
    dorm = dorm_0 + (region * 2 + (occupation == IS_STUDENT)) * dorms + rng.integers(0, dorms, n)
    office = office_0 + region * offices + np.floor(offices * rng.random(n) ** 2.0).astype(np.int64)
    at_desk = rng.random(n) < np.where(residents.rhythm == 0, 1.0, 0.2)
    travels = rng.random(n) < 0.0025 * days
    start = np.where(travels, rng.integers(0, max(days, 1), n), NEVER)
    hotel = rng.integers(0, hotels, n)
    goes = np.select([residents.rhythm == NIGHT, residents.rhythm == STUDENT], [0.25, 0.15], 0.01)
    near = np.minimum(region * cafes // REGIONS + rng.integers(0, cafes // REGIONS + 1, n), cafes - 1)
    cafe = np.where(rng.random(n) < goes, near, -1)
    return {
        "home": np.where(in_dorm, dorm, residents.household), "work": np.where(at_desk, office, -1),
        "mobile": mobile_0 + region * pool, "mobile_size": pool, "cafe": cafe,
        "cafe_address": np.where(cafe >= 0, cafe_0 + cafe, -1), "travel_from": start, "travel_to": start + rng.integers(2, 7, n),
        "hotel": hotel_0 + hotel, "away": hotel % REGIONS, "addresses": int(first[-1]),
    }  # fmt: skip


__all__ = ["Residents", "settle_streets"]
