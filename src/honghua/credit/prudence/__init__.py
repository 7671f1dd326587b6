"""The prudent lender at work: figures of the book, expected loss, ratios with what their breach does, relief, packs of evidence."""
