"""Parts of `honghua bench gangs`: cities played against a model that never saw some typologies, and what came of it."""
