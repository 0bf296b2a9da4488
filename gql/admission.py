"""Who may ask how much: the largest cost of one request, and the cost for each second.

Buckets are this process's own: a service of N workers admits up to N times the rate.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cachetools import LRUCache

from gql.costs import REQUEST
from gql.errors import FORBIDDEN, QUERY_TOO_COSTLY, RATE_LIMITED, RefusedRequestError, coded
from graphsvc.access import Principal
from graphsvc.model import Role
from graphsvc.settings import Settings

MOST_BUCKETS = 10_000
PREPARING_COST = 200
"""What it costs to parse and validate a document that is not known yet."""

FAILED_LOGINS_PER_SECOND = 10.0
FAILED_LOGINS_AT_ONCE = 100.0


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class TokenBuckets:
    """One bucket for each name: full at first, filled at a rate, emptied by what is taken.

    Args:
        per_second: how much flows in; 0 for buckets without a bottom.
        capacity: how much a bucket holds.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self, per_second: float, capacity: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._capacity = capacity
        self._clock = clock
        self._buckets: LRUCache[str, _Bucket] = LRUCache(MOST_BUCKETS)
        self._lock = threading.Lock()

    def take(self, name: str, amount: float) -> float:
        """Take an amount, or nothing; return 0, or for how many seconds to wait before trying.

        More than a bucket holds can be taken from a full one, which then owes the rest.
        """
        if self._per_second <= 0:
            return 0.0
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(name)
            if bucket is None:
                bucket = self._buckets[name] = _Bucket(self._capacity, now)
            filled = bucket.level + (now - bucket.at) * self._per_second
            bucket.level, bucket.at = min(self._capacity, filled), now
            missing = min(amount, self._capacity) - bucket.level
            if missing > 0:
                return missing / self._per_second
            bucket.level -= amount
            return 0.0


class Admission:
    """The rules of one server for costs, rates and the schema's own description."""

    def __init__(self, settings: Settings) -> None:
        self._max_cost = settings.max_cost
        self._max_cost_by_role = dict(settings.max_cost_by_role)
        self._introspection_roles = settings.introspection_roles
        self._costs = TokenBuckets(settings.rate_cost_per_second, settings.rate_burst_cost)
        self._failed_logins = TokenBuckets(FAILED_LOGINS_PER_SECOND, FAILED_LOGINS_AT_ONCE)
        self._most_of = lru_cache(1024)(self._most_of_roles)

    def most(self, principal: Principal) -> int:
        """Return the largest cost of one request of a credential."""
        return self._most_of(principal.roles)

    def may_read_schema(self, principal: Principal) -> bool:
        """Say whether a credential may introspect, and be told what it may have meant."""
        return not self._introspection_roles.isdisjoint(principal.roles)

    def require_schema_reader(self, principal: Principal) -> None:
        """Refuse a credential that may not introspect.

        Raises:
            GraphQLError: it may not.
        """
        if not self.may_read_schema(principal):
            raise coded(
                FORBIDDEN, "__schema, __type: this credential's roles may not read the schema"
            )

    def charge(self, principal: Principal, cost: int) -> None:
        """Let a credential pay for an operation.

        Raises:
            GraphQLError: the operation costs more than any one may.
            RefusedRequestError: the credential has used up its rate.
        """
        most = self.most(principal)
        self._take(self._costs, principal.key_id, cost if cost <= most else REQUEST)
        if cost > most:
            raise coded(
                QUERY_TOO_COSTLY,
                f"the query costs {cost}; at most {most} is allowed: "
                "ask for fewer items (`first`), or in several requests",
            )

    def charge_for_preparing(self, principal: Principal) -> None:
        """Let a credential pay for a document that is not known yet.

        Raises:
            RefusedRequestError: the credential has used up its rate.
        """
        self._take(self._costs, principal.key_id, PREPARING_COST)

    def note_failed_login(self, address: str) -> None:
        """Count an invalid credential; right ones from that address are let in all the same.

        Raises:
            RefusedRequestError: too many came from that address.
        """
        self._take(self._failed_logins, address, 1)

    def _most_of_roles(self, roles: frozenset[Role]) -> int:
        named = [self._max_cost_by_role[role] for role in roles if role in self._max_cost_by_role]
        return max(named, default=self._max_cost)

    def _take(self, buckets: TokenBuckets, name: str, amount: int) -> None:
        wait_s = buckets.take(name, amount)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            raise RefusedRequestError(
                429,
                RATE_LIMITED,
                f"too much was asked in too short a time; try again in {seconds} s",
                {"Retry-After": str(seconds)},
            )
