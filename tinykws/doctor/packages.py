# SPDX-License-Identifier: Apache-2.0
"""Python, tinykws's C extension, and packages: against what tinykws's own metadata and theirs ask for."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tinykws.doctor.finding import Finding, absent
from tinykws.doctor.installed_packages import Package, Packages

AREA = "packages"
EXTRAS = {"train": "train, quantize and evaluate need it", "synth": "synth needs it, to speak words without recordings"}
"""tinykws's extras for users, and what does not work without them."""
REASONS = {"platformio": "6.1.11 cannot build without a network", "tflite-micro": "scores are compared bit for bit"}
"""Why a package's range is what it is, where that is not plain."""


def check_python(version: str, system: str, requires: str) -> Finding:
    """Judges the running Python, such as `3.11.7`, against tinykws's Requires-Python."""
    found = f"{version} on {system}"
    if Version(version) in SpecifierSet(requires):
        return Finding("Python", "Python", "ok", found)
    return Finding(
        "Python", "Python", "missing", f"{found}; tinykws needs {requires}",
        "python3.12 -m venv .venv, then install tinykws in it",
    )  # fmt: skip


def check_extension(error: str | None) -> Finding:
    """Judges whether tinykws's front-end, detector and protocol, compiled for this Python, load."""
    if error is None:
        return Finding("Python", "C extension", "ok", "loads")
    mend = "pip install --force-reinstall --no-deps tinykws (in a checkout: pip install -e .)"
    return Finding("Python", "C extension", "missing", error, mend)


def check_packages(packages: Packages) -> list[Finding]:
    """Judges each package that tinykws, as installed, asks for: those of every install first, then the extras'."""
    requirements = [Requirement(line) for line in packages["tinykws"].requires]
    findings = [_check(each, packages, extra="") for each in requirements if _extra_of(each) is None]
    for extra in EXTRAS:
        findings += [_check(each, packages, extra) for each in requirements if _extra_of(each) == extra]
    return findings


def _extra_of(requirement: Requirement) -> str | None:
    """The extra that brings a requirement; None where every install does, "" where only developers' installs do."""
    if requirement.marker is None or "extra" not in str(requirement.marker):
        return None
    return next((extra for extra in EXTRAS if requirement.marker.evaluate({"extra": extra})), "")


def _check(requirement: Requirement, packages: Packages, extra: str) -> Finding:
    name, wanted = canonicalize_name(requirement.name), str(requirement.specifier)
    if not extra and requirement.marker is not None and not requirement.marker.evaluate():
        return Finding(AREA, name, "warning", f"not made for this system ({requirement.marker}); {_use_of(name)}")
    package = packages.get(name)
    if package is None:
        install = f'pip install "tinykws[{extra}]"' if extra else _install(name, wanted)
        lacks = f"not installed; {EXTRAS[extra]}" if extra else "not installed"
        return Finding(AREA, name, absent(not extra), lacks, install)
    if not requirement.specifier.contains(package.version, prereleases=True):
        found = f"{package.version}, but tinykws needs {wanted}{_because(name)}"
        return Finding(AREA, name, absent(not extra), found, _install(name, wanted))
    return Finding(AREA, name, "ok", package.version)


def _use_of(name: str) -> str:
    uses = {"tflite-micro": "quantize, detect and verify cannot run"}
    return uses.get(name, "what needs it cannot run")


def _because(name: str) -> str:
    return f" ({REASONS[name]})" if name in REASONS else ""


def _install(name: str, wanted: str) -> str:
    return f'pip install "{name}{wanted}"'


def check_loads(name: str, error: str | None) -> Finding:
    """Judges whether a package that is installed can be used: some are compiled for one numpy or one libc."""
    if error is None:
        return Finding(AREA, f"{name} loads", "ok", "yes")
    return Finding(AREA, f"{name} loads", "warning", error, f"pip install --force-reinstall {name}")


def check_fit(packages: Packages) -> list[Finding]:
    """Judges whether all that tinykws's packages ask of each other is there: a wrong protobuf or numpy under
    TensorFlow shows here, and not as a crash in the middle of training."""
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
                found = f"{name} {packages[name].version} needs it, and it is not installed"
            elif not requirement.specifier.contains(package.version, prereleases=True):
                found = f"{package.version}, but {name} {packages[name].version} needs {requirement.specifier}"
            else:
                continue
            yield Finding(AREA, f"{other} for {name}", "warning", found, _install(other, str(requirement.specifier)))


def _reached(packages: Packages) -> set[str]:
    """The installed ones of tinykws, of what it asks for, of what that asks for, and so on."""
    ours = packages["tinykws"]
    waiting = [canonicalize_name(each.name) for each in map(Requirement, ours.requires) if _extra_of(each) != ""]
    reached = {"tinykws"}
    while waiting:
        name = waiting.pop()
        if name in packages and name not in reached:
            reached.add(name)
            waiting += [canonicalize_name(each.name) for each in _needs(packages[name])]
    return reached


def _needs(package: Package) -> list[Requirement]:
    """What a package cannot do without on this computer."""
    requirements = [Requirement(line) for line in package.requires]
    return [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
