"""Counterparties of the operator's: signed JSON over HTTP, files in agreed folders; and fakes that speak the same."""
