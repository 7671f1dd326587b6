"""The versioned REST API for shops and partners, its errors, signatures and webhooks."""
