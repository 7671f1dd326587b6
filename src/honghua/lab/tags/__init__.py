"""What may be said of a customer in one word: tags with definition, evidence, refresh and sensitivity, from variables of the factory.

Words: a *rule* compares variables with numbers, with each other, or with a quantile of the population; a *book* holds all tags; *fitted*
tags know the quantiles of the day on which they were fitted; a *profile* is what holds of one customer now.

Invariants: a tag reads nothing but variables, so it knows no protected column; the same facts give the same tags live and in a table;
truth is read by evaluation only.
"""
