"""What was filed of a customer, as auditors see it: all of it, for a reason that is written down."""
