"""Gangs among applications for credit: what an application shares with earlier ones, how it was typed and walked, and a score of both."""
