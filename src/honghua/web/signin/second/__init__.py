"""A customer's second factor, if they want one: an authenticator beside the phone, asked for on new browsers and before what is risky."""
