"""Many purchases at once: accounts side by side, orders as columns, plain ones booked by one kernel. The same books as one by one."""
