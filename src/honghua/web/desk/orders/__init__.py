"""Orders whose purpose is in doubt: what carriers and tills said, what is withheld, and a person's word on it."""
