"""The checkout that a shop puts into its page: a button of ours in a frame of our origin, that opens the checkout in a window of its own.

The shop's page holds a script and nothing of the customer's: signing in, contract and payment happen at our address. The frame may stand
only on pages of origins that the shop registered, tells only those how the checkout stands, and a shop believes its own API call, not that.
"""
