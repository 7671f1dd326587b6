"""Parts of `honghua lab`."""
