"""Payments with a bank card: begun at the checkout, how they stand, disputing them."""
