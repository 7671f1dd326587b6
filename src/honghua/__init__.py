"""Honghua (红花), the open consumer-credit platform: one program, one truth. Start at docs/TOUR.md."""
