"""`honghua journey`: one customer through all twelve steps on a scratch book, and the evidence that a write-off is booked on."""
