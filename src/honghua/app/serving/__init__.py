"""The server's processes: database, desks, workers and the clock, under one supervisor; and the bench of its doors."""
