# SPDX-License-Identifier: Apache-2.0
"""Checks Python, tinykws's C extension, and packages against the requirements in their metadata."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tinykws.doctor.finding import Finding, absent
from tinykws.doctor.installed_packages import Package, Packages

AREA = "packages"
EXTRAS = {
    "train": "train, quantize and evaluate need it",
    "synth": "synth needs it for words without recordings",
    "tflm": "optional: it measures the tflm engine's arena, which is computed otherwise",
}
"""tinykws's extras for users, and what does not work without them."""
REASONS = {"platformio": "6.1.11 cannot build without a network", "tflite-micro": "scores are compared bit for bit"}
"""Reasons for version ranges that are not obvious."""


def check_python(version: str, system: str, requires: str) -> Finding:
    """Checks the running Python, such as `3.11.7`, against tinykws's Requires-Python."""
    found = f"{version} on {system}"
    if Version(version) in SpecifierSet(requires):
        return Finding("Python", "Python", "ok", found)
    return Finding(
        "Python", "Python", "missing", f"{found}; tinykws needs {requires}",
        "python3.12 -m venv .venv, then install tinykws in it",
    )  # fmt: skip


TESTED_ON = {
    ("Linux", "x86_64"): "tinykws is tested on it, with TFLite Micro's interpreter and emulated boards",
    ("Linux", "aarch64"): "tinykws is tested on it, without emulated boards",
    ("Darwin", "arm64"): "tinykws is tested on it, without emulated boards",
    ("Windows", "AMD64"): "tinykws is tested on it, without emulated boards",
}
"""What .github/workflows/tests.yml runs, by operating system and processor."""


def check_system(system: str, machine: str) -> Finding:
    """Says what is tested on this kind of computer, such as `Linux` on `x86_64`."""
    tested = TESTED_ON.get((system, machine))
    if tested is not None:
        return Finding("Python", "system", "ok", f"{system} {machine}: {tested}")
    known = ", ".join(f"{name} {processor}" for name, processor in TESTED_ON)
    return Finding("Python", "system", "warning", f"{system} {machine}: tinykws is tested on {known} only")


def check_extension(error: str | None) -> Finding:
    """Checks whether tinykws's C extension (front-end, detector, protocol) loads."""
    if error is None:
        return Finding("Python", "C extension", "ok", "loads")
    fix = "pip install --force-reinstall --no-deps tinykws (in a checkout: pip install -e .)"
    return Finding("Python", "C extension", "missing", error, fix)


def check_packages(packages: Packages) -> list[Finding]:
    """Checks each package that tinykws requires: first those of every install, then those of the extras."""
    requirements = [Requirement(line) for line in packages["tinykws"].requires]
    findings = [_check(each, packages, extra="") for each in requirements if _extra_of(each) is None]
    for extra in EXTRAS:
        findings += [_check(each, packages, extra) for each in requirements if _extra_of(each) == extra]
    return findings


def _extra_of(requirement: Requirement) -> str | None:
    """Returns the extra that a requirement belongs to; None: every install needs it; "": only developers do."""
    if requirement.marker is None or "extra" not in str(requirement.marker):
        return None
    return next((extra for extra in EXTRAS if requirement.marker.evaluate({"extra": extra})), "")


def _check(requirement: Requirement, packages: Packages, extra: str) -> Finding:
    name, wanted = canonicalize_name(requirement.name), str(requirement.specifier)
    if not extra and requirement.marker is not None and not requirement.marker.evaluate():
        return Finding(
            AREA, name, "warning", f"not available for this system ({requirement.marker}); what needs it cannot run"
        )
    package = packages.get(name)
    if package is None:
        install = f'pip install "tinykws[{extra}]"' if extra else _install(name, wanted)
        lacks = f"not installed; {EXTRAS[extra]}" if extra else "not installed"
        return Finding(AREA, name, absent(not extra), lacks, install)
    if not requirement.specifier.contains(package.version, prereleases=True):
        found = f"{package.version}, but tinykws needs {wanted}{_because(name)}"
        return Finding(AREA, name, absent(not extra), found, _install(name, wanted))
    return Finding(AREA, name, "ok", package.version)


def _because(name: str) -> str:
    return f" ({REASONS[name]})" if name in REASONS else ""


def _install(name: str, wanted: str) -> str:
    return f'pip install "{name}{wanted}"'


def check_loads(name: str, error: str | None) -> Finding:
    """Checks whether an installed package can be imported: some are compiled for one numpy or libc."""
    if error is None:
        return Finding(AREA, f"{name} loads", "ok", "yes")
    return Finding(AREA, f"{name} loads", "warning", error, f"pip install --force-reinstall {name}")


def check_fit(packages: Packages) -> list[Finding]:
    """Checks the requirements between the packages that tinykws uses: a protobuf or numpy that TensorFlow cannot use is
    found here, not by a crash during training."""
    conflicts = list(_conflicts(packages))
    if not conflicts:
        return [Finding(AREA, "versions fit", "ok", f"of {len(_reached(packages))} packages")]
    return conflicts


def _conflicts(packages: Packages) -> Iterator[Finding]:
    for name in sorted(_reached(packages) - {"tinykws"}):
        for requirement in _needs(packages[name]):
            other = canonicalize_name(requirement.name)
            package = packages.get(other)
            if package is None:
                found = f"not installed, but {name} {packages[name].version} needs it"
            elif not requirement.specifier.contains(package.version, prereleases=True):
                found = f"{package.version}, but {name} {packages[name].version} needs {requirement.specifier}"
            else:
                continue
            yield Finding(AREA, f"{other} for {name}", "warning", found, _install(other, str(requirement.specifier)))


def _reached(packages: Packages) -> set[str]:
    """Returns the installed packages that tinykws requires, directly or indirectly, and tinykws."""
    ours = packages["tinykws"]
    pending = [canonicalize_name(each.name) for each in map(Requirement, ours.requires) if _extra_of(each) != ""]
    reached = {"tinykws"}
    while pending:
        name = pending.pop()
        if name in packages and name not in reached:
            reached.add(name)
            pending += [canonicalize_name(each.name) for each in _needs(packages[name])]
    return reached


def _needs(package: Package) -> list[Requirement]:
    """Returns a package's requirements on this computer, without extras."""
    requirements = [Requirement(line) for line in package.requires]
    return [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
