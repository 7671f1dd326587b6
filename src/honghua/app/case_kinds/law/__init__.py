"""Cases of dated rules: what a law or notice says of one person, one debt, one day. A kind maps words of the file to a room's core.

Money of these cases is yuan unless `currency` says otherwise; a day is a date, and a time is a time with its zone.
"""
