"""The decorator of the graph's kernels: numba's, without counting references.

Kernels here allocate nothing and keep no array, so counting who holds one is waste: atomic steps at every call and slice, a quarter of the
time of an event. A kernel that makes an array must take numba's own decorator.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numba

njit: Final[Any] = partial(numba.njit, _nrt=False)
