"""What each stage of a run took, as the job that made it noted."""

from __future__ import annotations

from graphsvc.jobs.model import JobState
from graphsvc.jobs.ports import JobFile
from graphsvc.report import StageUsage

LOOKED_THROUGH = 1000


def stage_usage(jobs: JobFile, run_id: str) -> tuple[StageUsage, ...]:
    """Return seconds and peak memory of a run's stages; none where no job of this machine made it.

    The peak is the most that the process had held by then, whatever it did before.
    """
    for job in jobs.jobs(JobState.SUCCEEDED, LOOKED_THROUGH):
        for run in (job.result or {}).get("runs", []):
            if run["run_id"] == run_id:
                return tuple(
                    StageUsage(stage, used["seconds"], int(used["peak_bytes"]))
                    for stage, used in run["usage"].items()
                )
    return ()
