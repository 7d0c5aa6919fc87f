"""The S3 store against servers that stand in for S3: what every store promises, and what is S3's own.

Sums are checked by boto3, which computes them by itself and compares on every read.
"""
import base64
import os
import random
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from native import RUNTIME, NativeError
from s3_store import MIB, S3Store

ODD_KEY = "d/k=a b+c%2F&<ü>'\"=1/part-0.parquet"


@pytest.fixture
def store(native, any_aws):
    with S3Store(native, any_aws, part_size=5 * MIB) as s:
        yield s


@pytest.fixture
def strict(native, aws):
    """On versitygw, which checks what it is told."""
    with S3Store(native, aws, part_size=5 * MIB) as s:
        yield s


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


def at(store, key):
    return f"{store.aws.prefix}/{key}"


def read_back(store, key):
    """By boto3, with the checksum that the server keeps."""
    return store.aws.s3.get_object(Bucket=store.aws.bucket, Key=at(store, key), ChecksumMode="ENABLED")


# --- what every store promises ---

@pytest.mark.parametrize("size", [0, 1, 100_000, 5 * MIB, 5 * MIB + 1, 12 * MIB])
def test_a_sink_makes_one_object_whole_at_commit(store, size):
    data = noise(size)
    with store.sink("a/b/c") as sink:
        sink.write(data, 777_777)
        assert store.get("a/b/c") is None and store.keys() == []
        checksum = sink.commit()
        with pytest.raises(NativeError, match="written to after its end"):
            sink.write(b"x")
    assert store.keys("a/") == ["a/b/c"] and store.unfinished() == []
    assert store.get("a/b/c") == data
    assert store.checksum("a/b/c") == checksum
    assert checksum.startswith("crc64nvme:")
    assert read_back(store, "a/b/c")["Body"].read() == data


def test_checksums_do_not_depend_on_how_an_object_was_written(store):
    data = noise(11 * MIB + 13)
    sums = {store.write("k", data, step) for step in (100_000, 5 * MIB, 5 * MIB - 1, len(data))}
    assert sums == {store.checksum("k")}


def test_an_aborted_sink_leaves_nothing(store):
    for size in (10, 12 * MIB):
        with store.sink("a/b") as sink:
            sink.write(noise(size))
        assert store.keys() == [] and store.unfinished() == []


def test_ranges_are_read_and_the_buffers_maximum_holds(store):
    store.put("k", b"0123456789")
    store.put("empty", b"")
    assert store.get("k", 3, 4) == b"3456"
    assert store.get("k", 8, 100) == b"89"
    assert store.get("k", 10) == b"" and store.get("k", 99, 5) == b""
    assert store.get("empty") == b"" and store.get("empty", 0, 5) == b""
    assert store.get("nothing") is None and store.get("nothing", 5, 5) is None
    assert store.get("k", max=10) == b"0123456789"
    with pytest.raises(NativeError, match="larger than 9 bytes"):
        store.get("k", max=9)


def test_put_replaces_and_put_if_absent_does_not(store):
    store.put("x/k", b"one")
    store.put("x/k", b"two")
    assert not store.put_if_absent("x/k", b"three") and store.get("x/k") == b"two"
    assert store.put_if_absent("x/l", b"three") and store.get("x/l") == b"three"


def test_keys_of_any_form_are_kept_listed_and_removed(store):
    keys = sorted([ODD_KEY, "d/a/c=2/y", "d/a/c=10/x", "d/a/_x", "d/a0", "d/ü", "d/k=%2F%3D/x"])
    for key in keys:
        store.write(key, key.encode())
    store.put("e", b"")
    assert store.keys("d/") == keys
    assert store.keys("d/a/") == [key for key in keys if key.startswith("d/a/")]
    assert store.keys("nowhere/") == []
    for entry in store.entries("d/"):
        assert entry.bytes == len(entry.key.encode()) and store.get(entry.key) == entry.key.encode()
        assert entry.modified_us > 1_700_000_000_000_000
    store.remove(ODD_KEY)
    store.remove(ODD_KEY)
    store.remove_many([key for key in keys if key != "d/a0"])
    assert store.keys() == ["d/a0", "e"]
    store.remove_many([])


def test_keys_that_leave_the_prefix_are_refused(strict):
    for key in ("", "/x", "..", "../x", "a/../b", "a/./b", "a//b", "a/", ".tmp-1", "a/.tmp-x", "x" * 2000):
        with pytest.raises(NativeError):
            strict.put(key, b"")
        with pytest.raises(NativeError):
            strict.sink(key).__enter__()
    for key in ("", "/x", "../x", "a/../b"):
        with pytest.raises(NativeError, match="not a key"):
            strict.remove(key)
    with pytest.raises(NativeError, match="not a prefix"):
        strict.keys("a")
    with pytest.raises(NativeError) as e:
        strict.put("d/" + "v" * 250 + "/" + "/".join(["w" * 200] * 4), b"")
    assert "too long" in str(e.value) and "1024 bytes" in e.value.hint and e.value.kind == "data"


@pytest.mark.parametrize("uploads", [0, 5])
def test_listings_go_on_over_pages(store, uploads):
    """More keys than a page has; boto3 puts them without a connection for each."""
    keys = [f"many/k={i % 7}/{i:04}" for i in range(1050)]
    for key in keys:
        store.aws.s3.put_object(Bucket=store.aws.bucket, Key=at(store, key), Body=b"")
    assert store.keys("many/") == sorted(keys)
    store.remove_many(keys)
    assert store.keys() == []


# --- what is S3's own ---

def test_small_objects_are_one_put_and_large_ones_are_parts(strict):
    checksum = strict.write("small", noise(5 * MIB))
    answer = read_back(strict, "small")
    assert "-" not in answer["ETag"]
    assert f"crc64nvme:{answer['ChecksumCRC64NVME']}" == checksum
    data = noise(17 * MIB)
    checksum = strict.write("large", data)
    answer = read_back(strict, "large")
    assert answer["ETag"].endswith('-4"') and answer["ChecksumType"] == "FULL_OBJECT"
    assert f"crc64nvme:{answer['ChecksumCRC64NVME']}" == checksum
    assert answer["Body"].read() == data
    assert len(base64.b64decode(checksum.split(":")[1])) == 8


def test_the_checksum_is_computed_where_the_server_keeps_none(strict):
    """An object of another writer, with another sum."""
    data = noise(20 * MIB)
    checksum = strict.write("ours", data)
    strict.aws.s3.put_object(Bucket=strict.aws.bucket, Key=at(strict, "theirs"), Body=data, ChecksumAlgorithm="SHA256")
    assert strict.checksum("theirs") == checksum
    with pytest.raises(NativeError, match="is not there"):
        strict.checksum("nothing")


def test_memory_grows_with_the_data_and_is_given_back(strict):
    with strict.sink("k") as sink:
        assert sink.memory == 0
        sink.write(b"x" * 1000)
        assert 1000 <= sink.memory <= 256 << 10
        sink.write(bytes(4 * MIB))
        assert 4 * MIB <= sink.memory <= 5 * MIB
        sink.write(bytes(30 * MIB), MIB)
        assert sink.memory <= 5 * MIB
        sink.commit()
        assert sink.memory == 0


def test_a_thousand_open_sinks_are_cheap(native, aws):
    """Each has some data; none needs a thread or a part's buffer."""
    def threads():
        with open("/proc/self/status") as status:
            return int(next(line.split()[1] for line in status if line.startswith("Threads:")))

    with S3Store(native, aws) as store:
        before = threads()
        sinks = [store.sink(f"p={i}/f").__enter__ for i in range(1000)]
        opened = [enter() for enter in sinks]
        for sink in opened:
            sink.write(b"some rows")
        assert threads() <= before  # one of an earlier test may end only now
        assert sum(sink.memory for sink in opened) <= 160 * MIB
        assert opened[500].commit()
        for sink in opened:
            sink.free()
        assert store.keys() == ["p=500/f"]


def test_objects_carry_class_encryption_tags_and_the_expected_owner(native, any_aws, fault_proxy):
    proxy = fault_proxy(any_aws)
    owner = any_aws.s3.get_bucket_acl(Bucket=any_aws.bucket)["Owner"]["ID"]
    with S3Store(native, any_aws, endpoint=proxy.endpoint("s3"), encryption="AES256", storage_class="STANDARD_IA",
                 tag_key="team", tag_value="data + more", expected_owner=owner, part_size=5 * MIB) as store:
        store.write("small", b"x")
        store.write("large", noise(6 * MIB))
        store.put("meta", b"x")
        store.get("meta")
    tags = any_aws.s3.get_object_tagging(Bucket=any_aws.bucket, Key=at(store, "small"))["TagSet"]
    assert tags == [{"Key": "team", "Value": "data + more"}]
    calls = [c for c in proxy.calls if c.service == "s3"]
    assert calls and all(c.headers.get("x-amz-expected-bucket-owner") == owner for c in calls)
    made = {c.operation: c.headers for c in calls if c.operation == "s3:CreateMultipartUpload"
            or c.operation == "s3:PutObject" and c.path.endswith("/small")}
    assert len(made) == 2
    for headers in made.values():
        assert headers["x-amz-server-side-encryption"] == "AES256"
        assert headers["x-amz-storage-class"] == "STANDARD_IA"
        assert headers["x-amz-tagging"] == "team=data%20%2B%20more"
    meta = next(c.headers for c in calls if c.operation == "s3:PutObject" and c.path.endswith("/meta"))
    assert "x-amz-storage-class" not in meta and meta["x-amz-server-side-encryption"] == "AES256"


def test_a_bucket_of_another_owner_is_not_written_to(native, aws):
    with S3Store(native, aws, expected_owner="123456789012") as store:
        with pytest.raises(NativeError, match="AccessDenied"):
            store.write("small", b"x")
        with pytest.raises(NativeError, match="AccessDenied"):
            store.put_if_absent("small", b"x")
    assert aws.keys() == []


# --- many at once ---

def test_of_racing_threads_exactly_one_creates(strict):
    for i in range(20):
        winners, winner = strict.race(f"m/{i}", 16)
        assert winners == 1 and strict.get(f"m/{i}") == str(winner).encode()


RACER = """
import sys
sys.path.insert(0, {folder!r})
import native
from s3_store import S3Store
class Server: pass
aws = Server()
aws.__dict__.update({aws!r})
with S3Store(native.load(), aws) as store:
    print("ready", flush=True)
    for line in sys.stdin:
        print("won" if store.put_if_absent(line.strip(), {me!r}.encode()) else "lost", flush=True)
"""


def child(strict, script, **values):
    from pathlib import Path
    known = {"s3_server": strict.aws.s3_server, "location": strict.aws.location, "region": strict.aws.region}
    script = textwrap.dedent(script).format(folder=str(Path(__file__).parent), aws=known, **values)
    return subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env={**os.environ, **RUNTIME})


def test_of_racing_processes_exactly_one_creates(strict):
    racers = [child(strict, RACER, me=f"racer {i}") for i in range(3)]
    try:
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for i in range(20):
            for racer in racers:
                racer.stdin.write(f"m/{i}\n")
                racer.stdin.flush()
            said = [racer.stdout.readline().strip() for racer in racers]
            assert sorted(said) == ["lost", "lost", "won"]
            assert strict.get(f"m/{i}") == f"racer {said.index('won')}".encode()
    finally:
        for racer in racers:
            racer.communicate()


WRITER = """
import sys
sys.path.insert(0, {folder!r})
import native
from s3_store import S3Store, MIB
class Server: pass
aws = Server()
aws.__dict__.update({aws!r})
with S3Store(native.load(), aws, part_size=5 * MIB) as store:
    run_id, _ = store.run("orders", b"first", 0, commit=False)
    with store.sink(f"orders/{{run_id}}/k=1/part-1.parquet") as sink:
        sink.write(bytes(12 * MIB))
        print(run_id, flush=True)
        sys.stdin.read()
"""


def test_what_a_killed_upload_leaves_is_unfinished_and_found_by_gc(strict):
    writer = child(strict, WRITER)
    run_id = writer.stdout.readline().strip()
    assert run_id
    writer.kill()
    writer.communicate()
    [left] = strict.unfinished("orders/")
    assert left.startswith(f"orders/{run_id}/k=1/.tmp-part-1.parquet?")
    assert strict.unfinished(f"orders/{run_id}/") == [left] and strict.unfinished("others/") == []
    assert strict.keys(f"orders/{run_id}/") == [f"orders/{run_id}/part-0.parquet"]
    # Its lease is fresh: the run may be alive.
    assert strict.gc("orders") == (0, 0, 1)
    assert strict.unfinished() == [left]
    strict.remove(f"_tailrace/orders/runs/{run_id}")
    assert strict.gc("orders", dry_run=True) == (2, 0, 0)
    assert strict.gc("orders") == (2, 0, 0)
    assert strict.unfinished() == [] and strict.keys("orders/") == []
    assert strict.aws.unfinished_uploads() == []


# --- a lake ---

def test_a_lake_in_s3_publishes_goes_back_verifies_and_collects(strict):
    versions = []
    for i in range(1, 5):
        run_id, version = strict.run("orders", noise(7 * MIB if i == 2 else 1000, i), i - 1)
        assert version == i
        versions.append(run_id)
    strict.run("users", b"x" * 100, 0)
    assert strict.datasets() == ["orders", "users"]
    assert strict.version("orders") == 4 and strict.version("nothing") == 0
    with pytest.raises(NativeError, match="version 4 was published meanwhile") as e:
        strict.run("orders", b"late", 3)
    assert e.value.kind == "transient"
    assert strict.rollback("orders", 2) == 5
    assert strict.history("orders") == ["5 rollback", "4 run", "3 run", "2 run", "1 run"]
    # The late run's file belongs to nobody; versions 1 to 4 leave retention, and 2's file is 5's.
    removed, expired, live = strict.gc("orders", keep_versions=1)
    assert (removed, expired, live) == (4, 4, 0)
    assert strict.keys("orders/") == [f"orders/{versions[1]}/part-0.parquet"]
    assert strict.history("orders")[1] == "4 run expired"
    with pytest.raises(NativeError, match="has expired"):
        strict.rollback("orders", 3)
    assert strict.keys("_tailrace/orders/runs/") == []
    # What the file holds is no Parquet: the rest of it is as it was published.
    [count, finding] = strict.verify("orders")
    assert count == "1 files" and "cannot be read" in finding
    strict.aws.s3.put_object(Bucket=strict.aws.bucket, Key=at(strict, f"orders/{versions[1]}/part-0.parquet"),
                             Body=noise(7 * MIB, 99))
    [count, finding] = strict.verify("orders")
    assert "has checksum" in finding


class Careless(BaseHTTPRequestHandler):
    """Just enough of an S3 server for a run to begin; it does not know If-None-Match."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.server.puts.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.answer(200)

    def do_GET(self):
        self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_that_ignores_conditions_is_found_out_before_a_run_writes(native, aws):
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        server.puts = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with S3Store(native, aws, endpoint=f"http://127.0.0.1:{server.server_port}") as store:
            with pytest.raises(NativeError) as e:
                store.run("orders", b"data", 0)
        server.shutdown()
    assert "ignores If-None-Match" in str(e.value) and e.value.kind == "user" and "server" in e.value.hint
    assert server.puts and all("/_tailrace/orders/runs/" in path for path in server.puts)


# --- faults ---

@pytest.fixture
def proxied(native, aws, fault_proxy):
    proxy = fault_proxy(aws)
    with S3Store(native, aws, endpoint=proxy.endpoint("s3"), part_size=5 * MIB, attempts=3) as store:
        store.proxy = proxy
        yield store


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "truncate", "500", "500_after", "502_html",
                                   "503_slow_down", "200_error", "409_conflict"])
def test_a_conditional_put_knows_its_own_object_after_a_fault(proxied, fault):
    rule = proxied.proxy.fail(fault, "s3:PutObject")
    assert proxied.put_if_absent("k", b"mine")
    assert rule.fired == 1
    assert not proxied.put_if_absent("k", b"theirs") and proxied.get("k") == b"mine"
    rule = proxied.proxy.fail(fault, "s3:PutObject")
    assert not proxied.put_if_absent("k", b"mine") and proxied.get("k") == b"mine"
    assert rule.fired == 1


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "truncate", "500", "500_after", "502_html",
                                   "503_slow_down", "200_error"])
@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_an_upload_gets_over_one_fault(proxied, operation, fault):
    data = noise(11 * MIB)
    rule = proxied.proxy.fail(fault, f"s3:{operation}")
    checksum = proxied.write("k", data)
    assert rule.fired == 1
    assert proxied.checksum("k") == checksum and proxied.get("k") == data
    # A Create whose reply was lost has begun an upload that nobody knows: gc's.
    assert len(proxied.unfinished()) == (operation == "CreateMultipartUpload" and fault in (
        "reset_after", "truncate", "500_after"))


@pytest.mark.parametrize("fault", ["reset_before", "500", "denied", "expired", "200_error"])
@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_an_upload_that_fails_is_aborted(proxied, operation, fault):
    proxied.proxy.fail(fault, f"s3:{operation}", times=None)
    with proxied.sink("k") as sink, pytest.raises(NativeError) as e:
        sink.write(noise(16 * MIB), MIB)
        sink.commit()
    assert e.value.kind == ("user" if fault in ("denied", "expired") else "transient")
    assert "/k" in str(e.value)
    assert proxied.keys() == [] and proxied.unfinished() == []


def test_a_complete_whose_answer_says_nothing_is_settled_by_looking(proxied):
    data = noise(11 * MIB)
    proxied.proxy.fail("200_garbage", "s3:CompleteMultipartUpload")
    assert proxied.write("k", data) == proxied.checksum("k")
    proxied.proxy.fail("reset_after", "s3:CompleteMultipartUpload", times=None)
    assert proxied.write("l", data) == proxied.checksum("l")
    assert proxied.unfinished() == []


def test_an_abort_that_fails_is_told(proxied):
    proxied.proxy.fail("denied", "s3:UploadPart", times=None)
    proxied.proxy.fail("denied", "s3:AbortMultipartUpload", times=None)
    with proxied.sink("k") as sink, pytest.raises(NativeError) as e:
        sink.write(noise(16 * MIB))
        sink.commit()
    assert "unfinished upload could not be removed" in e.value.detail and "tailrace gc" in e.value.detail
    proxied.proxy.clear()
    [left] = proxied.unfinished()
    proxied.remove(left)
    proxied.remove(left)
    assert proxied.unfinished() == []


def test_a_read_that_was_cut_short_is_read_again(proxied):
    data = noise(3 * MIB)
    proxied.put("k", data)
    rule = proxied.proxy.fail("truncate", "s3:GetObject")
    assert proxied.get("k") == data and rule.fired == 1


def test_a_batch_delete_tells_what_it_could_not_remove(proxied):
    proxied.put("a", b"")
    proxied.put("b", b"")
    proxied.proxy.fail("denied", "s3:DeleteObjects")
    with pytest.raises(NativeError) as e:
        proxied.remove_many(["a", "b"])
    assert "s3:DeleteObject" in str(e.value)
    proxied.remove_many(["a", "b"])
    assert proxied.keys() == []


def test_wrong_keys_and_missing_buckets_are_explained(native, aws):
    with S3Store(native, aws, secret_key="wrong") as store:
        with pytest.raises(NativeError) as e:
            store.put("k", b"x")
        assert "SignatureDoesNotMatch" in str(e.value) and "secret" in e.value.hint and e.value.kind == "user"
    with S3Store(native, aws, location="s3://no-such-bucket-here/x") as store:
        for call in (lambda: store.put("k", b"x"), lambda: store.keys(), lambda: store.get("k"),
                     lambda: store.write("k", b"x"), lambda: store.unfinished()):
            with pytest.raises(NativeError) as e:
                call()
            assert "NoSuchBucket" in str(e.value) and "lake.location" in e.value.hint
