"""The Space of the board: it shows runs.parquet and details.parquet beside this file."""

from pathlib import Path

from lethebench.board.app import open_board, show_board

if __name__ == "__main__":
    show_board(open_board(Path(__file__).parent))
