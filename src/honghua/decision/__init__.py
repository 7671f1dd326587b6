"""Decisions: an immutable policy bundle judges a frozen feature vector; outcome, reason and vector are recorded and replayable.

So far one policy: approve a purchase within the limit. Bundle: rules as data, named by the digest of what they say.
"""
