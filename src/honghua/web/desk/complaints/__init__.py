"""Complaints at the desk: until when each must be answered, what was said and to whom it was shown, the answer."""
