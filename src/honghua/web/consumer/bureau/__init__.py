"""What the credit bureau was told of a customer, for the customer: report, inquiries, objections; all of it free."""
