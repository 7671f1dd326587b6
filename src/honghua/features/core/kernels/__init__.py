"""The walk over a plan, compiled: find a key's row, let its tiles roll to the event's time, read, add, read.

A key's row holds per track (accumulators of one hop) the open tile and, per window, the sum of the closed tiles inside it; so a read
is one addition. Closed tiles lie in a slab of their own, which a key has only while there are any, and is touched only when a
tile closes. No clock, no randomness; floats appear only where a value is read.
"""
