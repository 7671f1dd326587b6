"""The strategy lab: from raw tables to a released model and policy, by workers that need no language model and one human click.

Words: a *table* is rows with a target; a *variable* is a value of a key at a time, from events known by then; a *tag* is a yes or no about
a person; the *champion* is a scorecard, the *challenger* a forest; a *strategy* is cut-offs chosen on a frontier; a *candidate* is what a
run proposes for release, signed. Invariants: what is chosen is chosen on rows of its own, what is told is told on rows that no choice
has seen; the future of a row is cut off; a person opens the one gate.
"""
