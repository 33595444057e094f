"""A folder with all that `bds` needs, to install it where there is no internet.

    python packaging/wheelhouse.py [--to DIR] [--extras all] [--only linux-3.11]

Makes wheels for Linux, macOS and Windows × Python 3.11–3.13, `SHA256SUMS`, and `sbom.cdx.json` (CycloneDX 1.5). A package
without a wheel for some platform is named, and the program ends with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "linux": ("manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    "windows": ("win_amd64",),
    "macos": ("macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_14_0_arm64"),
}
#: Packages that are published as source only; they hold no compiled code, so one wheel serves every platform.
SOURCE_ONLY = ("font-roboto",)


def main() -> int:
    """Fill the folder; the number of platforms for which something is missing decides the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, default=ROOT / "dist" / "wheelhouse")
    parser.add_argument("--extras", default="all")
    parser.add_argument(
        "--only", action="append", default=[], help="linux-3.11, windows-3.12 …; without: all"
    )
    chosen = parser.parse_args()
    target: Path = chosen.to
    target.mkdir(parents=True, exist_ok=True)
    _pip("wheel", "--no-deps", "-w", str(target), str(ROOT))
    own = max(target.glob("bds_tool-*.whl"), key=lambda p: p.stat().st_mtime)
    _pip("wheel", "--no-deps", "-w", str(target), *SOURCE_ONLY)
    missing = [
        f"{system}-{python}"
        for system in PLATFORMS
        for python in PYTHONS
        if (not chosen.only or f"{system}-{python}" in chosen.only)
        and not _download(target, f"{own}[{chosen.extras}]", system, python)
    ]
    wheels = sorted(target.glob("*.whl"))
    sums = "".join(f"{_sha256(w)}  {w.name}\n" for w in wheels)
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8")
    (target / "sbom.cdx.json").write_text(json.dumps(sbom(wheels), indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(wheels)} wheels, {sum(w.stat().st_size for w in wheels) / 1e6:.0f} MB")
    for name in missing:
        print(f"niet compleet: {name}", file=sys.stderr)
    return 1 if missing else 0


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)


def _download(target: Path, wanted: str, system: str, python: str) -> bool:
    platforms = [a for p in PLATFORMS[system] for a in ("--platform", p)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "download", "--only-binary=:all:", "--find-links", str(target),
         "-d", str(target), "--python-version", python, "--implementation", "cp", *platforms, wanted],
        check=False,
    )  # fmt: skip
    return done.returncode == 0


def sbom(wheels: list[Path]) -> dict[str, object]:
    """A bill of materials by CycloneDX 1.5: each wheel with version, licence and hash."""
    components = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as inside:
            name = next(n for n in inside.namelist() if n.endswith(".dist-info/METADATA"))
            facts = HeaderParser().parsestr(inside.read(name).decode("utf-8"))
        licence = facts["License-Expression"] or (facts["License"] or "").split("\n")[0][:100]
        component: dict[str, object] = {
            "type": "library",
            "bom-ref": wheel.name,
            "name": facts["Name"],
            "version": facts["Version"],
            "purl": f"pkg:pypi/{facts['Name'].lower().replace('_', '-')}@{facts['Version']}?file_name={wheel.name}",
            "hashes": [{"alg": "SHA-256", "content": _sha256(wheel)}],
        }
        if licence:
            component["licenses"] = [{"license": {"name": licence}}]
        components.append(component)
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
