"""The compiled loops of the room: walking forests, calibrating, counting for metrics and drift."""
