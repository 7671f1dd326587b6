"""Real applications beside those of the last weeks: what their doors saw, the scorer in the register, what the record keeps (R-061)."""
