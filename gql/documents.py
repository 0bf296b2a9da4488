"""Documents, parsed, measured, validated and planned once: cached, persisted, or trusted.

A document is known by the SHA-256 of its text. Only valid ones are kept. What a credential has
persisted is known to that credential alone, so that nobody learns what others ask.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    validate,
    visit,
)

from gql.compiled import CompiledOperation, compile_operation
from gql.costs import CostPlan
from gql.errors import (
    DOCUMENT_NOT_TRUSTED,
    PERSISTED_QUERY_MISMATCH,
    PERSISTED_QUERY_NOT_FOUND,
    RefusedRequestError,
    coded,
)
from gql.limits import Limits, parse_within_limits
from gql.observation import operation_label
from gql.trusted import TrustedTexts

MOST_VALIDATION_ERRORS = 20
LONGEST_KEY = 4096
"""Characters of a text that is a key by itself; a hash takes longer than finding the document."""

TOKENS_BESIDES = 50
"""What a document takes beyond its tokens, in tokens."""


@dataclass(slots=True)
class Operation:
    """One operation of a valid document, ready to be run with variables.

    `label` is what it is counted under; `compiled` is None where only the executor can run it.
    `may_be_immediate` holds until it turns out that memory alone never answers it.
    """

    document: DocumentNode
    name: str | None
    label: str
    kind: OperationType
    costs: CostPlan
    compiled: CompiledOperation | None
    may_be_immediate: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document within the limits, and its operations by name."""

    sha256: str
    node: DocumentNode
    operations: Mapping[str | None, Operation]
    reads_schema: bool

    def operation(self, name: str | None) -> Operation:
        """Return the operation of that name, or the only one.

        Raises:
            GraphQLError: there is none of that name, or the choice is open.
        """
        if name:
            found = self.operations.get(name)
            if found is None:
                raise GraphQLError(f"Unknown operation named '{name}'.")
            return found
        if len(self.operations) != 1:
            raise GraphQLError(
                "Must provide operation name if query contains multiple operations."
                if self.operations
                else "Must provide an operation."
            )
        return next(iter(self.operations.values()))


class Asked(NamedTuple):
    """Which document a request asks for: by text, by hash, by both, or by a trusted one's id."""

    text: str | None
    sha256: str | None
    trusted_id: str | None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Asked:
        """Read it from a request's parameters, whose types have been checked.

        Raises:
            RefusedRequestError: they name no document, or a hash in another form.
        """
        text = parameters.get("query") or None
        trusted_id = parameters.get("documentId") or None
        persisted = (parameters.get("extensions") or {}).get("persistedQuery")
        if persisted is None:
            if text is None and trusted_id is None:
                raise _bad("query: is missing")
            return cls(text, None, trusted_id)
        sha256 = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(sha256, str) or persisted.get("version", 1) != 1:
            raise _bad('extensions.persistedQuery: {"version": 1, "sha256Hash": "…"} is needed')
        return cls(text, sha256.lower(), trusted_id)


class Documents:
    """The documents that a server knows. Thread-safe."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        cached_tokens: int,
        trusted: TrustedTexts | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._lock = threading.Lock()
        self._cached: LRUCache[str, Document] = LRUCache(cached_tokens, getsizeof=_weight)
        self._persisted: LRUCache[tuple[str, str], Document] = LRUCache(
            cached_tokens, getsizeof=_weight
        )
        self._trusted_texts = trusted
        self._trusted: dict[str, Document] = {}
        if trusted is not None:
            self._trusted.update(self._prepared_by_sha256(trusted))

    def known(self, asked: Asked, holder: str) -> Document | None:
        """Return a document without parsing; None where its text must be parsed first.

        Args:
            asked: which.
            holder: id of the credential that asks; it has its own persisted documents.

        Raises:
            RefusedRequestError: only trusted documents are run, and it is none.
            GraphQLError: it is asked for by a hash under which nothing is persisted, or that is
                not the text's.
        """
        if self._trusted_texts is not None:
            return self._trusted_one(asked, self._trusted_texts)
        if asked.text is None:
            return self._persisted_one(asked, holder)
        if asked.sha256 is not None and asked.sha256 != _digest(asked.text):
            raise coded(
                PERSISTED_QUERY_MISMATCH,
                "extensions.persistedQuery.sha256Hash: is not the SHA-256 of `query`",
            )
        with self._lock:
            document: Document | None = self._cached.get(_cache_key(asked.text))
        if document is not None and asked.sha256 is not None:
            self._persist(document, holder)
        return document

    def prepare(self, asked: Asked, holder: str, *, with_suggestions: bool) -> Document:
        """Parse, measure, validate and keep the text that is asked for; it takes milliseconds.

        Raises:
            InvalidDocumentError: it is no GraphQL, too large, or doesn't fit the schema.
        """
        document = self._prepared(asked.text or "", with_suggestions=with_suggestions)
        if _weight(document) <= self._cached.maxsize:
            with self._lock:
                self._cached[_cache_key(asked.text or "")] = document
            if asked.sha256 is not None:
                self._persist(document, holder)
        return document

    def _trusted_one(self, asked: Asked, texts: TrustedTexts) -> Document:
        sha256 = _digest(asked.text) if asked.text is not None else asked.sha256
        if sha256 is None:
            sha256 = texts.sha256_of(asked.trusted_id or "")
        found = self._trusted.get(sha256 or "")
        if found is None or asked.sha256 not in {None, found.sha256}:
            raise RefusedRequestError(
                403,
                DOCUMENT_NOT_TRUSTED,
                "this server runs trusted documents only, and this is none of them",
            )
        return found

    def _prepared_by_sha256(self, texts: TrustedTexts) -> Iterator[tuple[str, Document]]:
        for name, text in texts.items():
            with texts.naming(name):
                document = self._prepared(text, with_suggestions=True, is_trusted=True)
            yield document.sha256, document

    def _persisted_one(self, asked: Asked, holder: str) -> Document:
        if asked.sha256 is None:
            raise _bad("documentId: this server has no trusted documents; send `query`")
        with self._lock:
            found: Document | None = self._persisted.get((holder, asked.sha256))
        if found is None:
            # Word for word what clients of this protocol look for.
            raise coded(PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return found

    def _persist(self, document: Document, holder: str) -> None:
        with self._lock:
            self._persisted[holder, document.sha256] = document

    def _prepared(self, text: str, *, with_suggestions: bool, is_trusted: bool = False) -> Document:
        node = parse_within_limits(text, self._limits)
        errors = validate(
            self._schema,
            node,
            max_errors=MOST_VALIDATION_ERRORS,
            hide_suggestions=not with_suggestions,
        )
        if errors:
            raise InvalidDocumentError(errors)
        reads_schema = _reads_schema(node)
        operations: dict[str | None, Operation] = {}
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                name = definition.name.value if definition.name else None
                kind = definition.operation
                costs = CostPlan.of(self._schema, node, definition)
                may_be_immediate = kind is OperationType.QUERY and not reads_schema
                label = operation_label(definition, is_trusted=is_trusted)
                compiled = compile_operation(self._schema, node, definition)
                operations[name] = Operation(
                    node, name, label, kind, costs, compiled, may_be_immediate
                )
        return Document(_digest(text), node, operations, reads_schema)


class InvalidDocumentError(Exception):
    """A document doesn't fit the schema; all that was found wrong."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class _SchemaReading(Visitor):
    found = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value in {"__schema", "__type"}:
            self.found = True


def _reads_schema(document: DocumentNode) -> bool:
    reading = _SchemaReading()
    visit(document, reading)
    return reading.found


def _cache_key(text: str) -> str:
    """Return what a text's document is kept under: the text itself, unless it is long."""
    return text if len(text) <= LONGEST_KEY else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _weight(document: Document) -> int:
    return (document.node.token_count or 0) + TOKENS_BESIDES


def _bad(message: str) -> RefusedRequestError:
    return RefusedRequestError(400, "BAD_REQUEST", message)
