"""The desk's words, by pages that are read together."""
