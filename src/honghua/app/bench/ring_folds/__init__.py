"""Parts of `honghua bench rings`: figures with intervals, folds of held-out typologies, and what time adds to the graph."""
