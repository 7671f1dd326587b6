"""Complaints of customers: free, with a clock, answered by a person; whoever has an agent's script is warned, and treated alike."""
