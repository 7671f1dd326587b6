"""Whom credit suits, and who may be sent an offer: students and the over-indebted never, nobody without their consent."""
