"""Honghua (红花), the open consumer-credit platform: one program, one truth. Start at docs/TOUR.md."""

from __future__ import annotations

from honghua.base.compiled import place_cache

place_cache()
