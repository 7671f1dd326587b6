"""Merchants: campaigns that pay a customer's instalment fee, what was sold, and what is settled to whom.

Words: a *campaign* pays the fee of a plan for orders that it *covers*, up to its *budget*; a *reservation* keeps a fee free under the
key of the purchase until the books have answered; an *exposure* is a customer who was offered a campaign or held out of it; a *movement*
is what one journal entry did to a merchant; a *settlement* is one merchant's business day. Invariants: what is reserved and spent never
exceeds the budget or the day's cap, whoever buys at the same moment; movements add up to the journal's balance; no day is paid twice.
"""
