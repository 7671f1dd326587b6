"""The monitor: looks at every live model by night, and opens a run by itself where a bound is broken.

Words: a *seat* is a segment and purpose, held by a champion; a *cycle* is a month of scoring with its outcomes; a *reason* is what a run is
opened for, told in sentences, with a key that makes it one run however often it is asked for.
"""
