"""Things that carry the name of a real person, work or company, or facts about it, in plain type; never a likeness."""
