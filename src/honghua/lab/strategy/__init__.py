"""The strategist's arithmetic: cut-offs on the frontier of approval, loss and profit, written as a policy."""
