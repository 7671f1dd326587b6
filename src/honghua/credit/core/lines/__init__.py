"""Lines of credit by what they are for: a purpose, its goods, and the reference under which a line is known."""
