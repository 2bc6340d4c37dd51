"""The web page of a metric's Space."""
