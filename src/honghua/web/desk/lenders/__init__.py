"""The desk of joint lending: partners, days held against their books, loans that change lenders."""
