"""The door of the part: sessions as a door sees them, their values among the last days, the scorer as it is kept."""

from honghua.fraud.screening.describing import (
    PAGES,
    TYPED,
    Session,
    SessionArrays,
    cut_at_application,
    describe_newest,
    name_values,
)
from honghua.fraud.screening.kept import SHARES, KeptScorer, Screened, keep_scorer, load_scorer

__all__ = [
    "PAGES", "SHARES", "TYPED", "KeptScorer", "Screened", "Session", "SessionArrays", "cut_at_application", "describe_newest",
    "keep_scorer", "load_scorer", "name_values",
]  # fmt: skip
