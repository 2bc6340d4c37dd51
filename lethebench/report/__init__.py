"""`lethe report`: run folders in; a self-contained HTML page, PNG figures, Markdown and CSV tables out."""

from lethebench.report.load import ReportError
from lethebench.report.write import write_report

__all__ = ["ReportError", "write_report"]
