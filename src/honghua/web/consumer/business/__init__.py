"""The page of the line for a small business: apply for it, sign its contract, see what it is for and what it owes."""
