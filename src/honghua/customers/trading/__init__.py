"""The small business of a customer: what its owner says of it, and what the register of businesses says."""
