"""Slurm's commands with misfortunes: scripts in front of the real ones, told by a file what to do next."""

from pathlib import Path

_SCRIPT = r"""#!/bin/bash
# {name}: each line of the plan is for one call; the last one stays when it says "always".
real=/usr/bin/{name} plan={folder}/{name}.plan
exec 9<>"{folder}/lock"; flock 9
read -r what always <"$plan" 2>/dev/null || what=pass
if [ -s "$plan" ] && [ "$always" != always ]; then tail -n +2 "$plan" >"$plan.new"; mv "$plan.new" "$plan"; fi
echo "$what" >>"{folder}/{name}.calls"
flock -u 9; exec 9>&-
case $what in
  pass|'') exec "$real" "$@" ;;
  hang-before) exec sleep 600 ;;
  late) sleep 3; exec "$real" "$@" ;;
  hang-after) "$real" "$@" >/dev/null; echo hung >>"{folder}/{name}.after"; exec sleep 600 ;;
  fail-before) echo "{name}: error: something nobody has heard of" >&2; exit 1 ;;
  fail-after) "$real" "$@" >/dev/null; echo "{name}: error: something nobody has heard of" >&2; exit 1 ;;
  unreachable) echo "{name}: error: Unable to contact slurm controller (connect failure)" >&2; exit 1 ;;
  empty) exit 0 ;;
  half) "$real" "$@" | head -c 700; exit 0 ;;
  heading) # a list that is whole and has nothing in it; only who asks for one job is told the truth
    case " $*" in *" --jobs="*) exec "$real" "$@" ;; esac
    "$real" "$@" | head -n 1; exit 0 ;;
  garbage) head -c 3000 /dev/urandom; exit 0 ;;
esac
"""


class Faults:
    """A folder for the setting `bin` of the engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "lock").touch()
        for name in ("sbatch", "squeue", "scancel"):
            path = folder / name
            path.write_text(_SCRIPT.replace("{name}", name).replace("{folder}", str(folder)))
            path.chmod(0o755)

    def plan(self, command: str, *what: str) -> None:
        """What the next calls of this command do; `X always`: all from then on."""
        (self.folder / f"{command}.plan").write_text("".join(f"{one}\n" for one in what))

    def end(self) -> None:
        """Whatever was planned is over, and what was done is forgotten."""
        for pattern in ("*.plan", "*.calls", "*.after"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def calls(self, command: str) -> list[str]:
        """What its calls did so far."""
        path = self.folder / f"{command}.calls"
        return path.read_text().split() if path.exists() else []

    def submitted_and_hung(self) -> bool:
        """Whether an sbatch has submitted and hangs now."""
        return (self.folder / "sbatch.after").exists()
