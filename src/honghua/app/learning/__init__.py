"""What this book has decided, as tables to learn from."""
