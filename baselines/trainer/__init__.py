"""What the unlearning trainers share."""
