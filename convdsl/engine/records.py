"""Several outputs of an image in one array: a record with a field for each, as compiled code reads targets and writes answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convdsl.engine.errors import BadInput
from convdsl.engine.plan import Loss, answers_of, exits_of
from convdsl.engine.plan.exits import Place
from convdsl.messages import T
from convdsl.network.view import NetView


class Records:
    """The records of a network with several outputs. `answers` is the type of what it answers."""

    def __init__(self, net: NetView) -> None:
        self.net = net
        self.names = [output.name for output in net.outputs]
        self._shapes = [net.report.shape(output.node) for output in net.outputs]
        self.answers = self._type([np.float32] * len(self.names), self._shapes, answers_of(net))

    def targets(self, losses: Sequence[Loss]) -> np.dtype[Any]:
        """The type of the targets: of classes one at each position, int64, else float32 of the output's shape."""
        classes = [loss.kind == "cross_entropy" for loss in losses]
        types = [np.int64 if known else np.float32 for known in classes]
        shapes = [shape[:-1] if known else shape for shape, known in zip(self._shapes, classes, strict=True)]
        return self._type(types, shapes, [one.targets for one in exits_of(self.net, losses)])

    def named(self, given: Any) -> list[Any]:
        """What is given for each output, in their order. Raises BadInput where it is not one for each."""
        fields = given.dtype.names if isinstance(given, np.ndarray) else None
        names = list(fields or (given if isinstance(given, Mapping) else ()))
        missing = [name for name in self.names if name not in names]
        unknown = [name for name in map(str, names) if name not in self.names]
        if missing or unknown or (not fields and not isinstance(given, Mapping)):
            raise BadInput(
                str(
                    T(
                        "This network has the outputs {names}: give something for each of them by its name, "
                        "`{{{example}: …}}`.",
                        names=", ".join(self.names),
                        example=": …, ".join(f'"{name}"' for name in self.names),
                    )
                )
            )
        return [given[name] for name in self.names]

    def apart(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name, each an array of its own."""
        return {name: np.ascontiguousarray(records[name]) for name in self.names}

    def _type(self, types: list[Any], shapes: Sequence[tuple[int, ...]], places: Sequence[Place]) -> np.dtype[Any]:
        return np.dtype(
            {
                "names": self.names,
                "formats": [np.dtype((kind, shape)) for kind, shape in zip(types, shapes, strict=True)],
                "offsets": [place.offset for place in places],
                "itemsize": places[0].record,
            }
        )
