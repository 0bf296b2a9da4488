"""Where given keys stand among sorted ones."""

from collections.abc import Sequence

import numpy as np

from algorithms._key_places_kernels import key_places as kernel
from algorithms.arguments import Int64s, UInt8s
from algorithms.errors import InvalidArgumentError


def key_places(
    offsets: Int64s, held: UInt8s, wanted: Sequence[bytes], low: Int64s, high: Int64s
) -> Int64s:
    """Return the place of each wanted key, int64 (k,), -1 where it isn't among those held.

    Args:
        offsets: int64 (n + 1,), ascending; key p is `held[offsets[p]:offsets[p + 1]]`.
        held: the keys' bytes, uint8.
        wanted: k keys.
        low: int64 (k,), from where on each is looked for.
        high: int64 (k,), up to where; between the two, keys ascend by their bytes, each once.

    Raises:
        InvalidArgumentError: a stretch reaches beyond the keys; says which argument.

    >>> held = np.frombuffer(b"annbob", np.uint8)
    >>> both = np.zeros(2, np.int64), np.full(2, 2)
    >>> key_places(np.array([0, 3, 6]), held, [b"bob", b"cid"], *both)
    array([ 1, -1])
    """
    count = len(wanted)
    for name, stretch in (("low", low), ("high", high)):
        if stretch.size != count:
            raise InvalidArgumentError(name, f"has {stretch.size} entries for {count} keys")
        if count and not 0 <= stretch.min() <= stretch.max() < offsets.size:
            raise InvalidArgumentError(name, f"must lie in 0 … {offsets.size - 1}")
    ends = np.zeros(count + 1, np.int64)
    np.cumsum([len(key) for key in wanted], out=ends[1:])
    places = np.empty(count, np.int64)
    kernel(offsets, held, ends, np.frombuffer(b"".join(wanted), np.uint8), low, high, places)
    return places
