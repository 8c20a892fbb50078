"""Install a wheel into an empty environment and use it there: python tests/try_wheel.py dist."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path) -> None:
    """Raise if anything that belongs into the wheel is missing or does not work."""
    wheel = max(folder.resolve().glob("wganlab-*.whl"), key=lambda path: path.stat().st_mtime)
    with tempfile.TemporaryDirectory() as empty:
        venv.create(Path(empty) / "env", with_pip=True)
        python = next((Path(empty) / "env").glob("[bS]*/python*")).parent / "python"

        def run(*arguments: str) -> str:
            command = [str(python), *arguments]
            return subprocess.run(
                command, cwd=empty, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        run("-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel))
        print(run("-m", "wganlab", "doctor"))
        report = json.loads(
            run("-m", "wganlab", "distance", "mnist10k[3]", "mnist10k[8]", "--json")
        )
        em = report["distances"]["EM"]
        assert abs(em["value"] - em["certificate"]) <= 1e-9 * em["value"], em
        code = "import wganlab, importlib.resources as r; print(r.files('wganlab'))"
        package = Path(run("-c", code).strip())
        assert package.is_relative_to(Path(empty).resolve()), package
        for name in ("py.typed", "wganlab.mplstyle", "data/archives/NOTICE.md"):
            assert (package / name).is_file(), name
    print(f"{wheel.name}: installs and works in an empty environment (EM {em['value']:.10g})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
