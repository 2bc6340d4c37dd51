"""Turn a user's own questions, answers and pictures into a build."""
