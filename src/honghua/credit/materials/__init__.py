"""Evidence that a customer brings, at work: the limit is decided on again when it comes and when it goes, and the change is explained."""
