"""What tests of customers' pages begin with: one demonstration site for a file of them, and a customer with an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from honghua.store.database import Database
from honghua.web.consumer.tests.walking import House, Walk, open_house, walk


@pytest.fixture(scope="module")
def house(module_database: Database) -> Iterator[House]:
    with open_house(module_database) as opened:
        yield opened


@pytest.fixture
def me(house: House) -> Iterator[Walk]:
    with walk(house) as walked:
        yield walked
