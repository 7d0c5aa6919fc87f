"""An S3 server for a benchmark: versitygw, as the tests bring it, over a folder of its own."""
import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 30


class S3Server:
    def __init__(self, folder):
        self.data = Path(folder) / "s3" / "data"
        self.bucket = self.data / "bench"
        self.location = "s3://bench/${BENCH_PREFIX}"
        self.runs = 0

    def __enter__(self):
        cache = subprocess.run([str(ROOT / "scripts" / "install-standins"), "versitygw"], check=True,
                               capture_output=True, text=True).stdout.strip()
        meta = self.data.parent / "meta"
        for path in (self.bucket, meta):
            path.mkdir(parents=True)
        keys = {"id": secrets.token_hex(8), "secret": secrets.token_hex(16)}
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        env = {**os.environ, "ROOT_ACCESS_KEY": keys["id"], "ROOT_SECRET_KEY": keys["secret"]}
        with open(self.data.parent / "log", "w") as log:
            self.process = subprocess.Popen(
                [next(Path(cache).glob("versitygw-*")) / "versitygw", "--quiet", "--port", f"127.0.0.1:{port}",
                 "--region", "us-east-1", "posix", "--sidecar", str(meta), str(self.data)],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.env = {"AWS_ACCESS_KEY_ID": keys["id"], "AWS_SECRET_ACCESS_KEY": keys["secret"],
                    "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"bench: versitygw did not start: {(self.data.parent / 'log').read_text()}")
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def next_run(self):
        """The environment of a run with a prefix of its own; what the last one wrote is gone."""
        for path in self.bucket.iterdir():
            shutil.rmtree(path)
        self.runs += 1
        return {**self.env, "BENCH_PREFIX": f"run-{self.runs}"}

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
