"""Read official releases as input."""
