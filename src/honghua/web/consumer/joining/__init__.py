"""Opening an account by the real journey: identity, application, approval, contract; one page at a time, wherever somebody stands."""
