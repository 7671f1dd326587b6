"""Batches of temporary limits: what was proposed, the second person's word, and how far they have gone out."""
