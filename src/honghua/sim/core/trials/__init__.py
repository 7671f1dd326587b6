"""Field trials in the city: shops show an offer to some customers and not to others, and the truth knows what each would have done.

Words: a *visit* is a customer who looks at what a shop sells, and buys or does not; an *offer* is free months or pay-later; it is *shown*
to customers drawn by lot, shop by shop, the others are *held out*. The log holds what a platform sees; the truth holds both worlds.
"""

from honghua.sim.core.trials.effects import Offer, TrialTruth, true_effects
from honghua.sim.core.trials.running import FieldTrial, TrialLog, TrialPlan, run_trial, show_again

__all__ = ["FieldTrial", "Offer", "TrialLog", "TrialPlan", "TrialTruth", "run_trial", "show_again", "true_effects"]
