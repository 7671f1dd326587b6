"""Money that customers send by hand, through a payment gateway: a payment is made, the customer pays at the gateway, its signed notices
say what became of it, and what was paid is booked exactly once.

Words: *payment* one amount asked of one customer; *notice* what the gateway says of it, numbered per payment. Invariants: a payment is
booked under keys of its own, so twice is once; a notice counts once, and never after a later one; nothing is booked that the gateway
did not say was paid, to the cent.
"""
