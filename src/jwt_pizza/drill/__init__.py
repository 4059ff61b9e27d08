"""Incidents, practised: the whole system under a scenario, as it was and as it is built, and the comparison."""
