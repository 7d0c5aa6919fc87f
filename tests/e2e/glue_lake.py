"""A lake whose Glue tables are looked at: versions through the test library, tables through boto3.

    lake = GlueLake(native, tmp_path, aws)
    with lake.process() as p:                 # as one tailrace process
        p.commit(version(files=[["de"]], keys=[COUNTRY]))
    lake.table()["StorageDescriptor"]["Location"]

The files lie in a folder, and their text is an `x`: only the catalog is looked at here. What
engines read through it is in test_glue_projection.py.
"""
import contextlib
import ctypes
import json

COUNTRY = ["country", "country", "string", "identity"]
NUMBER = ["n", "n", "int", "identity"]
DAY = ["created_at_day", "created_at", "string", "day"]
COLUMNS = [["id", "bigint", "the number"], ["created_at", "timestamp", None]]
STATES = ["absent", "current", "behind", "refreshing", "past"]


def version(files=((),), keys=(), columns=COLUMNS):
    """What commit takes; a file is the list of its partition's values."""
    return {"columns": columns, "keys": list(keys), "files": [list(f) for f in files]}


def text(value):
    return value.encode() if value is not None else None


class Process:
    """One handle of the library: a process of its own, as far as lake and Glue can tell."""

    def __init__(self, lake, endpoint, registered, adopt, doc, secret_key, dataset):
        self.native, self.lake = lake.native, lake
        self.handle = ctypes.c_void_p()
        server = lake.aws.glue_server
        self.native.call("trtest_glue_open", text(lake.folder and str(lake.folder)), text(lake.location),
                         text(endpoint or server["endpoint"]),
                         text(None if lake.folder else lake.aws.s3_server["endpoint"]), text(server["access_key"]),
                         text(secret_key or server["secret_key"]), text(lake.aws.database), text(dataset), text(doc),
                         int(registered), int(adopt), ctypes.byref(self.handle))

    def commit(self, what, parent=-1, tell=True):
        """The version's number; tell=False: the process dies between the commit and Glue."""
        number = ctypes.c_uint64()
        self.native.call("trtest_glue_commit", self.handle, text(json.dumps(what)), ctypes.c_int64(parent), int(tell),
                         ctypes.byref(number))
        return number.value

    def refresh(self):
        self.native.call("trtest_glue_refresh", self.handle)

    def rollback(self, number):
        self.native.call("trtest_glue_rollback", self.handle, ctypes.c_uint64(number))

    def examine(self):
        """(state, the version that Glue shows, the line for people)"""
        state, shown, line = ctypes.c_int(), ctypes.c_uint64(), ctypes.create_string_buffer(160)
        self.native.call("trtest_glue_examine", self.handle, ctypes.byref(state), ctypes.byref(shown), line)
        return STATES[state.value], shown.value, line.value.decode()

    def holds(self):
        runs = ctypes.create_string_buffer(65536)
        self.native.call("trtest_glue_holds", self.handle, runs, ctypes.c_size_t(65536))
        return set(runs.value.decode().split())

    def gc(self):
        """The number of files that went; all may go but what the newest version and Glue need."""
        removed = ctypes.c_uint64()
        self.native.call("trtest_glue_gc", self.handle, ctypes.byref(removed))
        return removed.value

    @property
    def heard(self):
        """Warnings since the last look."""
        function = self.native.lib.trtest_glue_heard
        function.restype = ctypes.c_char_p
        return function(self.handle).decode()

    def close(self):
        self.native.lib.trtest_glue_close(self.handle)


class GlueLake:
    """folder None: the files are in S3."""

    def __init__(self, native, folder, aws):
        self.native, self.folder, self.aws = native, folder, aws
        self.location = aws.location

    @contextlib.contextmanager
    def process(self, endpoint=None, registered=False, adopt=False, doc=None, secret_key=None, dataset="orders"):
        p = Process(self, endpoint, registered, adopt, doc, secret_key, dataset)
        try:
            yield p
        finally:
            p.close()

    def table(self, name="orders"):
        return self.aws.glue.get_table(DatabaseName=self.aws.database, Name=name)["Table"]

    def parameter(self, name):
        return self.table()["Parameters"].get(name)

    def shown(self):
        return int(self.parameter("tailrace.version"))

    def columns(self):
        return [(c["Name"], c["Type"], c.get("Comment")) for c in self.table()["StorageDescriptor"]["Columns"]]

    def manifest(self, number):
        path = f"_tailrace/orders/manifests/{number:020d}.json"
        return json.loads((self.folder / path).read_text() if self.folder else self.aws.read(f"{self.aws.prefix}/{path}"))

    def folder_of(self, number):
        """The folder of the version's files, as Glue names it."""
        path = self.manifest(number)["files"][0]["path"]
        return f"{self.location}/orders/{path.split('/')[1]}/"

    def partitions(self):
        """values -> (location, column names) of the registered partitions"""
        pages = self.aws.glue.get_paginator("get_partitions").paginate(DatabaseName=self.aws.database,
                                                                       TableName="orders")
        return {tuple(p["Values"]): (p["StorageDescriptor"]["Location"],
                                     [c["Name"] for c in p["StorageDescriptor"]["Columns"]])
                for page in pages for p in page["Partitions"]}
