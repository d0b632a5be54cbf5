"""`NamedTuple` as `typing` has it, made in less than half the time: of that, most goes into looking at the types of its fields,
which nobody asks for while a program runs. What is imported for every `check` takes it from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from collections import namedtuple

    _OWN = ("__annotations__", "__module__", "__qualname__", "__dict__", "__weakref__")

    class _Made(type):
        """Turns the body of a class into a named tuple with its methods."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = list(body.get("__annotations__", {}))
            defaults = [body[field] for field in fields if field in body]
            if any(field not in body for field in fields[len(fields) - len(defaults) :]):
                raise TypeError(f"{name}: a field without a default behind one that has it")
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            made.__annotations__ = body.get("__annotations__", {})
            for key, value in body.items():
                if key not in _OWN and key not in fields:
                    setattr(made, key, value)
            made.__qualname__, made.__doc__ = body["__qualname__"], body.get("__doc__") or made.__doc__
            return made

    class NamedTuple(metaclass=_Made):
        pass
