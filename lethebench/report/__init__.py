"""`lethe report`: one self-contained HTML page, PNG figures, and tables as Markdown and CSV, from finished run folders."""

from .load import ReportError
from .write import write_report

__all__ = ["ReportError", "write_report"]
