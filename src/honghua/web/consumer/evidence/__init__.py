"""Evidence that a customer brings: what may be brought and for what, what each piece says and until when, what it led to."""
