"""What people see of many decisions at once: a feed, counts over time, who shares what with whom. Nothing here writes or decides."""
