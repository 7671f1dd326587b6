"""Jobs that learn of customers: profiles from what was booked, and limits moved by lot."""
