"""The published language: what happened, as frozen records that are appended once and never changed.

A fact has a kind, the day on which it counts (`value_on`), the day on which the fold applies it (`effective_on`), an amount in
minor units and a few integer arguments named per kind in `kinds.ARGS_OF`. Rooms learn from each other through facts alone.
"""
