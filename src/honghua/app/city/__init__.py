"""The city wired to the platform: the town that lives through its days, the robots that refit, demo, drill, report and their pages."""
