"""Jobs about contracts."""
