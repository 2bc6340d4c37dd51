"""The `mllmu` benchmark: fictitious people, public figures and the questions about them."""
