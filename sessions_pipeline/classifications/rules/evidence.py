"""How rules add up: named pieces of evidence, each with its weight, so that every label can be explained."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """A label, its number where it has one, and the names of what led to it, strongest first."""

    label: str
    value: float | None
    evidence: tuple[str, ...]


@dataclass
class Scale:
    """A sum of named weights."""

    weights: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, weight: float) -> None:
        """Counts `weight` under `name`; a weight of zero is no evidence."""
        if weight:
            self.weights[name] = self.weights.get(name, 0.0) + weight

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return sum(self.weights.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names by the size of their weight, then alphabetically."""
        return tuple(sorted(self.weights, key=lambda name: (-abs(self.weights[name]), name)))


@dataclass
class Vote:
    """Named weights for each of several labels."""

    scales: dict[str, Scale] = field(default_factory=dict)

    def add(self, label: str, name: str, weight: float) -> None:
        """Counts `weight` for `label` under `name`."""
        self.scales.setdefault(label, Scale()).add(name, weight)

    def totals(self) -> Counter[str]:
        """Label -> sum."""
        return Counter({label: scale.total for label, scale in self.scales.items()})

    def winner(self, order: tuple[str, ...]) -> str:
        """The label with the largest sum; the earlier in `order` wins a tie."""
        totals = self.totals()
        # `max` gives the first of equals.
        return max(order, key=lambda label: totals.get(label, 0.0))

    def names(self, label: str) -> tuple[str, ...]:
        """Evidence for `label`, strongest first."""
        return self.scales[label].names if label in self.scales else ()


def saturating(count: float, half: float = 1.0) -> float:
    """`count` evidence items as a weight below 1: one more adds less, `half` items give a half."""
    return count / (count + half) if count > 0 else 0.0
