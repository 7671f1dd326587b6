"""The documented routes of the API, version 1: by topic, each with the forms of what it takes and gives."""
