"""The city drives the real platform: people's wants become commands of the credit room's door, answers become what people hear.

Words: an *actor* wants and hears (`sim.core.life.actors`); the *platform* is met as its users meet it, through `credit.api` and nothing
else; the *diary* keeps what was tried and what is true about it, for evaluation only.
"""
