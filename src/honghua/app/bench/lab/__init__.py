"""Benches of the strategy lab and the optimiser behind limits and budgets."""
