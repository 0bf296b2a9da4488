"""Propagation on Apache Spark, for graphs beyond one machine: the extra `spark` (docs/spark.md).

Nothing imports this package unless Spark was asked for.
"""
