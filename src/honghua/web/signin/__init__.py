"""Signing in and out: customers by phone and code, staff by password and second factor; sessions and the guard of every route."""
