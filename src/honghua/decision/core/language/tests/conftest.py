"""Without the compiler the kernel is numpy scalars, which warn where floats overflow; here they are meant to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True, scope="module")
def quiet_overflow() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield
