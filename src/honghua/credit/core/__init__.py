"""Door of the pure part: terms, commands, accounts, quotes."""
