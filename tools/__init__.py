"""Checks that hold the house together: the import contract of ours and the tidy rules. Not shipped."""
