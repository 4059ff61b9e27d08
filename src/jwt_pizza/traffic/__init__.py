"""Guests: a realistic mix of calls, as many a second as wanted, and what became of them."""
