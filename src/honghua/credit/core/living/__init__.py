"""An account's life without a database: commands in order of their days, by the handlers and the fold that the books use."""
