"""Part door: keep a candidate for decisions. Heavy: it loads the trainers."""

from __future__ import annotations

from honghua.lab.release.seating import FOREST, KINDS, SCORECARD, keep_candidate

__all__ = ["FOREST", "KINDS", "SCORECARD", "keep_candidate"]
