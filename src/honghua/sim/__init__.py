"""The city: a simulated market with planted crime, for measuring what the engines find.

Words: a *market* is the events of a city over some days, as engines may see them; *truth* stands beside it, row by row, and only
evaluation reads it; a *typology* is a way of crooks, with parameters; a *ring* is one group that follows it; a *gang* plays a
ring's plan day by day, hears what passed and changes the rest; a *guard* is who says no to it; *camouflage* is what a
ring does to look ordinary; a label *arrives* when a crime is reported, late or never. The *registry* is what stands still while a city
lives; people live in *blocks*; an *actor* – a block, the gangs – *wants* something every day and *hears* what became of it; an *act* is
one want by name; a *settler* answers: the plain *house* of the files, or the platform.

Invariants: the same plan gives the same bytes, whatever the number of processes; truth is in no column of the events; keys carry no
meaning; no engine imports this room.
"""
