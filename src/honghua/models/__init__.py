"""Models: forests of decision trees that answer in microseconds, say why, and can be checked by everybody.

Words: a *forest* is a LightGBM booster compiled into flat arrays; a *margin* is the sum of its leaves; a *calibration* turns a
margin into a probability; a *part* is what one feature added to a margin; a *reason* is a feature with a large positive part; a
*battery* is the list of checks that every model passes before it may decide; *drift* is how far today's values stand from those
of the fitting.
Invariants: a forest gives LightGBM's margin to the last bit on float32 values; base + parts = margin; the digest of a model names what it
computes, and a saved model is refused when its digest does not fit; the same seed gives the same digest.
Parts: `scorecard` (models that a person can add up), `examining` (one examination of any candidate), `registry` (versions, seats, nights).
"""
