"""How good approval is on applicants whose truth is known: fitting the scorecards, what they are worth, what the second look stops."""
