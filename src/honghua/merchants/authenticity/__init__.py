"""Whether orders were real trades: evidence from outside, a word on each order, campaign and state money withheld until it is good."""
