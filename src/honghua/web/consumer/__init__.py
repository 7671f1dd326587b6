"""What customers see: limit, bills, checkout, repayment, plans, disputes, their data."""
