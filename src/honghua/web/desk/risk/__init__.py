"""Pages about risk: decisions, who stands around them, reviews, lists and the policy."""
