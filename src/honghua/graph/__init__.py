"""The temporal graph: who met whom, when and for how much, in flat arrays of bounded memory.

Words: a *node* is a customer, merchant, device, address or payee under a dense number; an *edge* joins two nodes at a time with an
amount and stands at both ends; an *entry* is one end of an edge (64 bits); a *block* is a run of entries of one node; the *ring*
is the array in which blocks overwrite the oldest. Invariants: entries of a node are in order of time; whatever is younger than the
window is held, or the loss is counted; every cap that cuts a walk short is counted. Amounts are kept to 0.4 % and times to 4 s: the
graph points at evidence, the exact event log is the evidence.
"""
