"""Money that customers send by hand: repayments, their way through the payment gateway, the sources of auto-debit."""
