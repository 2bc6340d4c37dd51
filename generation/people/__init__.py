"""Fictitious people: names, places, jobs, health, and the facts of their documents."""
