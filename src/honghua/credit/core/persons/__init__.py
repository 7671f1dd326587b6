"""What the lines of one person come to together."""
