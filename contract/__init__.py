"""What all parts agree on: the columns of a row, the conversation it becomes, its tokens and its pictures."""
