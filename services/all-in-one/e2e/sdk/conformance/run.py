"""Runs the checks of all areas, or of those named. argv: prefix of the projects, then areas; `area:part` = checks with that part in their name."""

import importlib
import logging
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent))
logging.disable(logging.WARNING)

from conformance import harness  # noqa: E402

all_areas = sorted(path.stem for path in here.glob("*.py") if path.stem not in ("run", "harness", "__init__"))
wanted = dict(item.partition(":")[::2] for item in sys.argv[2:]) or {area: "" for area in all_areas}
for area in wanted:
    importlib.import_module(f"conformance.{area}")
sys.exit(1 if harness.run_all(sys.argv[1], wanted) else 0)
