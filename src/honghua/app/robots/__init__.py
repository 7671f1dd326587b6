"""Who works where nobody watches: two named robots that refit a book's fraud model, draw its alarm budget's lines, and release both."""
