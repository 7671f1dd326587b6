"""Compiled loops of what surrounds a judgement: freezing, list lookup, the brake. Doors: `core/freezing.py`, `listing.py`, `brake.py`."""
