"""Figures at the quick profile, computed in the process that tests, and the code that ran."""

import cProfile
import importlib
import json
import os
from pathlib import Path
from unittest import mock

from figures.provenance import ROOT
from figures.shelf import Shelf

OURS = (ROOT / "figures", ROOT / "wganlab")  # not an environment in the same folder


def compute(name, folder, runs, cache):
    """Keep the arrays of a figure in a folder, and beside them where functions begin that ran."""
    given = {"FIGURES_RUNS": str(runs), "FIGURES_DATA": "", "WGANLAB_CACHE": str(cache)}
    shelf = Shelf(folder, "quick")
    script = importlib.import_module(f"figures.{name}")
    profile = cProfile.Profile(subcalls=False, builtins=False)
    with mock.patch.dict(os.environ, given), profile:
        arrays = script.compute("quick")
    shelf.put_arrays(name, arrays, 0.0)
    codes = [entry.code for entry in profile.getstats() if not isinstance(entry.code, str)]
    ran = {
        (str(path.relative_to(ROOT)), code.co_firstlineno)
        for code in codes
        if any((path := Path(code.co_filename)).is_relative_to(folder) for folder in OURS)
    }
    (folder / "ran.json").write_text(json.dumps(sorted(ran)))
