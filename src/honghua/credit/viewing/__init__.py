"""What people are shown: accounts as they stand today, statements with their items, histories, quotes. Nothing here writes."""
