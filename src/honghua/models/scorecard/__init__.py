"""Scorecards: a sum of points that a person can read, add up and argue with.

Words: a *characteristic* is a column, or a pair of them, cut into *bins*; special codes and missing values have bins of their own; a
bin's *part* is what it adds to the margin (log-odds of the event); *points* are parts on a scale where so many points double the odds;
a *reason* is a characteristic whose part is far above its mean.
Invariants: margin = intercept + one part per characteristic; a value that no fitting has seen adds the mean part; what is read from a
folder scores bit for bit as what was saved; scoring needs numpy only.
"""
