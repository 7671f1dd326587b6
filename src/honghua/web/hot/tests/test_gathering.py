"""The waiting line: how much goes together, so that the next batch can be judged while this one is written."""

from __future__ import annotations

import pytest

from honghua.credit import core as c
from honghua.web.hot.gathering import BATCH_MAX, SHARE_FROM, Gathering, Parcel

LATEST = float("inf")


def fill(sizes: list[int]) -> Gathering:
    line = Gathering(lambda parcel, reply: pytest.fail("nothing is late"))
    order = c.BuyNow(key="k", customer="C", amount_minor=1, merchant="M", order="O", category="books")
    for size in sizes:
        line.offer(Parcel([(order, b"")] * size, LATEST, None))
    return line


def drain(line: Gathering) -> list[int]:
    """Commands of each batch until the line is empty."""
    taken = []
    while line.waiting:
        taken.append(sum(len(parcel.asked) for parcel in line.take()))
    return taken


@pytest.mark.parametrize(("sizes", "batches"), [
    ([1] * 256, [256]),
    ([1] * 257, [256, 1]),
    ([64] * 12, [384, 256, 128]),
    ([64] * 64, [BATCH_MAX] * 7 + [256, 256]),
    ([BATCH_MAX], [BATCH_MAX]),
    ([100, BATCH_MAX, 100], [100, BATCH_MAX, 100]),
    ([SHARE_FROM, SHARE_FROM], [SHARE_FROM, SHARE_FROM]),
])  # fmt: skip
def test_half_of_what_waits_stays_for_the_batch_after(sizes, batches):
    assert drain(fill(sizes)) == batches
