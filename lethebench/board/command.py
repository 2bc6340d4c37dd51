"""`lethe board`: serve a results repository on this machine, or write the files of a Space."""

from importlib.util import find_spec
from pathlib import Path

from lethebench import __version__
from lethebench.board.data import board_of_repository, write_board
from lethebench.console import Console
from lethebench.contract.folder_kinds import SPACE
from lethebench.contract.own_folder import new_folder
from lethebench.errors import UserError
from lethebench.hub.fetch import is_hub_id
from lethebench.results.submit import repository_folder

TEMPLATE = Path(__file__).parent / "space"


def board_command(repository: str, *, port: int, space: Path | None) -> None:
    """Serve the board of a repository until Ctrl-C, or write the files of a Space into a folder.

    Raises:
        UserError: It is not a results repository, gradio is missing, or the port is taken.
    """
    if space is None and find_spec("gradio") is None:
        raise UserError("lethe board needs gradio, which is not installed: `pip install 'lethebench[board]'`")
    board = board_of_repository(repository_folder(repository), links=is_hub_id(repository))
    console = Console()
    if space is not None:
        with new_folder(space, SPACE) as folder, console.phase(f"write {len(board.lines):,} results"):
            for path in TEMPLATE.iterdir():
                text = path.read_text("utf-8").replace("@vVERSION", f"@v{__version__}")
                (folder / path.name).write_text(text, encoding="utf-8")
            write_board(board, folder)
        console.say(f"{space}: the files of a Space; run them by `python {space}/app.py`, or push them to the Hub")
        return
    from lethebench.board.app import open_board, show_board

    blocks = open_board(board)
    try:
        _, address, _ = show_board(
            blocks, server_name="127.0.0.1", server_port=port or None, share=False, quiet=True, prevent_thread_lock=True
        )
    except OSError as error:
        raise UserError(f"--port {port}: {error}; pass another one, or 0 for any") from None
    console.say(f"{len(board.lines):,} results at {address} (Ctrl-C stops)")
    blocks.block_thread()
