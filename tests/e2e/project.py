"""A project folder of one test and the tailrace binary run in it."""
import json
import os
import signal
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("TAILRACE_BUILD", ROOT / "build")).resolve()
BIN = Path(os.environ.get("TAILRACE_BIN", BUILD / "tailrace")).resolve()
TIMEOUT_S = 120

# Keys of a configuration that publishes nothing: what is tested asks neither the source nor the lake.
NOTHING = {"source": {"url": "postgres://nobody@nowhere/none"}, "datasets": {"none": {"inputs": {"n": "none"}}}}

# What the binary inherits of our environment: enough to run, nothing that changes its answers.
INHERITED = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")


class Project:
    def __init__(self, folder, database_url=None):
        self.folder = Path(folder)
        self.home = self.folder / ".home"
        self.temp = self.folder / ".temp"
        self.home.mkdir()
        self.temp.mkdir()
        self.lake = self.folder / "lake"
        self.database_url = database_url
        self.spawned = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.spawned:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def config(self, config):
        """Write tailrace.yaml: text (dedented), or a dict, with source and lake filled in."""
        if isinstance(config, dict):
            config = {"source": {"url": "${DATABASE_URL}"}, "lake": {"location": "./lake"}, **config}
            text = json.dumps(config, indent=2)
        else:
            text = textwrap.dedent(config).lstrip("\n")
        return self.write("tailrace.yaml", text)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def environment(self, extra=None):
        env = {key: os.environ[key] for key in INHERITED if key in os.environ}
        env |= {"HOME": str(self.home), "TMPDIR": str(self.temp), "LANG": "C.UTF-8"}
        if self.database_url:
            env["DATABASE_URL"] = self.database_url
        env |= extra or {}
        return {key: str(value) for key, value in env.items() if value is not None}

    def run(self, *args, env=None, input=None, check=None, timeout=TIMEOUT_S, prefix=(), text=True):
        """Run tailrace to its end. check: the exit code that it must have."""
        done = subprocess.run([*prefix, str(BIN), *map(str, args)], cwd=self.folder,
                              env=self.environment(env), input="" if input is None and text else input,
                              capture_output=True, text=text, timeout=timeout)
        if check is not None:
            assert done.returncode == check, report(args, done)
        for mark in ("AddressSanitizer", "runtime error:", "ThreadSanitizer"):
            stderr = done.stderr if text else done.stderr.decode(errors="replace")
            assert mark not in stderr, report(args, done)
        return done

    def spawn(self, *args, env=None, prefix=()):
        """Start tailrace; killed at the test's end if it still runs."""
        process = subprocess.Popen([*prefix, str(BIN), *map(str, args)], cwd=self.folder,
                                   env=self.environment(env), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.spawned.append(process)
        return process

    def files(self):
        """Everything in the lake, relative, sorted."""
        return sorted(p.relative_to(self.lake).as_posix() for p in self.lake.rglob("*") if p.is_file())

    def published_version(self, dataset):
        """The newest version by its manifest's number; 0 if none."""
        manifests = (self.lake / "_tailrace" / dataset / "manifests").glob("*.json")
        return max((int(p.stem) for p in manifests if p.stem.isdigit()), default=0)


def report(args, done):
    if done.returncode < 0:
        state = f"killed by {signal.Signals(-done.returncode).name}"
    else:
        state = f"exit code {done.returncode}"
    return f"tailrace {' '.join(map(str, args))}: {state}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
