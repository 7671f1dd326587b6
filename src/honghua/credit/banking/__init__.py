"""Money asked for from customers' sources: the port to banks, a fake bank, and the runs of auto-debit."""
