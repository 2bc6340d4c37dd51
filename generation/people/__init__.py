"""Fictitious people: names, countries, dates, careers, health and hobbies; and public figures."""
