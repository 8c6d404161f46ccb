"""Write requirements/*.txt: exact versions, with hashes, that satisfy pyproject.toml on all that we serve.

`make lock` runs this in .venv. The resolver (uv) is fetched for the occasion into a folder of its own;
setting up never needs it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
# dev.txt is resolved first and holds the others to its versions, so that they fit on top of it.
LOCKS = (
    ("dev.txt", ["pyproject.toml", "--extra", "dev"]),
    ("runtime.txt", ["pyproject.toml", "--constraint", "requirements/dev.txt"]),
    ("bench.txt", ["pyproject.toml", "--extra", "bench", "--constraint", "requirements/dev.txt"]),
    ("pip.txt", ["requirements/pip.in"]),
)


def main() -> None:
    """Resolve each lock file; arguments such as --upgrade go to the resolver."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "uv"], check=True
        )
        uv = shutil.which("uv", path=f"{folder}/bin")
        if uv is None:
            raise SystemExit("lock: the resolver could not be installed")
        for name, source in LOCKS:
            print(f"lock: requirements/{name}", file=sys.stderr)
            options = [
                "--universal",
                "--python-version",
                "3.11",
                "--generate-hashes",
                "--no-config",
                "--quiet",
            ]
            output = ["--custom-compile-command", "make lock", "--output-file", f"requirements/{name}"]
            subprocess.run(
                [uv, "pip", "compile", *source, *options, *output, *sys.argv[1:]], cwd=ROOT, check=True
            )


if __name__ == "__main__":
    main()
