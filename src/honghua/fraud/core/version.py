"""The version of the arithmetic behind a score: what a frozen score can be compared with bit for bit.

A change of a kernel that may change the last bit of a score – another order of sums, another form of the same line – raises it by one.
Records name it, so that a replay says "scored by version 1" where it would else cry that history was changed.
"""

from __future__ import annotations

from typing import Final

SCORE_VERSION: Final = 1

__all__ = ["SCORE_VERSION"]
