"""The S3 store through the test library: its operations, and a lake in it.

    with S3Store(native, aws, part_size=5 << 20) as store:
        checksum = store.write("a/b", data)
        store.get("a/b") == data
"""
import ctypes
from contextlib import contextmanager
from dataclasses import dataclass

MIB = 1 << 20
ALL = ctypes.c_size_t(-1).value
TEXT = 96


class Options(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_char_p) for name in (
        "location", "endpoint", "region", "access_key", "secret_key", "encryption", "kms_key", "storage_class",
        "expected_owner", "tag_key", "tag_value")),
        ("part_size", ctypes.c_uint64), ("uploads", ctypes.c_int), ("attempts", ctypes.c_int),
        ("path_style", ctypes.c_bool)]


@dataclass(order=True)
class Entry:
    key: str
    bytes: int
    modified_us: int


class Sink:
    def __init__(self, store, key):
        self.store, self.sink = store, ctypes.c_void_p()
        store.call("trtest_store_create", key.encode(), ctypes.byref(self.sink))

    def write(self, data, step=None):
        self.store.native.call("trtest_sink_write", self.sink, data, ctypes.c_size_t(len(data)),
                               ctypes.c_size_t(step or len(data) or 1))

    def commit(self):
        checksum = ctypes.create_string_buffer(TEXT)
        self.store.native.call("trtest_sink_commit", self.sink, checksum)
        return checksum.value.decode()

    @property
    def memory(self):
        function = self.store.native.lib.trtest_sink_memory
        function.restype = ctypes.c_size_t
        return function(self.sink)

    def free(self):
        if self.sink:
            self.store.native.lib.trtest_sink_free(self.sink)
            self.sink = None


class S3Store:
    def __init__(self, native, aws, endpoint=None, location=None, secret_key=None, region=None, path_style=False,
                 **options):
        self.native, self.aws = native, aws
        server = aws.s3_server
        self.options = Options(
            location=(location or aws.location).encode(), endpoint=(endpoint or server["endpoint"]).encode(),
            region=(region or aws.region).encode(), access_key=server["access_key"].encode(),
            secret_key=(secret_key or server["secret_key"]).encode(), path_style=path_style,
            **{key: value.encode() if isinstance(value, str) else value for key, value in options.items()})
        self.opened = None

    def __enter__(self):
        opened = ctypes.c_void_p()
        self.native.call("trtest_s3_open", ctypes.byref(self.options), ctypes.byref(opened))
        self.opened = opened
        self.native.lib.trtest_s3_store.restype = ctypes.c_void_p
        self.store = ctypes.c_void_p(self.native.lib.trtest_s3_store(opened))
        return self

    def __exit__(self, *_):
        self.native.lib.trtest_s3_close(self.opened)

    def call(self, name, *args):
        self.native.call(name, self.store, *args)

    @contextmanager
    def sink(self, key):
        sink = Sink(self, key)
        try:
            yield sink
        finally:
            sink.free()

    def write(self, key, data, step=None):
        """Through a sink; its checksum."""
        with self.sink(key) as sink:
            sink.write(data, step)
            return sink.commit()

    def put(self, key, data):
        self.call("trtest_store_put", key.encode(), data, ctypes.c_size_t(len(data)))

    def put_if_absent(self, key, data):
        won = ctypes.c_bool()
        self.call("trtest_store_put_if_absent", key.encode(), data, ctypes.c_size_t(len(data)), ctypes.byref(won))
        return won.value

    def get(self, key, offset=0, n=ALL, max=64 * MIB):
        """The bytes, None where there is no such object."""
        data, got = ctypes.c_void_p(), ctypes.c_int64()
        self.native.lib.trtest_free.argtypes = [ctypes.c_void_p]
        try:
            self.call("trtest_store_get", key.encode(), ctypes.c_uint64(offset), ctypes.c_size_t(n),
                      ctypes.c_size_t(max), ctypes.byref(data), ctypes.byref(got))
            return None if got.value < 0 else ctypes.string_at(data, got.value)
        finally:
            self.native.lib.trtest_free(data)

    def entries(self, prefix="", unfinished=False):
        text = ctypes.c_char_p()
        self.call("trtest_store_list", prefix.encode(), unfinished, ctypes.byref(text))
        entries = []
        for line in text.value.decode().splitlines():
            size, modified, key = line.split(" ", 2)
            entries.append(Entry(key, int(size), int(modified)))
        self.native.lib.trtest_free(text)
        return entries

    def keys(self, prefix=""):
        return [entry.key for entry in self.entries(prefix)]

    def unfinished(self, prefix=""):
        return [entry.key for entry in self.entries(prefix, True)]

    def remove(self, key):
        self.call("trtest_store_remove", key.encode())

    def remove_many(self, keys):
        array = (ctypes.c_char_p * len(keys))(*(key.encode() for key in keys))
        self.call("trtest_store_remove_many", array, ctypes.c_size_t(len(keys)))

    def checksum(self, key):
        out = ctypes.create_string_buffer(TEXT)
        self.call("trtest_store_checksum", key.encode(), out)
        return out.value.decode()

    def race(self, key, threads):
        """(how many of the threads that put it were told that they made it, one of them)"""
        winners, winner = ctypes.c_int(), ctypes.c_int(-1)
        self.call("trtest_store_race", key.encode(), threads, ctypes.byref(winners), ctypes.byref(winner))
        return winners.value, winner.value

    # --- a lake ---

    def text(self, name, *args):
        text = ctypes.c_char_p()
        self.call(name, *args, ctypes.byref(text))
        lines = text.value.decode().splitlines()
        self.native.lib.trtest_free(text)
        return lines

    def run(self, dataset, data, parent, commit=True):
        """(run id, version) of a run with one file."""
        run_id, version = ctypes.create_string_buffer(64), ctypes.c_uint64()
        self.call("trtest_lake_run", dataset.encode(), data, ctypes.c_size_t(len(data)), ctypes.c_uint64(parent),
                  commit, run_id, ctypes.byref(version))
        return run_id.value.decode(), version.value

    def version(self, dataset):
        version = ctypes.c_uint64()
        self.call("trtest_lake_version", dataset.encode(), ctypes.byref(version))
        return version.value

    def history(self, dataset):
        return self.text("trtest_lake_history", dataset.encode())

    def datasets(self):
        return self.text("trtest_lake_datasets")

    def verify(self, dataset, version=0):
        return self.text("trtest_lake_verify", dataset.encode(), ctypes.c_uint64(version))

    def rollback(self, dataset, to):
        version = ctypes.c_uint64()
        self.call("trtest_lake_rollback", dataset.encode(), ctypes.c_uint64(to), ctypes.byref(version))
        return version.value

    def gc(self, dataset, keep_versions=0, dry_run=False):
        """(files removed, versions expired, live runs)"""
        counts = [ctypes.c_size_t() for _ in range(3)]
        self.call("trtest_lake_gc", dataset.encode(), keep_versions, dry_run, *map(ctypes.byref, counts))
        return tuple(count.value for count in counts)
