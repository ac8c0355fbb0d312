"""What a worker keeps between tasks, bounded by bytes: pools of images and the images of the tests."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, up to a limit in bytes; what does not fit is made anew each time it is asked for.

    evict: whether the values used longest ago make room for a new one. Where many values are asked for in turn,
    again and again, that would throw away each just before it is needed, so there the first ones stay.
    """

    def __init__(self, limit_bytes: int, size_bytes: Callable[[T], int], evict: bool) -> None:
        self._limit_bytes, self._size_bytes, self._evict = limit_bytes, size_bytes, evict
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def value(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of this key, kept or made now."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = make()
        size = self._size_bytes(value)
        while self._evict and self._values and self.bytes + size > self._limit_bytes:
            self._values.popitem(last=False)
        if self.bytes + size <= self._limit_bytes:
            self._values[key] = value
        return value

    def keep_only(self, keys: set[Hashable]) -> None:
        """Let go of everything else, say because another series begins."""
        for key in set(self._values) - keys:
            del self._values[key]

    def clear(self) -> None:
        """Let go of everything."""
        self._values.clear()

    @property
    def bytes(self) -> int:
        """What is kept [bytes]."""
        return sum(map(self._size_bytes, self._values.values()))
