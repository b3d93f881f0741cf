"""Python imports this module when it starts: in processes that a test starts, the steps only pretend."""

from __future__ import annotations

import json
import os
import sys

if "PRETENDED_STEPS" in os.environ and "sales_warehouse.airflow.refresh_process" in sys.orig_argv:
    import pretended_steps

    pretended_steps.replace(json.loads(os.environ["PRETENDED_STEPS"]), setattr)
