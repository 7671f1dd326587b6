"""What merchants see: orders, refunds, settlement, campaigns."""
