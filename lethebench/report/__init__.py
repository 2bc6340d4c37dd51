"""`lethe report`: run folders in; a self-contained HTML page, PNG figures, Markdown and CSV tables out."""

from .load import ReportError
from .write import write_report

__all__ = ["ReportError", "write_report"]
