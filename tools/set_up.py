"""Make .venv: the virtual environment with everything in it, from the lock files in requirements/.

Run by the Makefile before everything else, with any Python from 3.11 on and nothing but its standard
library. When nothing has changed since the last time it ends at once. Two ways round what a machine may lack:

- no ensurepip (Debian's python3 without python3-venv): any pip that is there puts a pip into the environment;
- no venv module: that pip brings virtualenv, which makes the environment.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"


class SetUpError(Exception):
    """What is missing on this machine, said to the person in front of it."""


def fingerprint(*lock_files: str) -> str:
    """Everything the environment is made from: when it is the same, so is the environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    digest = hashlib.sha256()
    digest.update(json.dumps([project["project"], project["build-system"]], sort_keys=True).encode())
    digest.update(f"{sys.version}\n{sys.executable}\n{ROOT}\n".encode())
    for file in [Path(__file__), *(REQUIREMENTS / name for name in lock_files)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run(*argv: str | Path) -> None:
    """Run one command; its output is only of interest when it fails."""
    done = subprocess.run(list(argv), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        words = " ".join(map(str, argv))
        raise SetUpError(f"this failed ({done.returncode}): {words}\n{done.stdout}{done.stderr}")


def pips() -> Iterator[list[str]]:
    """The commands by which this machine may have a pip. One of another Python serves: pip is pure Python."""
    if find_spec("pip"):
        yield [sys.executable, "-m", "pip"]
    yield from ([name] for name in ("pip3", "pip") if shutil.which(name))


def install_aside(target: Path, *requirements: str) -> None:
    """Install into a plain folder by whatever pip there is; no pip of any age refuses that."""
    complaints = []
    for pip in pips():
        options = ["--disable-pip-version-check", "--no-warn-script-location", "--upgrade"]
        try:
            return run(*pip, "install", "--quiet", *options, "--target", target, *requirements)
        except SetUpError as error:
            complaints.append(str(error))
    complaints.append(
        f"{sys.executable} has no ensurepip, and no pip here works. "
        "Install one of them (Debian: apt-get install python3-pip), then run make again."
    )
    raise SetUpError("\n".join(complaints))


def make_environment() -> None:
    """An empty environment that has a pip."""
    if VENV.exists():
        shutil.rmtree(VENV)
    if find_spec("venv"):
        run(sys.executable, "-m", "venv", "--without-pip", VENV)
    else:
        with tempfile.TemporaryDirectory() as folder:
            install_aside(Path(folder), "virtualenv")
            os.environ["PYTHONPATH"] = folder
            run(sys.executable, "-m", "virtualenv", "--without-pip", VENV)
            del os.environ["PYTHONPATH"]
    if find_spec("ensurepip"):
        try:
            return run(VENV_PYTHON, "-m", "ensurepip", "--default-pip")
        except SetUpError as error:
            # Debian can leave an ensurepip without the wheels it would install.
            print(f"set-up: ensurepip did not work, looking for a pip instead ({error})", file=sys.stderr)
    site = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    install_aside(site, "--require-hashes", "--no-deps", "-r", str(REQUIREMENTS / "pip.txt"))


def install(*arguments: str) -> None:
    """Install into .venv."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run(VENV_PYTHON, "-m", "pip", "install", *quiet, *arguments)


def install_locked(name: str) -> None:
    """Install one lock file, each archive checked by its hash."""
    install("--require-hashes", "--no-deps", "-r", str(REQUIREMENTS / name))


def is_current(stamp: Path, expected: str) -> bool:
    """Whether this part was installed from exactly these files."""
    return stamp.is_file() and stamp.read_text() == expected


def usable() -> bool:
    """Whether the environment's Python still runs; the one it was made from may be gone."""
    probe = [str(VENV_PYTHON), "-c", "import pip"]
    return VENV_PYTHON.exists() and subprocess.run(probe, capture_output=True, check=False).returncode == 0


def set_up(with_benchmarks: bool) -> None:
    """Bring .venv to what the lock files say."""
    base_stamp, bench_stamp = VENV / ".headgate-set-up", VENV / ".headgate-set-up-bench"
    base, bench = fingerprint("pip.txt", "dev.txt"), fingerprint("pip.txt", "dev.txt", "bench.txt")
    if not (is_current(base_stamp, base) and VENV_PYTHON.exists()):
        print("set-up: making .venv (once; some hundred megabytes) ...", file=sys.stderr, flush=True)
        for stamp in (base_stamp, bench_stamp):
            stamp.unlink(missing_ok=True)
        same_python = VENV / ".headgate-python"
        made_with = f"{sys.executable}\n{sys.version}\n{ROOT}"
        if not (is_current(same_python, made_with) and usable()):
            make_environment()
            same_python.write_text(made_with)
        install_locked("pip.txt")
        install_locked("dev.txt")
        # The lock holds the build backend too, so this downloads nothing.
        install("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        base_stamp.write_text(base)
    if with_benchmarks and not is_current(bench_stamp, bench):
        install_locked("bench.txt")
        bench_stamp.write_text(bench)


def main() -> int:
    """Set up, one at a time: two `make` in one checkout wait for each other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bench", action="store_true", help="also what the benchmarks are compared with")
    arguments = parser.parse_args()
    if Path(sys.prefix) == VENV:
        parser.error("this makes .venv, so it is run by another Python: make setup")
    # These would lead the new environment's pip to other folders than its own.
    for variable in (
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PIP_REQUIRE_VIRTUALENV",
    ):
        os.environ.pop(variable, None)
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            set_up(arguments.bench)
        except SetUpError as error:
            print(f"set-up: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
