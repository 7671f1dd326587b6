"""The doors: an API for shops and partners, and pages for customers, merchants and staff.

Words: a *site* is everything that routes and pages stand on; a *viewer* is who asks; a *right* says which roles may call a route; the
*booker* takes commands and answers when they are on disk. Invariants: no route without a row in a table of rights; nothing is
answered as accepted before it is booked; a page moves money only by a command with an idempotency key; untrusted text is never markup.
"""
