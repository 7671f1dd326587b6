"""Proving who somebody is: identity services behind a port, their answers kept, shared identities found by blind index."""
