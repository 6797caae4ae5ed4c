"""The report: one model of what a run proved, and its renderings."""

from meshproof.report.model import Report
from meshproof.report.terminal import summary
from meshproof.report.write import write_report

__all__ = ["Report", "summary", "write_report"]
