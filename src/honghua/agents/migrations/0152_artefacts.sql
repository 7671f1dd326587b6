-- A candidate also tells whom its policy would have looked at or refused: the lists that a release fills.

COMMENT ON TABLE agents_artefact IS 'What runs read and wrote, by content: models, reports, policies, lists, transcripts. Never the rows that models learn from. Append-only.';
