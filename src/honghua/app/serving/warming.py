"""Before processes are replaced by newer code: `python -m honghua.app.serving.warming FOLDER` compiles its kernels, on a scratch server.

A kernel is compiled at its first call and kept beside its file for every later process. After an upgrade that call would be the first
unit of a new desk, and everybody would wait for it, far beyond their deadlines. So a small town is founded, served and bought from
until it answers, which walks every path that a desk takes. FOLDER remembers for which code that was done: then this ends at once.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import numba
import numpy as np

import honghua
from honghua.app.serving.bench_ground import Ground, Range, grounded, served
from honghua.app.serving.bench_town import Town, name_customer, name_shop
from honghua.app.serving.loading import fire, loaded
from honghua.base.clock import SystemClock
from honghua.base.errors import WorldFailed
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs
from honghua.store.database import connect

TOWN: Final = Town(people=60, events=2_000, seed=3, taught=600)
STAMP: Final = "warmed"
ROUNDS_MAX: Final = 20  # of a volley until all of it is answered: a round waits as long as any caller may
WAIT_MS: Final = 30_000
VOLLEYS: Final = (
    (1, 1),
    (32, 1),
    (16, 64),
)  # callers, purchases of a call: alone, gathered, and so many that units are judged ahead
SECONDS: Final = 1.0
CALLS: Final = 400
BUYER: Final = name_customer(0)
DAYS: Final = 40  # a bill is cut, falls due, and is late


def name_code() -> str:
    """The digest of what compiled kernels depend on: our files as they are, the compiler, where it keeps what it made."""
    said = hashlib.sha256(f"{numba.__version__} {sys.version} {os.uname().machine}".encode())
    said.update(str(getattr(numba.config, "CACHE_DIR", "")).encode())
    root = Path(honghua.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if "tests" not in path.parts:
            with suppress(FileNotFoundError):  # it is being replaced right now
                found = path.stat()
                said.update(f"{path.relative_to(root)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return said.hexdigest()


def warm() -> None:
    """Walk every path of a desk; WorldFailed where it does not answer."""
    with grounded(TOWN) as ground:
        walk(ground)
        with served(ground, workers=1, seed=1) as range_:
            for connections, size in VOLLEYS:
                answer(range_, connections, size)
            jobs.close_day(ground.database)
            answer(range_, 1, 1)


def walk(ground: Ground) -> None:
    """What customers do with a purchase, and days that pass."""

    def do(*commands: c.Command) -> int:
        answers = credit.execute(conn, registry, commands, now=SystemClock().now())
        return int(answers[0].get("purchase_id", 0))

    with connect(ground.database) as conn:
        registry = credit.open_registry(conn)
        credit.attach_released(conn, registry, folder=ground.folder)
        do(c.OpenAccount(key="warm:open", customer="warm", limit_minor=100_000))
        do(buy("plan", 30_000, periods=3))
        bought = do(buy("whole", 5_000))
        do(c.RefundPurchase(key="warm:back", customer=BUYER, purchase_id=bought, amount_minor=100))
        hold = do(
            c.AuthorisePurchase(
                key="warm:hold", customer=BUYER, amount_minor=200, merchant=name_shop(0), order="hold", category="food"
            )
        )
        do(c.CapturePurchase(key="warm:capture", customer=BUYER, purchase_id=hold, amount_minor=200))
        for _ in range(DAYS):
            jobs.close_day(ground.database)
        do(c.Repay(key="warm:pay", customer=BUYER, amount_minor=1_000))


def buy(key: str, amount_minor: int, *, periods: int = 0) -> c.BuyNow:
    """An order of the first customer's."""
    return c.BuyNow(
        key=f"warm:{key}", customer=BUYER, amount_minor=amount_minor, merchant=name_shop(0), order=key, category="food",
        instalments=c.Instalments(periods=periods) if periods else None,
    )  # fmt: skip


def answer(range_: Range, connections: int, size: int) -> None:
    """Fire until a whole volley is answered."""
    for _ in range(ROUNDS_MAX):
        orders = range_.orders(
            seconds=SECONDS, connections=connections, size=size, requests=max(CALLS // size, connections)
        )
        with loaded(replace(orders, wait_ms=WAIT_MS)) as process:
            heard = fire(process, replace(orders, wait_ms=WAIT_MS))
        if len(heard.status) and np.all(heard.status == 200):
            return
    raise WorldFailed("a new desk does not answer")


def main(folder: Path) -> int:
    """Warm up, unless that was done for this code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the scratch server goes with us
    stamp, code = folder / STAMP, name_code()
    if stamp.exists() and stamp.read_text() == code:
        return 0
    warm()
    stamp.write_text(code)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
