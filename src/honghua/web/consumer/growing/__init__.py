"""How the limit grows: rules, offers, coupons."""
