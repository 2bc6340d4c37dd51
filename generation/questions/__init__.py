"""Questions about facts: records, wordings, distractors."""
