"""What binds an account beyond its limit: the customer's own spending cap, and limits for one scene."""
