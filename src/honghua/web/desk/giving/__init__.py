"""Coupons and offers by hand: one person asks, another decides, and the customer says yes before anything binds them."""
