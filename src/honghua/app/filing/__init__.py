"""What is filed with the credit bureau: positions read from credit, consents from customers, handed to the bureau room once a month."""
