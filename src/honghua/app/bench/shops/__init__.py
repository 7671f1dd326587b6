"""Benches of what shops need: campaigns by the million, budgets under a rush, money on its way in seconds."""
