"""What staff see: decisions, rings, reviews, policies, accounts, the close of day, the portfolio."""
