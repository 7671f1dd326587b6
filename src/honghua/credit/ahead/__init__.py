"""Two hands at one desk: a unit is judged while the one before it is still being written. Nothing is answered before it is on disk."""
