"""The city: a simulated market with planted crime, for measuring what the engines find.

Words: a *market* is the events of a city over some days, as engines may see them; *truth* stands beside it, row by row, and only
evaluation reads it; a *typology* is a way of crooks, with parameters; a *ring* is one group that follows it; *camouflage* is what a
ring does to look ordinary; a label *arrives* when a crime is reported, late or never.

Invariants: the same plan gives the same bytes; truth is in no column of the events; keys carry no meaning; no engine imports this room.
"""
