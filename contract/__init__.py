"""What every part agrees on: the columns of a row, its conversation, its tokens and its pictures."""
