"""Faces recorded on a page: digits drawn by lot, a film of somebody saying them, what a face service says of it. No film is kept."""
