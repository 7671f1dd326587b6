"""Models of slots as they are kept, and the recorded judgements that they are learnt from."""
