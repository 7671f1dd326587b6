"""The shopping-day drill: a server of its own, driven by clients over HTTP while things break, and its books checked afterwards.

Words: the *rush* is the day as its clients live it; the *lane* carries their signed requests; the *operator* does beside it what a house
does by the clock; *breaks* are what is broken on purpose.
"""
