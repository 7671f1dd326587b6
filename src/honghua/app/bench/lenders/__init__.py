"""Benches of what is told to others than ourselves, at the size of a book."""
