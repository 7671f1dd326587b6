"""Agents: typed workers over one store of artefacts and one append-only journal; this room knows no domain.

Words: a *run* is one piece of work from its opening to its end; a *worker* does one *step* of it, reading artefacts and writing others; an
*artefact* is bytes under their sha256; an *entry* of the journal says what a step read, wrote, cost, why, and who did it, an *agent* or a
*human*; a *remark* is a reason for which work goes back to the worker that made it; a *speaker* is a language model behind its gate.
Invariants: entries are a chain of hashes that only grows; an artefact is what its digest says; a step is done for exactly the inputs that
it names; after kill -9 at any moment a run goes on from its journal to the same artefacts; a speaker's figure stands only where an
artefact holds it.
"""
