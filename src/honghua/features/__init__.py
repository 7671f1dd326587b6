"""Windowed values of a stream of events, exact at the moment of each event, the same online and offline.

Words: an *event* is one row of an int64 matrix whose columns a *schema* names; an *entity* is who takes part (customer,
merchant, device …); a *key* is one entity or a pair of them; a *window* aggregates the events of one key's value over a span of
event time; a *tile* is the aggregate of one hop of that span.

Invariants: a value depends only on the events up to and including its own row; the same rows give the same bits whether they
come one by one or all at once, online or by SQL; no wall clock is read; memory stays under the capacities, and what was
evicted is counted.
"""
