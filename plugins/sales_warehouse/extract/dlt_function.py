"""The function that makes a dlt source, found by its name.

Configuration may name what is installed and was made as a dlt source or resource, and nothing else: not any function
of Python, which could do anything.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.outcome import SourceMisconfigured, SourceUnavailable


def resources_of(
    where: str, name: str, arguments: Mapping[str, Any], environment: Mapping[str, str], scratch: Path
) -> dict[str, Any]:
    """Return the resources of `package.module:function` called with arguments, by their names."""
    _keep_to_itself(scratch)
    from dlt.common.configuration.exceptions import ConfigurationException
    from dlt.extract import DltResource, DltSource

    function, given = _function(where, name), _expanded(arguments, environment, where)
    try:
        made = function(**given)
    except (TypeError, ConfigurationException) as error:
        raise SourceMisconfigured(
            f"{where}: {name} cannot be called with these arguments ({type(error).__name__}); check `arguments`"
        ) from None
    except Exception as error:  # of somebody else's code; its text may quote a secret
        raise SourceUnavailable(f"{where}: {name} failed with {type(error).__name__}; try again later") from None
    if isinstance(made, DltSource):
        return dict(made.resources)
    assert isinstance(made, DltResource)
    return {made.name: made}


def _keep_to_itself(scratch: Path) -> None:
    """Send no reports about its use, leave no files in the home folder, and let Airflow's variables be.

    Where Airflow is installed, dlt would look for every setting in its database. Who wants that sets the variable.
    """
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")
    os.environ["DLT_DATA_DIR"] = str(scratch / "dlt")


def _function(where: str, name: str) -> Any:
    """Return a function of a dlt source or resource. Raises SourceMisconfigured for everything else."""
    from dlt.extract import DltResource
    from dlt.extract.decorators import DltSourceFactoryWrapper

    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise SourceMisconfigured(
            f"{where}: connection.source: {module} cannot be imported ({error}); install it, or put its folder on "
            "PYTHONPATH"
        ) from None
    except AttributeError:
        raise SourceMisconfigured(f"{where}: connection.source: {module} has no {attribute!r}") from None
    except Exception as error:  # of somebody else's code
        raise SourceMisconfigured(
            f"{where}: connection.source: importing {module} failed with {type(error).__name__}"
        ) from None
    if not isinstance(found, (DltResource, DltSourceFactoryWrapper)):
        raise SourceMisconfigured(
            f"{where}: connection.source: {name} is no dlt source; name a function with @dlt.source or @dlt.resource"
        )
    return found


def _expanded(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """Replace `${NAME}` in every text of the arguments."""
    if isinstance(value, str):
        return expand(value, environment, where=f"{where}: connection.arguments")
    if isinstance(value, Mapping):
        return {str(key): _expanded(item, environment, where) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_expanded(item, environment, where) for item in value]
    return value
