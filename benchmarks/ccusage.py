"""The peer of the ingestion benchmark: ccusage's native binary, from npm."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

# The newest version that still brings a native binary for every platform.
VERSION = "20.0.24"
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
# Our names of the token classes -> ccusage's.
TOKEN_CLASSES = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_write_tokens": "cacheCreationTokens",
    "cache_read_tokens": "cacheReadTokens",
}


def install(folder: Path) -> tuple[Path | None, str]:
    """Installs ccusage below `folder` with npm: its native binary, or None and why there is none."""
    npm = shutil.which("npm")
    if npm is None:
        return None, "npm is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text("{}")
    command = [npm, "install", "--no-audit", "--no-fund", f"ccusage@{VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, f"npm install ccusage@{VERSION} failed: {done.stderr.strip()[-300:]}"
    system = {"windows": "win32"}.get(platform.system().lower(), platform.system().lower())
    machine = _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower())
    package = f"ccusage-{system}-{machine}"
    binary = folder / "node_modules" / "@ccusage" / package / "bin" / "ccusage"
    if not binary.exists():
        return None, f"ccusage {VERSION} brings no binary for {package}"
    binary.chmod(0o755)  # npm leaves that to the package's JavaScript
    return binary, ""


def command(binary: Path) -> list[str]:
    """Its token totals per session as JSON, without asking the network for prices."""
    return [str(binary), "claude", "session", "--json", "--offline"]


def environment(tree: Path) -> dict[str, str]:
    """Where it finds the logs: `tree` holds `projects`."""
    return {**os.environ, "CLAUDE_CONFIG_DIR": str(tree)}


def totals(printed: str) -> dict[str, int]:
    """Tokens per class under our names."""
    found = json.loads(printed)["totals"]
    return {ours: int(found[theirs]) for ours, theirs in TOKEN_CLASSES.items()}
