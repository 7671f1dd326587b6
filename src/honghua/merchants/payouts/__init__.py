"""Money sent to merchants: orders under keys of their own, the port to banks with a fake, the daily statement that ends orders."""
