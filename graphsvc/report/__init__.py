"""What an analyst wants to know of a run before, and after, its scores are read.

Everything here is computed from published values and shown; nothing of it goes back into a score.
"""

from graphsvc.report.gate import Verdict, judge
from graphsvc.report.make import ReportSources, report
from graphsvc.report.model import RunReport, StageUsage

__all__ = ["ReportSources", "RunReport", "StageUsage", "Verdict", "judge", "report"]
