"""Vouchers for tests: sound unless told what they do wrong."""

from __future__ import annotations

import datetime as dt

from honghua.app.doors.outside.fake_vouchers import FakeVouchers
from honghua.customers.api import FakeBusinessRegister
from honghua.customers.materials.api import FakeDocumentReader, FakeMaterialSource

TODAY = dt.date(2026, 3, 1)


def make_vouchers(*, materials=None, documents=None, register=None) -> FakeVouchers:
    """materials, documents, register: chances of faults by name."""
    return FakeVouchers(
        materials=FakeMaterialSource(1, lambda: TODAY, faults=materials or {}),
        documents=FakeDocumentReader(1, faults=documents or {}),
        register=FakeBusinessRegister(1, faults=register or {}),
    )
