"""What is kept of a customer in words, shown to staff for a purpose that is written down and that the customer reads, too."""
