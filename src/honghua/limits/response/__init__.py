"""What a limit does, not what goes with it: use and loss as they answer to a change, learnt from a permanent small random slice.

Words: the *slice* is a small share of the customers, drawn once by their keys, whose limits are multiplied anew each period by a factor
drawn by lot; an *arm* is one such factor; a *response* says what use and loss come to under each factor; a *naive* response asks a model
of default what it would say about another limit, and hears what the past policy knew. Invariants: a response never falls when the limit
rises, for any customer; it says nothing beyond the factors that were tried; whoever uses one has it checked against the slice.
"""
