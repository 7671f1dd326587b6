"""The prudent lender at the desk: ratios and what they stop, expected loss, stress, relief by two persons, packs of evidence."""
