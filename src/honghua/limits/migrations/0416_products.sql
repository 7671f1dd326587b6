-- Rulebooks by product: the line for consumption and the one for small businesses are judged by books of their own (R-022).
ALTER TABLE limits_rulebook_release ADD COLUMN product text NOT NULL DEFAULT 'consumption' CHECK (btrim(product) <> '');
