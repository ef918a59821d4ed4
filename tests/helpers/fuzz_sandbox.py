# SPDX-License-Identifier: Apache-2.0
"""Runs many inputs in child processes, and notices what an input may never do to a program.

A child takes inputs one after the other, each in an empty folder of its own. It is a finding if

- an exception other than a refusal comes out, or a traceback or a terminal's control character is printed;
- a signal ends the child, or it takes more than its limits of processor time, memory or disk space;
- it waits for something that never comes (processor time cannot show that: it sleeps, and so do its children);
- something is written, removed or started that the target does not say it may. Python's audit events tell of it
  wherever it is; a folder with known files next to the input's shows what C code writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tinykws.support.errors import TinykwsError

MOST_FILE_BYTES = 64 << 20
"""Everything that one input leaves in its folder."""
BLOCKED_LOOKS = 120
"""So many times in a row, half a second apart, every process of the child was asleep: nothing will wake it."""
KEPT_TEXT = b"this file is not the input's\n"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = {
    "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.chmod": 1, "os.chown": 1, "os.utime": 1, "os.mkfifo": 1, "os.mknod": 1,
}  # fmt: skip
"""Audit events that change files, and how many of their arguments are paths; of symlink only the second is changed."""
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_CONNECTING = ("socket.connect", "socket.getaddrinfo")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one input may take."""

    cpu_seconds: int = 30
    memory_bytes: int = 3 << 30
    """In addition to what the process has when it starts."""


class FindingError(AssertionError):
    """An input did what it may not; the text is a short name for it."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one input did."""

    number: int
    counts: dict[str, int]
    """How often what happened, such as `exit 2`."""
    cpu_seconds: float
    finding: str = ""
    """Its first line is the same for findings of one kind."""


Act = Callable[[int, Path], Iterable[str]]
"""Runs the input of this number in this folder; yields what happened, such as `exit 2`."""


class Sandbox:
    """A folder with what an input may write (case, tmp) and what it may not (outside, and all else).

    Args:
        root: an empty folder.
        programs: what inputs may start: beginnings of command lines.
        limits: what each input may take.
        home: a folder in which libraries may keep their settings and caches.
    """

    def __init__(
        self, root: Path, programs: Sequence[Sequence[str]] = (), limits: Limits = Limits(), home: Path | None = None
    ) -> None:
        self.root = root.resolve()
        self.case, self.tmp, self.outside = (self.root / name for name in ("case", "tmp", "outside"))
        self.writable = [self.case, self.tmp, *([home.resolve()] if home else [])]
        self._programs, self._limits = programs, limits
        self.restore()

    def restore(self) -> None:
        """Makes everything as it is before an input."""
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        for folder in (self.case, self.tmp, self.outside, self.outside / "folder"):
            folder.mkdir()
        (self.outside / "kept.txt").write_bytes(KEPT_TEXT)

    def run(self, numbers: Sequence[int], act: Act) -> Generator[Outcome]:
        """Yields the outcome of each input; a child that dies is replaced, and the rest goes on."""
        todo = list(numbers)
        while todo:
            with contextlib.closing(self._run_child(todo, act)) as outcomes:
                for outcome in outcomes:
                    yield outcome
                    todo = todo[todo.index(outcome.number) + 1 :]

    def _run_child(self, numbers: Sequence[int], act: Act) -> Generator[Outcome]:
        """Yields the outcomes of one child: of all inputs, or up to the one that ended it."""
        pipe, to_parent = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(pipe)
            _Child(self, to_parent, self._programs, self._limits).serve(numbers, act)
        os.close(to_parent)
        told, lines = 0, _LinesOf(pipe, process)
        try:
            for line in lines:
                told += 1
                yield Outcome(**json.loads(line))
        except GeneratorExit:  # nobody wants the rest
            os.kill(process, signal.SIGKILL)
            raise
        finally:
            os.close(pipe)
            _, status = os.waitpid(process, 0)
        if told < len(numbers):
            yield Outcome(numbers[told], {}, 0.0, _end_in_words(status, lines.blocked, self._limits))

    def outside_is_as_it_was(self) -> bool:
        """Whether nothing outside the input's folder changed."""
        names = sorted(path.relative_to(self.root).as_posix() for path in self.outside.rglob("*"))
        top = {path.name for path in self.root.iterdir()} - {"case"}
        is_kept = names == ["outside/folder", "outside/kept.txt"] and top == {"tmp", "outside"}
        return is_kept and (self.outside / "kept.txt").read_bytes() == KEPT_TEXT


class _LinesOf:
    """The lines that a child sends; ends with the child, which it kills if it is blocked."""

    def __init__(self, pipe: int, process: int) -> None:
        self._pipe, self._process = pipe, process
        self.blocked = False

    def __iter__(self) -> Iterator[bytes]:
        import select

        begun, asleep = b"", 0
        while True:
            if select.select([self._pipe], [], [], 0.5)[0]:
                asleep = 0
                data = os.read(self._pipe, 1 << 16)
                if not data:
                    return
                *lines, begun = (begun + data).split(b"\n")
                yield from lines
                continue
            asleep = asleep + 1 if _all_asleep(self._process) else 0
            if asleep == BLOCKED_LOOKS:
                self.blocked = True
                os.kill(self._process, signal.SIGKILL)


def _all_asleep(process: int) -> bool:
    """Whether a process and all below it wait for something."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        threads = [
            path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{process}/task").glob("*/stat")
        ]
        children = " ".join(path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")).split()
    except OSError:
        return False
    return state == "S" and set(threads) == {"S"} and all(_all_asleep(int(child)) for child in children)


def _end_in_words(status: int, blocked: bool, limits: Limits) -> str:
    if blocked:
        return "blocked: it waits for something that never comes"
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return f"more than {limits.cpu_seconds} s of processor time" if name == "SIGXCPU" else f"signal {name}"
    return f"the process ended with exit code {os.WEXITSTATUS(status)}"


class _Child:
    """The process that runs inputs."""

    def __init__(self, sandbox: Sandbox, to_parent: int, programs: Sequence[Sequence[str]], limits: Limits) -> None:
        self._sandbox, self._to_parent, self._programs, self._limits = sandbox, to_parent, programs, limits
        self._watching = False
        self._seen: list[str] = []

    def serve(self, numbers: Sequence[int], act: Act) -> None:
        """Runs the inputs and ends the process."""
        errors = os.fdopen(os.dup(2), "w")
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            memory = used + self._limits.memory_bytes
            resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):  # decoders write what they think of a file
                os.dup2(nothing, stream)
            sys.dont_write_bytecode = True
            tempfile.tempdir = str(self._sandbox.tmp)
            sys.addaudithook(self._audit)
            for number in numbers:
                self._tell(self._outcome(number, act))
        except BaseException:
            traceback.print_exc(file=errors)
            errors.flush()
            os._exit(70)
        os._exit(0)

    def _tell(self, outcome: Outcome) -> None:
        data = json.dumps(dataclasses.asdict(outcome)).encode() + b"\n"
        while data:
            data = data[os.write(self._to_parent, data) :]

    def _outcome(self, number: int, act: Act) -> Outcome:
        self._sandbox.restore()
        os.chdir(self._sandbox.case)
        before = _cpu_seconds()
        soft = int(before) + 1 + self._limits.cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        self._seen.clear()
        counts: Counter[str] = Counter()
        finding = ""
        self._watching = True
        try:
            for what in act(number, self._sandbox.case):
                counts[what] += 1
        except BaseException as error:
            finding = _in_words(error)
        self._watching = False
        finding = next(iter(self._seen), "") or finding or self._files_in_words()
        return Outcome(number, dict(counts), round(_cpu_seconds() - before, 3), finding)

    def _files_in_words(self) -> str:
        if not self._sandbox.outside_is_as_it_was():
            return "files outside the input's folder changed"
        size = sum(path.lstat().st_size for path in self._sandbox.case.rglob("*"))
        return f"more than {MOST_FILE_BYTES >> 20} MB of files" if size > MOST_FILE_BYTES else ""

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._judge_path(event, path)
        elif event in _CHANGING:
            first = 1 if event in ("os.symlink", "os.link") else 0
            for path in arguments[first : _CHANGING[event]]:
                self._judge_path(event, path, -1 if event == "os.truncate" else arguments[-1])
        elif event in _STARTING:
            self._judge_program(event, arguments)
        elif event in _CONNECTING:
            self._seen.append(f"{event} {arguments[1:]!r}"[:300])

    def _judge_path(self, event: str, path: Any, folder: Any = -1) -> None:
        if isinstance(path, int) or "\0" in os.fsdecode(path):
            return
        self._watching = False  # looking up a link is no event of the input's
        text = os.fsdecode(path)
        given = Path(f"/proc/self/fd/{folder}") / text if isinstance(folder, int) and folder > 2 else Path(text)
        link = given if event == "open" else given.parent
        real = Path(os.path.realpath(link)) / ("" if link is given else given.name)
        if str(real) != os.devnull and not any(real.is_relative_to(place) for place in self._sandbox.writable):
            self._seen.append(f"{event} outside the input's folder\n{text!r}"[:500])
        self._watching = True

    def _judge_program(self, event: str, arguments: tuple[Any, ...]) -> None:
        command = [os.fsdecode(part) for part in arguments[1]] if event == "subprocess.Popen" else [str(arguments)]
        if not any(list(known) == command[: len(known)] for known in self._programs):
            self._seen.append(f"started a program\n{command!r}"[:500])


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _in_words(error: BaseException) -> str:
    """The kind of an exception and its place, then its traceback."""
    if isinstance(error, FindingError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/tinykws/" in frame.filename] or frames
    place = f"{ours[-1].filename.rpartition('/tinykws/')[2]}:{ours[-1].lineno}" if ours else "?"
    kind = "refusal outside a command: " if isinstance(error, TinykwsError) else ""
    text = "".join(traceback.format_exception(error))[-6000:]
    return f"{kind}{type(error).__name__} at {place}\n{text.encode(errors='backslashreplace').decode()}"


def wall_clock() -> float:
    """The time that a run's budget is measured by."""
    return time.monotonic()
