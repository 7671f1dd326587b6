"""The temporal graph, compiled: `layout` names the bits, `idmap` numbers the keys, `ring` appends and expires, `walks` reads one and
two hops, `cycles`, `unions` and `peel` look for rings of money, for communities and for dense blocks, `senses` and `crowds` read
an event, `ahead` hints at the lines that the next events will need.

Every kernel works on int64 arrays that the caller owns; time comes in with the edges. No clock, no randomness, no libm. Kernels allocate
nothing, so they are compiled without counting references (`compiling`).
"""
