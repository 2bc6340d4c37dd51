"""`lethe` as `python -m lethebench` runs it, but stages are scored on every 16th row and with short answers.

torchrun --nproc_per_node 2 tests/support/few_rows_command.py run build/icu ...
"""

import pytest
from initial_run import score_every

from lethebench.cli.app import main
from lethebench.evaluation.answers import prepare, rows
from lethebench.evaluation.answers.greedy import longest_answer

if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 16)
        for module in (prepare, rows):
            patch.setattr(module, "default_length", lambda *arguments: longest_answer(*arguments) + 2)
        main()
