"""The state's interest subsidy in the books: items with evidence, parts settled with interest, claims on the treasury, returns."""
