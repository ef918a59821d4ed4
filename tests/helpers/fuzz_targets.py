# SPDX-License-Identifier: Apache-2.0
"""What fuzz_inputs.py attacks: each target makes inputs from good ones of its own, and runs what reads them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from fake_port_access import BANNER, FakeBoard, FakePortAccess
from field_mutator import mutate as mutate_fields
from fuzz_commands import check_files, command, printing, refused_or
from fuzz_mutations import mutate_bytes, mutate_lines, mutate_text, mutate_tree, odd_name
from fuzz_sandbox import FindingError
from random_networks import random_convolution, random_net, random_net_of_all_ops, random_stream
from sanitized_models import compile_stream
from tiny_model import EAGER, FRONTEND, dense_bundle, speech_tflite, tiny_bundle, tiny_tflite, write_walk

from tinykws.aot.compiler import compile_model
from tinykws.aot.reader.tflite import read_model
from tinykws.audio.files import write_wav
from tinykws.boards.rows import find_board
from tinykws.cli.monitor_view import LiveView, PlainView
from tinykws.device.line_checksum import with_check
from tinykws.device.reactions import Reactions
from tinykws.device.transport.serial_ports import Port
from tinykws.evaluation.timeline import read_timeline
from tinykws.model import interpreter_worker
from tinykws.model.bundle import load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.own_models import trust
from tinykws.native.frontend_tables import tables_for
from tinykws.project.config import Config
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.layout import Project
from tinykws.stages import prepare, quantize, synth, train, tune
from tinykws.stages.monitor import Target as MonitorTarget
from tinykws.stages.monitor import monitor, open_log
from tinykws.stages.verify import ClipFile, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.support.errors import DeviceError, TinykwsError
from tinykws.support.resources import BOARDS_YAML, TEMPLATES
from tinykws.verification.golden_check import golden_fault

INTERPRETER = [sys.executable, interpreter_worker.__file__]
LIBRARIES = (["fc-list"], ["uname", "-p"])
"""What matplotlib and TensorFlow start when they are imported, or first used in a user's home."""
FLITE = tuple([path, option] for path in [shutil.which("flite")] if path for option in ("--version", "-lv"))
"""A project whose words have no recordings asks flite which voices it has."""


class Target:
    """Something that reads untrusted input. `good` is a folder in which it makes its good inputs, once."""

    name = ""
    programs: tuple[list[str], ...] = ()
    """What its inputs may start."""

    def __init__(self, good: Path) -> None:
        self.good = good

    def make(self, case: Path, source: random.Random) -> Any:
        """Makes an input below a folder; returns what `attack` needs to know of it."""
        raise NotImplementedError

    def attack(self, case: Path, made: Any, source: random.Random) -> Iterator[str]:
        """Gives the input to what reads it; yields what came of it."""
        raise NotImplementedError


class BundleTarget(Target):
    """Bundles: bundle.json above all, and the other files of the folder."""

    name = "bundle"
    programs = (INTERPRETER,)
    boards = (
        ("host", "aot"),
        ("nano33ble", "aot"),
        ("nano33ble", "tflm"),
        ("esp32", "tflm"),
        ("qemu-cortex-m4", "aot"),
    )

    def __init__(self, good: Path) -> None:
        super().__init__(good)
        tiny_bundle(good / "tiny")
        tiny_bundle(good / "eager", words=("hey да",), detector=EAGER)
        wide = FrontendSettings(n_mels=128, window_ms=64, stride_ms=5, clip_ms=69)
        learned = DetectorSettings(
            kind="temporal_filter", filter_weights=(1,) * 48, filter_bias=-5, filter_shift=2,
            inference_stride_ms=5, average_window_ms=5000, minimum_count=1, suppression_ms=0, threshold=0,
        )  # fmt: skip
        trust(dense_bundle(good / "dense", wide, learned, ["yes", "don't", "hey robot"]).model_bytes())
        self._seeds = [good / name for name in ("tiny", "eager", "dense")]
        write_walk(good / "walk.wav", 1)

    def make(self, case: Path, source: random.Random) -> None:
        shutil.copytree(source.choice(self._seeds), case / "bundle")
        shutil.copy(self.good / "walk.wav", case)
        path = case / "bundle" / "bundle.json"
        kind = source.random()
        if kind < 0.75:
            path.write_text(json.dumps(self._changed(json.loads(path.read_text()), source)))
        elif kind < 0.88:
            path.write_bytes(mutate_bytes(path.read_bytes(), source))
        else:
            self._change_files(case, source)

    def _changed(self, values: dict[str, Any], source: random.Random) -> dict[str, Any]:
        """Mostly one part of it, so that the checks of all parts are reached; sometimes as an older format had it."""
        if source.random() < 0.1:
            values["format_version"] = source.choice([1, 2])
        keys = [key for key in values if key not in ("metrics", "tools")]
        if source.random() < 0.9:
            key = source.choice([*keys, "detector", "frontend", "labels", "golden"])
            values[key] = mutate_tree(values[key], source)
            return values
        changed: dict[str, Any] = mutate_tree(values, source)
        return changed

    def _change_files(self, case: Path, source: random.Random) -> None:
        bundle = case / "bundle"
        path = source.choice([bundle / "model.tflite", bundle / "bundle.json", *bundle.rglob("*.wav")])
        data = path.read_bytes()
        path.unlink()
        odd: list[Callable[[], object]] = [
            lambda: path.write_bytes(mutate_bytes(data, source)), lambda: path.write_bytes(b""), lambda: None,
            path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"),
            lambda: path.symlink_to(path.name), lambda: path.symlink_to("../../outside/kept.txt"),
        ]  # fmt: skip
        source.choice(odd)()

    def attack(self, case: Path, made: None, source: random.Random) -> Iterator[str]:
        board, engine = source.choice(self.boards)
        options = ["--bundle", "bundle", "--board", board, "--engine", engine]
        yield command("generate", *options)
        yield command("detect", "--bundle", "bundle", "walk.wav", "--json")
        with contextlib.suppress(TinykwsError):
            bundle = load_bundle(case / "bundle")
            golden_fault(bundle, Interpreter(bundle.model_bytes()).invoke)
            yield "loaded"


class SettingsTarget(Target):
    """kws.yaml and boards.yaml."""

    name = "settings"
    programs = (INTERPRETER, *FLITE)
    stages = (synth, prepare, train, quantize, tune)

    def __init__(self, good: Path) -> None:
        super().__init__(good)
        tiny_bundle(good / "bundle")
        write_walk(good / "walk.wav", 1)
        full = {**dataclasses.asdict(Config(words=("yes", "no"))), "words": ["yes", "no"]}
        full["synth"]["enabled"] = "never"
        full["detector"] = {"threshold": 200}
        plain = json.loads(json.dumps(full))
        small = {"words": ["yes", "no"], "synth": {"enabled": "never"}, "features": {"clip_ms": 500}}
        long = "words: &w [yes, no]\nsynth: {unknown_words: *w, enabled: never}\n# a comment\ndata: './data'\n"
        self._settings = [plain, small, small]
        self._texts = [yaml.safe_dump(plain), yaml.safe_dump(small), long]
        self._rows = yaml.safe_load(BOARDS_YAML.read_text())

    def make(self, case: Path, source: random.Random) -> str:
        shutil.copytree(self.good / "bundle", case / "build" / "bundle")
        for word in ("yes", "no"):
            (case / "data" / word).mkdir(parents=True)
            for name in ("anna", "bert", "carl"):
                shutil.copy(self.good / "walk.wav", case / "data" / word / f"{name}.wav")
        (case / "data" / "validation_list.txt").write_text("yes/anna.wav\nno/anna.wav\n")
        (case / "data" / "testing_list.txt").write_text("yes/bert.wav\nno/bert.wav\n")
        if source.random() < 0.6:
            (case / "kws.yaml").write_bytes(
                self._text(source.choice(self._settings), source.choice(self._texts), source)
            )
            return ""
        (case / "kws.yaml").write_text("words: [yes, no]\nsynth: {enabled: never}\n")
        name = source.choice(list(self._rows))
        rows = {name: self._rows[name]}
        (case / "boards.yaml").write_bytes(self._text(rows, yaml.safe_dump(rows), source))
        return str(name)

    def _text(self, tree: Any, text: str, source: random.Random) -> bytes:
        kind = source.random()
        if kind < 0.6:
            tree = mutate_tree(tree, source)
            with contextlib.suppress(yaml.YAMLError, ValueError, RecursionError):
                flow = source.choice([None, True, False])
                return yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=source.random() < 0.5).encode(
                    "utf-8", "surrogatepass"
                )
            return json.dumps(tree).encode()
        if kind < 0.8:
            return "\n".join(mutate_lines(text.split("\n"), source)).encode("utf-8", "surrogatepass")
        return mutate_bytes(text.encode(), source)

    def attack(self, case: Path, made: str, source: random.Random) -> Iterator[str]:
        if made:
            yield command("boards", *source.choice([[], ["--json"]]))
            yield command("generate", "--bundle", "build/bundle", "--board", made)
            yield from self._options(case, made)
            return
        yield command("detect", "data/yes/anna.wav") if source.random() < 0.1 else "not detected"
        try:
            project = Project.load(case)
        except TinykwsError as error:
            yield refused_or("kws.yaml", error)
            return
        refusal = None
        try:
            tables_for(project.config.frontend)
            for stage in self.stages:
                stage.stage_files(project)
        except TinykwsError as error:
            refusal = error
        yield refused_or("stages", refusal)
        if project.config.synth.enabled == "never":
            yield command("prepare", *source.choice([[], ["--json"]]))

    def _options(self, case: Path, board: str) -> Iterator[str]:
        """The options of platformio.ini are those that tinykws writes, whatever the row says."""
        import configparser

        path = case / "build" / "firmware" / board / "platformio.ini"
        if path.is_file():
            parser = configparser.ConfigParser(interpolation=None)
            parser.read_string(path.read_text())
            options = {option for section in parser.sections() for option in parser[section]}
            more = options - KNOWN_OPTIONS
            if more or len(parser.sections()) > 2:
                raise FindingError(f"platformio.ini has other options\n{more} {parser.sections()}")
            yield "platformio.ini"


KNOWN_OPTIONS = set(re.findall(r"^(\w+) *=", (TEMPLATES / "platformio.ini.j2").read_text(), re.MULTILINE))


class LogTarget(Target):
    """Logs that replay judges, and what a device sends while verify and monitor listen."""

    name = "log"
    programs = (INTERPRETER, *LIBRARIES)

    def __init__(self, good: Path) -> None:
        super().__init__(good)
        self._bundle = tiny_bundle(good / "bundle", words=("да",), detector=EAGER)
        clips = []
        for number, label in enumerate(("yes", "no", "_silence_")):
            clips.append(ClipFile(good / f"{number} clip.wav", label))
            write_wav(clips[-1].path, np.random.default_rng(number).normal(0, 3000, 8000).astype(np.int16))
        self._clips = clips
        walk = StreamFile(write_walk(good / "walk.wav", 3), (read_timeline(self._events())))
        verify(self._bundle, HOST, NAME, clips, log_path=good / "clips.jsonl", port_access=self._port())
        verify(
            self._bundle, HOST, NAME, clips, log_path=good / "lost.jsonl", port_access=DevicePort(Lost(self._bundle))
        )
        verify_stream(self._bundle, HOST, NAME, walk, log_path=good / "stream.jsonl", port_access=self._port())
        self._logs = [(good / f"{name}.jsonl").read_text() for name in ("clips", "lost", "stream")]
        self._said = [json.loads(line)["text"] for log in self._logs for line in log.splitlines()]

    def _port(self) -> DevicePort:
        return DevicePort(GoodDevice(self._bundle))

    def _events(self) -> Path:
        path = self.good / "events.csv"
        path.write_text("start_ms,end_ms,label\n300,600,yes\n1500,1900,да\n")
        return path

    def make(self, case: Path, source: random.Random) -> str:
        kind = source.random()
        if kind < 0.65:
            (case / "verify.jsonl").write_bytes(self._log(source.choice(self._logs), source))
            return "replay"
        if kind < 0.97:
            (case / "lines.json").write_text(json.dumps(self._lines(source)))
            return "monitor"
        return "verify"

    def _log(self, log: str, source: random.Random) -> bytes:
        kind = source.random()
        if kind < 0.15:
            return mutate_bytes(log.encode(), source)
        lines = log.splitlines()
        for _ in range(source.choice([1, 1, 2, 3, 10])):
            at = source.randrange(len(lines))
            if source.random() < 0.5:
                entry = json.loads(lines[at])
                entry["text"] = self._changed_text(entry["text"], source)
                lines[at] = json.dumps(entry)
            elif source.random() < 0.5:
                lines[at] = json.dumps(mutate_tree(json.loads(lines[at]), source))
            else:
                lines = mutate_lines(lines, source)
                break
        return "\n".join(lines).encode("utf-8", "surrogatepass")

    def _changed_text(self, text: str, source: random.Random) -> str:
        """A line of the protocol or a JSON object with a value changed; mostly its check is right again."""
        if text.startswith("{"):
            return json.dumps(mutate_tree(json.loads(text), source))
        body, star, _ = text.rpartition(" *")
        if not star or source.random() < 0.2:
            return mutate_text(text, source)
        changed = mutate_text(body, source)
        return with_check(changed) if changed.isascii() else changed

    def _lines(self, source: random.Random) -> list[str]:
        status = "kws status at={} loudest=900 rms=3 clipped=0 offset=9 samples=16000 us=1000000 overruns=0 frames=5"
        status += " inferences=5 frontend_us=100 invoke_us=500000 arena=0"
        ready = BANNER.format(board="nano33ble", model="0123456789ab") + source.choice(["", " selftest=ok id=0123"])
        plain = [ready, "Heard yes (201) @1290ms", *(status.format(at) for at in (1000, 2000, 3000)), "kws error x y"]
        lines = plain + source.sample(self._said, 5)
        return mutate_lines([self._changed_text(line, source) for line in lines], source)

    def attack(self, case: Path, made: str, source: random.Random) -> Iterator[str]:
        if made == "replay":
            more = source.choice([[], [], ["--min-accuracy", "0.9"]])
            yield command("replay", "verify.jsonl", "--json", "report.json", "--junit", "report.xml", *more)
            yield command("replay", "verify.jsonl", "--json", "-", *more)
            check_files(case)
        elif made == "monitor":
            yield self._monitored(case, source)
        else:
            yield self._verified(case, source)

    def _monitored(self, case: Path, source: random.Random) -> str:
        world = FakePortAccess()
        lines = json.loads((case / "lines.json").read_text())
        world.plug(MONITORED, FakeBoard(greeting=[line.encode("ascii", "backslashreplace").decode() for line in lines]))
        view = source.choice([PlainView, LiveView])()
        refusal = None
        with printing(), open_log(case / "monitor.jsonl", 100_000) as log:
            try:
                monitor(MonitorTarget(MONITORED, NANO.serial), view, log, Reactions(), port_access=world, seconds=5)
            except TinykwsError as error:
                refusal = error
        for line in (case / "monitor.jsonl").read_text().splitlines():
            json.loads(line)
        return refused_or("monitor", refusal)

    def _verified(self, case: Path, source: random.Random) -> str:
        device = Spoiled(self._bundle, source, self._changed_text)
        refusal = None
        with printing():
            try:
                verify(
                    self._bundle,
                    HOST,
                    NAME,
                    self._clips,
                    log_path=case / "verify.jsonl",
                    port_access=DevicePort(device),
                )
            except TinykwsError as error:
                refusal = error
        return refused_or("verify", refusal) + command("replay", "verify.jsonl").removeprefix("replay")


HOST, NANO = find_board("host"), find_board("nano33ble")
MONITORED = Port("/dev/ttyACM0", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")


class Lost(GoodDevice):
    """Gone in the second clip."""

    def hear(self, line: str) -> None:
        if self.clips > 1 and line.startswith("@"):
            raise DeviceError("gone")
        super().hear(line)


class Spoiled(GoodDevice):
    """Sends some lines changed."""

    def __init__(self, bundle: Any, source: random.Random, change: Any) -> None:
        super().__init__(bundle)
        self._source, self._change = source, change

    def give(self, text: str) -> None:
        changed = self._change(text, self._source) if self._source.random() < 0.05 else text
        super().give(changed.encode("ascii", "backslashreplace").decode())


class ListTarget(Target):
    """Data folders: list files, names of files and folders, what is no file, damaged recordings, timelines."""

    name = "list"
    programs = LIBRARIES

    def __init__(self, good: Path) -> None:
        super().__init__(good)
        for number in range(6):
            sound = np.random.default_rng(number).normal(0, 3000, 4000 + 800 * number).astype(np.int16)
            write_wav(good / f"{number}.wav", sound)
        import soundfile

        samples = np.random.default_rng(9).normal(0, 3000, 8000).astype(np.int16)
        for name, kind in (("a.flac", "FLAC"), ("a.ogg", "OGG"), ("a.mp3", "MP3"), ("a.aiff", "AIFF")):
            soundfile.write(good / name, samples, 16000, format=kind)
        self._sounds = sorted(good.iterdir())

    def make(self, case: Path, source: random.Random) -> None:
        words = source.choice([["yes", "no"], ["hey robot", "да"], ["don't", "stop"]])
        settings = {"words": words, "synth": {"enabled": "never"}, "features": {"clip_ms": 500}}
        (case / "kws.yaml").write_text(json.dumps(settings))
        data = case / "data"
        for word in words:
            for name in ("anna_1.wav", "bert_nohash_0.wav", "carl 2.wav"):
                self._put(data / word / name, source)
        for _ in range(source.choice([0, 1, 2, 5])):
            with contextlib.suppress(OSError):
                self._put_odd(data, source)
        good = [path.relative_to(data).as_posix() for path in data.rglob("*.wav")]
        for name in ("testing_list.txt", "validation_list.txt", "ignore_list.txt"):
            if source.random() < 0.5:
                lines = [*source.sample(good, min(2, len(good))), "# a comment", f"{words[0]}\\anna_1.wav"]
                listed = "\n".join(mutate_lines(lines, source)).encode("utf-8", "surrogatepass")
                (data / name).write_bytes(mutate_bytes(listed, source) if source.random() < 0.3 else listed)
        text = "\n".join(mutate_lines(["start_ms,end_ms,label", "0,400,yes", "500,900,no"], source))
        (case / "events.csv").write_bytes(text.encode("utf-8", "surrogatepass"))

    def _put(self, path: Path, source: random.Random) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source.choice(self._sounds), path)

    def _put_odd(self, data: Path, source: random.Random) -> None:
        """Something that people, or attackers, have in such a folder."""
        folders = [path for path in data.iterdir() if path.is_dir() and not path.is_symlink()]
        folder = source.choice([data, *folders, data / "_background_noise_"])
        folder = source.choice([folder, folder, folder / os.fsdecode(odd_name(source))])
        if folder.is_symlink():
            return
        folder.mkdir(parents=True, exist_ok=True)
        suffix = source.choice([b".wav", b".wav", b".WAV", b".flac", b".mp3", b".ogg", b".txt", b""])
        path = folder / os.fsdecode(odd_name(source)[:240] + suffix)
        sound = source.choice(self._sounds).read_bytes()
        odd: list[Callable[[], object]] = [
            *[lambda: path.write_bytes(mutate_bytes(sound, source))] * 4, *[lambda: path.write_bytes(sound)] * 4,
            lambda: path.write_bytes(b""), path.mkdir, lambda: os.mkfifo(path),
            lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to("."), lambda: path.symlink_to("../.."),
            lambda: path.symlink_to("../../../outside/kept.txt"), lambda: path.symlink_to("nowhere"),
            lambda: self._put(folder.joinpath(*["d"] * source.choice([3, 11, 12, 13, 100])) / "x.wav", source),
        ]  # fmt: skip
        source.choice(odd)()

    def attack(self, case: Path, made: None, source: random.Random) -> Iterator[str]:
        leave_out = source.choice([[], [], ["--audit"], ["--audit", "--leave-out", "cut"]])
        yield command("prepare", *leave_out, *source.choice([[], ["--json"]]))
        refusal = None
        try:
            read_timeline(case / "events.csv", ("yes", "no"))
        except TinykwsError as error:
            refusal = error
        yield refused_or("timeline", refusal)
        if source.random() < 0.3:
            yield command("prepare", "--audit")  # once more: with what the first left


class ModelTarget(Target):
    """.tflite files: reader, lowering, scheduling, and TFLite Micro's interpreter in its process."""

    name = "model"
    programs = (INTERPRETER,)

    def __init__(self, good: Path) -> None:
        super().__init__(good)
        (good / "notes.txt").write_text("models are made from random numbers\n")

    def make(self, case: Path, source: random.Random) -> None:
        model = self._seed(source)
        kind = source.random()
        if kind < 0.45:
            changed = mutate_fields(model, source)
        elif kind < 0.85:
            changed = self._with_other_numbers(model, source)
        else:
            changed = mutate_bytes(model, source)
        if source.random() < 0.05:
            changed = self._as_text(changed, source)
        (case / "model.tflite").write_bytes(changed)

    def _seed(self, source: random.Random) -> bytes:
        if source.random() < 0.3:
            return source.choice([
                tiny_tflite(), tiny_tflite(per_channel=True), speech_tflite(), speech_tflite(scale=26.09 / 256),
                speech_tflite((1, 49, 40, 1), seen=(1, 1960)), speech_tflite((1, 49, 40), seen=(1, 1960)),
            ])  # fmt: skip
        inner = random.Random(source.randrange(10_000))
        make = (random_net, random_convolution, random_net_of_all_ops, lambda numbers: random_stream(numbers)[0])
        return source.choice(make)(inner)

    def _with_other_numbers(self, model: bytes, source: random.Random) -> bytes:
        """Changes words that look like offsets, sizes or indexes: tables, not weights."""
        changed = bytearray(model)
        small = [
            at
            for at in range(0, len(model) - 3, 4)
            if abs(int.from_bytes(model[at : at + 4], "little", signed=True)) < 70_000
        ]
        for _ in range(source.choice([1, 1, 1, 2, 3])):
            at, size = source.choice(small), source.choice([4, 4, 2, 1])
            at += source.randrange(0, 4, size)
            value = int.from_bytes(changed[at : at + size], "little", signed=True)
            near = value + source.choice([-64, -8, -4, -1, 1, 2, 4, 8, 64])
            far = source.choice(
                [0, 1, 2, 3, 4, 16, -1, -2, 127, 128, 255, 256, 65535, 10**6, 2**24, 2**31 - 1, -(2**31)]
            )
            new = source.choice([near, far, far, value * source.choice([-1, 2, 3, 100])])
            changed[at : at + size] = (new & (256**size - 1)).to_bytes(size, "little")
        return bytes(changed)

    def _as_text(self, model: bytes, source: random.Random) -> bytes:
        array = ", ".join(map(str, model[:3000]))
        text = f"// a model\nalignas(16) const unsigned char g_model[] = {{{array}}};\nconst int g_model_len = 1;\n"
        starts = [b"\x1f\x8b", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"version https://git-lfs", b"\xff\xfe", b"<html>"]
        other = source.choice(starts) + model
        return mutate_bytes(source.choice([text.encode(), text.encode("utf-16"), other]), source)

    def attack(self, case: Path, made: None, source: random.Random) -> Iterator[str]:
        model = (case / "model.tflite").read_bytes()
        try:
            graph = read_model(model)
        except TinykwsError as error:
            yield refused_or("reader", error)
            if source.random() < 0.1:
                yield command("quantize", "--from", "model.tflite", "--labels", "silence,unknown,yes,no")
            return
        yield "reader"
        yield self._compiled(model)
        yield self._interpreted(model, graph.input.shape, source)
        if graph.input.size in (1960, FRONTEND.n_frames * FRONTEND.n_mels):
            yield command("quantize", "--from", "model.tflite", "--labels", "silence,unknown,yes,no", "--json")

    def _compiled(self, model: bytes) -> str:
        try:
            compile_model(model)
            compile_stream(model)
        except TinykwsError as error:
            return refused_or("aot", error)
        return "aot"

    def _interpreted(self, model: bytes, shape: Any, source: random.Random) -> str:
        try:
            interpreter = Interpreter(model)
            numbers = np.random.default_rng(source.randrange(2**32))
            interpreter.invoke(numbers.integers(-128, 128, shape, dtype=np.int8))
        except TinykwsError as error:
            name = "interpreter crashed" if "crashed" in error.message else "interpreter"
            return refused_or(name, error)
        return "interpreter"


TARGETS: dict[str, type[Target]] = {
    target.name: target for target in (BundleTarget, SettingsTarget, LogTarget, ListTarget, ModelTarget)
}
