"""The folder for machines without internet: what it lists, and that it installs and works with no network at all."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "wheelhouse.py"


def test_the_bill_of_materials_names_every_wheel(tmp_path):
    wheel = tmp_path / "demo_pkg-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as inside:
        inside.writestr(
            "demo_pkg-1.2.dist-info/METADATA",
            "Metadata-Version: 2.4\nName: Demo_Pkg\nVersion: 1.2\nLicense-Expression: MIT\n\nlong text",
        )
    made = runpy.run_path(str(SCRIPT))["sbom"]([wheel])
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    (part,) = made["components"]
    assert part["purl"].startswith("pkg:pypi/demo-pkg@1.2")
    assert part["licenses"] == [{"license": {"name": "MIT"}}]
    # The digest as the system's own tool gives it.
    told = subprocess.run(["sha256sum", str(wheel)], capture_output=True, text=True, check=True)
    assert part["hashes"] == [{"alg": "SHA-256", "content": told.stdout.split()[0]}]


def test_the_page_uses_only_what_exists():
    page = (ROOT / "docs" / "howto" / "zonder-internet.md").read_text(encoding="utf-8")
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(
        re.search(rf"^{target}:", made, re.MULTILINE)
        for target in re.findall(r"^make (\S+)", page, re.MULTILINE)
    )
    assert all((ROOT / path).is_file() for path in re.findall(r"packaging/\S+\.py", page))


@pytest.mark.slow
def test_it_installs_and_works_without_a_network(tmp_path, absent):
    """Everything after the wheels are made runs in a namespace without interfaces."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], check=False).returncode:
        absent("this system gives no network namespace (unshare -rn)")
    python = f"linux-3.{sys.version_info.minor}"
    house = tmp_path / "wheelhouse"
    subprocess.run([sys.executable, str(SCRIPT), "--to", str(house), "--only", python], check=True)
    sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=house, check=False)
    assert sums.returncode == 0
    listed = {
        p["purl"].rpartition("=")[2] for p in json.loads((house / "sbom.cdx.json").read_text())["components"]
    }
    assert listed == {p.name for p in house.glob("*.whl")}
    place = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "BDS_"))}

    def alone(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "-rn", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    installed = alone(
        str(place / "bin/pip"), "install", "-q", "--no-index", "--find-links", str(house), "bds-tool[all]"
    )
    assert installed.returncode == 0, installed.stderr
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    (tmp_path / "out").mkdir()
    for step in [["doctor"], *_demo()]:
        done = alone(str(place / "bin/bds"), *step)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
    assert (tmp_path / "out" / "bevindingen.html").is_file()
    assert (tmp_path / "out" / "site" / "index.html").is_file()


def _demo() -> list[list[str]]:
    """What `make demo` does with `bds`, as it stands in the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    block = text[text.index("\ndemo:") :].split("\n\n")[0]
    steps = [shlex.split(step) for step in re.findall(r"^\t\$\(BIN\)/bds (.+)$", block, re.MULTILINE)]
    assert [s[0] for s in steps] == ["validate", "generate", "indicator", "protect", "report"]
    return steps
