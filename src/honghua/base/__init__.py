"""Money, rates, dates, clock, ids, errors and seeded randomness: the words every room uses. Imports no other room."""
