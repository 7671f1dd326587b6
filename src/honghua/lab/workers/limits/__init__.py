"""A run that changes limits: responses fitted, held against what lots have shown, chosen within budgets, offered after one click.

Words: a *book* is customers under the limits that the policy gave them; the *slice* is the few whose limits were moved by lot; a *what-if*
asks a model of default what it would say about another limit, which is why it is refused.
"""
