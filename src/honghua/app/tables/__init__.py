"""Any table of transactions, by map or well-known names, as events in order of time: what `honghua fraud` reads."""
