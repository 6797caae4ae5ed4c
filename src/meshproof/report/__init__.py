"""The report: one model of what a run proved, its renderings, and what changed between two of them."""

from meshproof.report.diff import Diff, compare
from meshproof.report.model import Report
from meshproof.report.snapshot import read_snapshot
from meshproof.report.terminal import summary
from meshproof.report.write import write_report

__all__ = ["Diff", "Report", "compare", "read_snapshot", "summary", "write_report"]
