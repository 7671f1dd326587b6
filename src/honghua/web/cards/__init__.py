"""Bank cards at our checkout. The acquiring bank takes the money and settles with the shop itself: none of it enters our ledger, and no
card number ever reaches us."""
