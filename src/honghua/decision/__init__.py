"""Decisions: an immutable policy bundle judges a frozen vector; outcome, reason and vector are recorded and replayable.

Policies are released by two people and steered by data while they run: *release*, *line-up* (champion, challenger, shadows), *list*,
*suppression*, *brake*, *experiment*, *holdout*. A *record* names its *regime* (what was in force) and freezes its *inputs* and
*signals* in a *layout*; judged again it says the same, models included.
"""
