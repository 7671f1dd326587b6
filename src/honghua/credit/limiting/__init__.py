"""Limits at work on accounts: what moves them is followed behind a cursor, decided by the limits room's rules, and booked as commands."""
