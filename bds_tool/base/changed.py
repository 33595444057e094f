"""Which files of a Git working tree changed since a commit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t


def changed_since(rev: str, paths: Sequence[Path | str]) -> list[str]:
    """The files in `paths` (files, folders, patterns) that differ from commit `rev`, and those that Git does not know yet.

    Raises UsageError where there is no Git, no repository or no such commit.
    """
    given = [str(p) for p in paths]
    program = shutil.which("git")
    if program is None or "-" in given:
        why = t("git is niet geïnstalleerd", "git is not installed")
        if program:
            why = t("stdin heeft geen geschiedenis", "stdin has no history")
        raise UsageError(
            t(f"--since kan hier niet: {why}.", f"--since cannot be used here: {why}."),
            t("Geef de bestanden zelf.", "Give the files themselves."),
        )
    commit = _git(program, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    if commit is None:
        raise UsageError(
            t(
                f"Commit {rev} is in deze map niet te vinden.",
                f"There is no commit {rev} to be found in this folder.",
            ),
            t(
                "Een ondiepe kopie mist de geschiedenis: haal meer op (`git fetch --unshallow`, of `fetch-depth: 0`).",
                "A shallow clone lacks the history: fetch more (`git fetch --unshallow`, or `fetch-depth: 0`).",
            ),
        )
    differ = _git(
        program, "diff", "--name-only", "--relative", "--diff-filter=d", "-z", commit.strip(), "--", *given
    )
    unknown = _git(program, "ls-files", "--others", "--exclude-standard", "-z", "--", *given)
    if differ is None or unknown is None:
        raise UsageError(
            t("Git kan niet zeggen wat hier is gewijzigd.", "Git cannot tell what changed here."),
            t("Geef bestanden of mappen van deze repository.", "Give files or folders of this repository."),
        )
    return sorted({name for name in (differ + unknown).split("\0") if name})


def _git(program: str, *arguments: str) -> str | None:
    # The program is git itself, and what follows `--` it takes for names only.
    command = [program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603
    return done.stdout if done.returncode == 0 else None
