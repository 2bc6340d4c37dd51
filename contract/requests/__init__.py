"""Requests to models behind an OpenAI-compatible API: retries, stored answers, budgets and estimates."""
