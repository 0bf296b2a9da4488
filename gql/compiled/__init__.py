"""Queries compiled: each known operation becomes functions that answer it, made once.

GraphQL's executor looks up fields, arguments, types and fragments anew for every field of every
row; here that is done when an operation is first run. The schema stays the one truth: fields,
aliases, fragments and directives are read by the executor's own code, resolvers and serialisers are
the schema's, and whatever is not plain (mutations, introspection, what a resolver asks of `info`
beyond the context) goes to the executor. Tests hold both to one answer, errors included.
"""

from gql.compiled.operation import CompiledOperation, compile_operation
from gql.compiled.state import NotCompiledError

__all__ = ["CompiledOperation", "NotCompiledError", "compile_operation"]
