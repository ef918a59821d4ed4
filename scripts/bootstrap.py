# SPDX-License-Identifier: Apache-2.0
"""Creates .venv with everything that `make demo`, `make test` or `make quick` needs. Needs only Python itself.

    python3 scripts/bootstrap.py demo|test|quick [BOARD]

Debian and Ubuntu packages (the Arm and RISC-V compilers, QEMU, Python's headers) are installed if permissions allow it;
otherwise the command to type is printed, and everything that does not need emulated boards still works. `quick` needs
only Python's headers. A stamp in .venv records which pyproject.toml and C sources were installed, so that a second call
does nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
EXTRAS = {"demo": "train,synth", "test": "dev", "quick": "dev"}
SUPPORTED = [(3, minor) for minor in range(10, 14)]
CORTEX_M_PACKAGES = {
    "arm-none-eabi-gcc": ["gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-newlib"],
    "qemu-system-arm": ["qemu-system-arm"],
}
RISCV_PACKAGES = {
    "riscv64-unknown-elf-gcc": ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"],
    "qemu-system-riscv32": ["qemu-system-misc"],
}
VOICE_PACKAGES = {"flite": ["flite"], "g++": ["g++"]}
"""A text-to-speech engine, and the compiler that pyworld may need."""
PACKAGES = {
    "demo": {**CORTEX_M_PACKAGES, **VOICE_PACKAGES},
    "qemu-riscv32": RISCV_PACKAGES,
    "test": {**CORTEX_M_PACKAGES, **RISCV_PACKAGES, **VOICE_PACKAGES},
}
"""For each goal, or a board that was named: the programs it uses, and the packages that provide them."""


def main() -> None:
    goal = sys.argv[1] if len(sys.argv) > 1 else "demo"
    check_python()
    for wish in sys.argv[1:] or [goal]:
        install_system_packages(wish)
    stamp = VENV / f"tinykws-{'test' if goal == 'quick' else goal}.stamp"  # test and quick install the same
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        say(f".venv is up to date for make {goal}")
        return
    make_venv()
    say(f"installing tinykws[{EXTRAS[goal]}] into .venv (TensorFlow is large: this takes minutes)")
    run([VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "pip"])
    run([VENV_PYTHON, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[{EXTRAS[goal]}]"])
    add_voices()
    stamp.write_text(wanted)


def add_voices() -> None:
    """Installs what gives more synthetic voices; without it, synth uses fewer voices."""
    pip = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    fetch = [VENV_PYTHON, "-m", "tinykws", "fetch", "voices"]
    for what, command in (
        ("the vocoder pyworld", [*pip, "pyworld>=0.3.2"]),
        ("GnuSpeech", [*fetch, "gnuspeech"]),
    ):
        say(f"adding {what}")
        result = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True)
        if result.returncode:
            reason = ([line for line in result.stderr.splitlines() if line.strip()] or ["no reason was given"])[-1]
            say(f"continuing without {what}, so there are fewer voices: {reason}")


def check_python() -> None:
    """Exits with advice if TensorFlow has no wheels for this version of Python."""
    if sys.version_info[:2] not in SUPPORTED:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"tinykws needs Python 3.10 to 3.13; this is {version}. Try: make PYTHON=python3.12 demo")


def install_system_packages(goal: str) -> None:
    """Installs missing packages with apt-get, as root or with passwordless sudo; else prints the command."""
    missing = missing_packages(goal)
    if not missing:
        return
    line = f"apt-get install {' '.join(missing)}"
    prefix = apt_prefix()
    if prefix is not None:
        say(f"installing Debian packages: {' '.join(missing)}")
        command = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*prefix, "apt-get", "update", "-qq"], check=False, capture_output=True)
        result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if result.returncode == 0:
            return
        say(result.stderr.strip())
    say(f"could not install them here; as an administrator type: {line}")
    say("continuing without them: boards that need them are skipped, --board host works")


def missing_packages(goal: str) -> list[str]:
    """Returns the Debian packages whose programs or headers are not installed."""
    packages = [
        name for program, names in PACKAGES.get(goal, {}).items() if not shutil.which(program) for name in names
    ]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if importlib.util.find_spec("ensurepip") is None and not VENV_PYTHON.exists():
        packages.append(f"python{version}-venv")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        packages.append(f"python{version}-dev")
    return packages


def apt_prefix() -> list[str] | None:
    """Returns the words to put before apt-get, or None if it cannot be used."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    may_sudo = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True)
    return ["sudo", "-n"] if may_sudo and may_sudo.returncode == 0 else None


def make_venv() -> None:
    """Creates .venv unless it exists and works."""
    if VENV_PYTHON.exists() and subprocess.run([VENV_PYTHON, "-m", "pip", "--version"], check=False,
                                               capture_output=True).returncode == 0:  # fmt: skip
        return
    shutil.rmtree(VENV, ignore_errors=True)
    say("creating .venv")
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            "FAILED: this Python cannot create virtual environments; install the packages named above and try again"
        )
    run([sys.executable, "-m", "venv", VENV])


def fingerprint() -> str:
    """Returns a digest of what the installation depends on: Python, the build files, and the extension's C sources."""
    digest = hashlib.sha256(sys.version.encode())
    files = [ROOT / "pyproject.toml", ROOT / "setup.py", ROOT / "tinykws" / "native" / "extension_build.py"]
    for path in files + sorted((ROOT / "firmware" / "lib").rglob("*.[ch]")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(command: list[object]) -> None:
    """Runs a command that must succeed; its output is shown only if it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        sys.exit(f"{result.stdout}\nFAILED ({result.returncode}): {' '.join(words)}")


def say(text: str) -> None:
    """Prints a line without buffering."""
    print(f"bootstrap: {text}", flush=True)


VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

if __name__ == "__main__":
    main()
