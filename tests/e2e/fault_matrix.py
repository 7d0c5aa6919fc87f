"""Every call of a command, and every way in which it can fail, one after the other.

A bench is one lake with a proxy before its servers; several work side by side, for most of a
case is waiting. What must hold after each case is Bench.check: the manifests are whole, what
they name is there, and the version moved by one exactly where the command says so.
"""
import io
import json
import os
import queue
import re
import shutil
import threading
import time
import traceback
from contextlib import ExitStack, contextmanager

import pyarrow.parquet as pq

from copy_to_s3 import configure
from fault_proxy import FaultProxy
from project import Project, report
from standins import Aws

RUN_ID = re.compile(r"\d{8}t\d{12}z-[0-9a-f]{12}")


def site_of(call):
    """The call without what differs from run to run: `s3:PutObject t/RUN/part-00000.parquet`."""
    where = call.path if "prefix=" not in call.query else re.search(r"prefix=([^&]*)", call.query)[1]
    where = RUN_ID.sub("RUN", where.replace("%2F", "/"))
    where = re.sub(r"/glue/\w+$", "/glue/DATABASE", where)
    where = re.sub(r"\d{20}", "N", where).partition("lake/prod/")[2]
    return f"{call.operation} {where}".strip()


def sites_of(calls):
    """[(site, the how-manieth of its kind)], in order."""
    seen, sites = {}, []
    for call in calls:
        seen[site_of(call)] = nth = seen.get(site_of(call), 0) + 1
        sites.append((site_of(call), nth))
    return sites


class AtSite:
    """Stands for the pattern of an operation in FaultProxy.fail: the whole site decides."""

    def __init__(self, site):
        self.site = site

    def matches(self, call):
        return site_of(call) == self.site


class Bench:
    """data: where versitygw keeps its buckets."""

    def __init__(self, folder, name, database_url, servers, data):
        self.data = data
        self.folder = folder / name
        self.folder.mkdir()
        self.aws = Aws(name, *servers)
        self.database_url = database_url
        self.manifests = {}
        self.stack = ExitStack()

    def __enter__(self):
        self.stack.enter_context(self.aws)
        self.project = self.stack.enter_context(Project(self.folder, self.database_url))
        self.proxy = FaultProxy.of_aws(self.aws)
        self.stack.callback(self.proxy.close)
        # One by one through S3 it takes longer than the test.
        self.stack.callback(shutil.rmtree, self.data / self.aws.bucket / self.aws.prefix, ignore_errors=True)
        return self

    def __exit__(self, *exception):
        return self.stack.__exit__(*exception)

    def configure(self, table, fault="", dataset=None, **aws_keys):
        # A server may take its time on a busy machine: what fails for good must not fail by that.
        stall = {"stall_timeout": "1s"} if "stall" in fault else {}
        configure(self.project, self.aws, {}, {"inputs": {"t": table}, **(dataset or {})}, **stall, **aws_keys)

    def run(self, *args):
        return self.project.run(*args, env=self.proxy.env)

    def fail(self, fault, site, nth=1, times=1):
        rule = self.proxy.fail(fault, nth=nth, times=times)
        rule.matches = AtSite(site).matches
        return rule

    # --- what the lake says ------------------------------------------------------------------

    def manifest_keys(self):
        return self.aws.keys(f"{self.aws.prefix}/_tailrace/t/manifests/")

    def manifest(self, version):
        """No version leaves retention while a test runs, so that none changes."""
        if version not in self.manifests:
            self.manifests[version] = json.loads(
                self.aws.read(f"{self.aws.prefix}/_tailrace/t/manifests/{version:020}.json"))
        return self.manifests[version]

    def version(self):
        return max((int(key.rpartition("/")[2].removesuffix(".json")) for key in self.manifest_keys()), default=0)

    def files_of(self, version):
        return {f"{self.aws.prefix}/{file['path']}": file for file in self.manifest(version)["files"]}

    def glue_version(self):
        table = self.aws.glue.get_table(DatabaseName=self.aws.database, Name="t")["Table"]
        location = table["StorageDescriptor"]["Location"]
        prefix = location.removeprefix(f"s3://{self.aws.bucket}/")
        assert self.aws.keys(prefix), f"Glue points at {location}, where nothing is"
        return int(table["Parameters"]["tailrace.version"])

    def check(self, before, rows, done):
        """After a command that publishes, however it went; rows: of the version that it was to publish."""
        assert done.returncode in (0, 1, 2, 3, 4), "neither success nor a clean failure"
        version = self.version()
        assert version == before + (done.returncode == 0), f"version {version} after {before}"
        assert [int(key[-25:-5]) for key in self.manifest_keys()] == list(range(1, version + 1))
        if done.returncode:
            assert "hint: " in done.stderr
        found = 0
        for key, file in self.files_of(version).items():
            body = self.aws.read(key)
            assert len(body) == file["bytes"]
            assert pq.read_metadata(io.BytesIO(body)).num_rows == file["rows"]
            found += file["rows"]
        assert done.returncode or found == rows
        in_glue = self.glue_version()
        assert in_glue <= version
        assert in_glue == version or done.returncode or "its view is not up to date" in done.stderr
        assert self.aws.env["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr

    def end(self, rows):
        """A run repairs what is left to repair, and gc finds all that nobody needs."""
        self.proxy.clear()
        before = self.version()
        done = self.run("run")
        self.check(before, rows, done)
        assert done.returncode == 0 and self.glue_version() == before + 1, report(["run"], done)
        # Leases, and uploads whose start got lost, go when they are old: versitygw's files tell how old.
        bucket = self.data / self.aws.bucket
        long_ago = time.time() - 7 * 86400
        for old in (*(bucket / self.aws.prefix / "_tailrace/t/runs").glob("*"),
                    *(bucket / ".sgwtmp/multipart").glob("*/*")):
            os.utime(old, (long_ago, long_ago))
        # A run is given up in one gc and removed in the next.
        for _ in range(3):
            done = self.run("gc")
            assert done.returncode == 0, report(["gc"], done)
        needed = {*self.manifest_keys(), *self.aws.keys(f"{self.aws.prefix}/_tailrace/t/glue/")}
        for version in range(1, self.version() + 1):
            needed |= self.files_of(version).keys()
        extra = [key for key in self.aws.keys(self.aws.prefix) if key not in needed]
        assert not extra, f"left behind: {extra}"
        assert not self.aws.unfinished_uploads()


@contextmanager
def open_benches(tmp_path_factory, standins, servers, database_url, n=4):
    """servers: the names of the stand-ins for S3 (versitygw), Glue and the rest."""
    folder, data = tmp_path_factory.mktemp("benches"), standins.folder / "versitygw.data"
    servers = [standins.get(name) for name in servers]
    with ExitStack() as stack:
        yield [stack.enter_context(Bench(folder, f"bench{i}", database_url, servers, data)) for i in range(n)]


def work(benches, cases, case):
    """case(bench, *one of cases) for all, side by side; what failed, as text."""
    todo, failures = queue.Queue(), []
    for item in cases:
        todo.put(item)

    def loop(bench):
        while True:
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                case(bench, *item)
            except Exception:  # noqa: BLE001 - shown with its case
                failures.append(f"=== {item}\n{traceback.format_exc()}")

    threads = [threading.Thread(target=loop, args=(bench,)) for bench in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "\n".join(failures)
