"""The prudent lender: risk classes and stages, expected loss, ratios and their bounds, stress, relief, evidence for a write-off. Pure."""
