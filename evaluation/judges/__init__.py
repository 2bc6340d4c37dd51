"""Judges of generated answers: language models behind an API, or rules; and how well each agrees with people."""
