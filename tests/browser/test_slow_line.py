"""R-070: the whole way on a slow mobile line, at an hour when the day is being closed: first load, bytes and seconds are printed."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect

from honghua.app.verifying import verify
from honghua.credit import jobs
from honghua.credit.api import get_business_day
from honghua.credit.core import OpenAccount
from honghua.store.database import connect
from honghua.web.consumer.tests.walking import make_ports
from honghua.web.roles import Role
from tests.browser.conftest import PHONE, Eye, watching
from tests.browser.test_customer import KB_MAX, sign, take
from tests.browser.test_opening import ME, become_customer

# What Chromium's tools call "Slow 3G" and "Fast 3G": round trip, bytes a second down and up.
LINES: dict[str, dict[str, float]] = {
    "slow 3G": {"latency": 400, "downloadThroughput": 400e3 / 8, "uploadThroughput": 400e3 / 8},
    "fast 3G": {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8},
}
OTHERS = 40  # accounts of others, whose day is closed, too
SHARD = 2


class Meter:
    """Bytes that came over the line, as the browser counted them, page after page."""

    def __init__(self, eye: Eye, line: dict[str, float]) -> None:
        self.session = eye.context.new_cdp_session(eye.page)
        self.bytes = 0.0
        self.session.on("Network.loadingFinished", self.count)
        self.session.send("Network.enable")
        self.session.send("Network.emulateNetworkConditions", {"offline": False, **line})

    def count(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]


@contextmanager
def day_being_closed(town) -> Iterator[list[jobs.DayReport]]:
    """Inside, the business day has moved on and most shards still wait; afterwards they are closed. Gives what that did."""
    half, go_on, reports = threading.Event(), threading.Event(), list[jobs.DayReport]()

    def progress(_day: dt.date, done: int, _shards: int) -> None:
        if done == 1:
            half.set()
            go_on.wait()

    def close() -> None:
        reports.append(jobs.close_day(town.database, shard_ids=SHARD, progress=progress))

    thread = threading.Thread(target=close, name="end of day")
    thread.start()
    try:
        assert half.wait(60), "the day began to be closed"
        yield reports
    finally:
        go_on.set()
        thread.join()


@pytest.mark.parametrize("line", list(LINES))
def test_the_whole_way_on_a_slow_line_while_the_day_is_closed(chromium, town, shots, capsys, line):
    town.app.state.joining = make_ports(town.clock)
    town.add_customer(ME, "13700137000", limit_minor=0)
    town.book([OpenAccount(key=f"open:{k}", customer=f"other {k}", limit_minor=100_000) for k in range(OTHERS)])
    with day_being_closed(town) as reports:
        figures = walk(chromium, town, shots, LINES[line])
        assert reports == [], "it is still being closed"
    (report,) = reports
    assert report.shards > OTHERS // SHARD
    assert [one.name for one in verify(town.database) if not one.ok] == []
    with capsys.disabled():
        print(f"\nR-070 on {line}, while {report.day} was closed: {figures}")
    assert figures["first_kb"] < KB_MAX


def walk(chromium, town, shots, line: dict[str, float]) -> dict[str, float]:
    """Open an account, buy by instalments, see it, pay it back; what that took, without the seconds that one must read."""
    marks: list[tuple[float, float]] = []
    with watching(chromium, town, {}, viewport=PHONE, shots=shots) as eye:
        meter, began = Meter(eye, line), time.monotonic()
        become_customer(
            eye, town.begin_session(Role.CUSTOMER, ME),
            lambda _: marks.append((meter.bytes, time.monotonic() - began)),
        )  # fmt: skip
        take(eye, "龙井茶", "0")
        sign(eye, town)
        expect(eye.page.get_by_role("heading", name="付款成功")).to_be_visible()
        eye.go("/my/purchases")
        expect(eye.page.get_by_text("红花小店").first).to_be_visible()
        eye.go("/my")
        seconds, kb = time.monotonic() - began, meter.bytes / 1_000
    first_bytes, first_s = marks[0]
    return {
        "first_kb": round(first_bytes / 1_000, 1),
        "first_s": round(first_s, 1),
        "whole_kb": round(kb, 1),
        "whole_s": round(seconds, 1),
    }


def test_nobody_waits_for_the_end_of_day(town):
    """The business date has moved for everybody as soon as the closing begins."""
    with connect(town.database) as conn:
        before = get_business_day(conn)
        with day_being_closed(town):
            assert get_business_day(conn) == before + dt.timedelta(days=1)
