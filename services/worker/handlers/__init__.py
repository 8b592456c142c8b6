"""What the worker can do: one file each in this directory, which is the registry; each defines `handler`."""

import importlib
import pkgutil

from services.worker.handler import Handler


class UnknownHandler(Exception):
    """A name that no file here has."""


def discover(names: tuple[str, ...] = ()) -> tuple[Handler, ...]:
    """The handlers of these names, or all of them."""
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(__path__):
        handler: Handler = importlib.import_module(f"{__name__}.{module.name}").handler
        if handler.name in found:
            raise ValueError(f"Two handlers are called {handler.name!r}.")
        found[handler.name] = handler
    unknown = sorted(set(names) - set(found))
    if unknown:
        raise UnknownHandler(f"There is no handler {', '.join(unknown)}; there are {', '.join(sorted(found))}.")
    return tuple(found[name] for name in (names or sorted(found)))
