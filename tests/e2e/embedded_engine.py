"""The embedded engine, driven through the test library: inputs are pyarrow tables."""
import ctypes
import threading
from contextlib import contextmanager

import pyarrow as pa

from native import KINDS, ArrowArrayStream, NativeError

TEXT_SIZE = 65536
OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.c_size_t, ctypes.c_void_p,
                        ctypes.c_void_p, ctypes.c_size_t)


def texts(values):
    return (ctypes.c_char_p * max(len(values), 1))(*[v if v is None else v.encode() for v in values])


class Input:
    """A table (or a function of the columns' names that gives batches) under an alias.
    `opened` lists the columns that each scan asked for."""

    def __init__(self, schema, batches, fail=None):
        self.schema, self.batches, self.fail = schema, batches, fail
        self.opened, self.lock = [], threading.Lock()
        self.callback = OPEN(self.open)

    def open(self, columns, n, out, text, size):
        names = [self.schema.names[columns[i]] for i in range(n)]
        with self.lock:
            self.opened.append(names)
        if self.fail:
            message = self.fail.encode()[:size - 1] + b"\0"
            ctypes.memmove(text, message, len(message))
            return 1
        picked = pa.schema([self.schema.field(name) for name in names])
        pa.RecordBatchReader.from_batches(picked, self.batches(names))._export_to_c(out)
        return 0


class Engine:
    def __init__(self, native, folder, memory=256 << 20, threads=2, allowed=None, keep_order=True):
        self.native, self.inputs = native, {}
        temp = folder / "spill"
        self.handle = ctypes.c_void_p()
        native.call("trtest_engine_open", ctypes.c_size_t(memory), threads, str(temp).encode(),
                    str(allowed).encode() if allowed else None, keep_order, ctypes.byref(self.handle))

    def close(self):
        self.native.lib.trtest_engine_close(self.handle)

    def interrupt(self):
        self.native.lib.trtest_engine_interrupt(self.handle)

    def call(self, name, *args):
        """As native.call, and the error tells its place too."""
        lib = self.native.lib
        function = getattr(lib, name)
        function.restype = ctypes.c_bool
        err = ctypes.c_void_p(lib.trtest_err_new())
        try:
            if function(*args, err):
                return
            place = ctypes.create_string_buffer(2048)
            lib.trtest_engine_place(err, place, ctypes.c_size_t(len(place)))
            what, detail, hint = [getattr(lib, f"trtest_err_{part}")(err).decode()
                                  for part in ("what", "detail", "hint")]
            error = NativeError(KINDS[lib.trtest_err_kind(err)], what, detail, hint)
            error.place = place.value.decode()
            raise error
        finally:
            lib.trtest_err_free(err)

    def add(self, name, table, rows=None, fail=None, batch_rows=1000):
        def batches(names):
            if names:
                return table.select(names).to_batches(max_chunksize=batch_rows)
            return [batch.select([]) for batch in table.to_batches(max_chunksize=batch_rows)]
        return self.add_input(name, table.schema, batches, table.num_rows if rows is None else rows, fail)

    def add_input(self, name, schema, batches, rows=-1, fail=None):
        item = self.inputs[name] = Input(schema, batches, fail)
        arrow = (ctypes.c_char * 256)()
        schema._export_to_c(ctypes.addressof(arrow))
        self.call("trtest_engine_add", self.handle, name.encode(), arrow, ctypes.c_int64(rows), item.callback)
        return item

    def load(self, name, columns):
        indices = [self.inputs[name].schema.names.index(c) for c in columns]
        self.call("trtest_engine_load", self.handle, name.encode(), (ctypes.c_int * max(len(indices), 1))(*indices),
                  ctypes.c_size_t(len(indices)))

    def add_files(self, name, schema, paths, values=(), n_partition_columns=0):
        arrow = (ctypes.c_char * 256)()
        schema._export_to_c(ctypes.addressof(arrow))
        self.call("trtest_engine_files", self.handle, name.encode(), arrow, ctypes.c_size_t(n_partition_columns),
                  texts([str(p) for p in paths]), ctypes.c_size_t(len(paths)), texts(list(values)))

    @staticmethod
    def params(params):
        params = params or {}
        return (texts(list(params) + [t for t, _ in params.values()] + [v for _, v in params.values()]),
                ctypes.c_size_t(len(params)))

    def prepare(self, sql, params=None, file=None):
        """(columns as (name, type, engine type), scans as (input, column names))"""
        text = ctypes.create_string_buffer(TEXT_SIZE)
        self.call("trtest_engine_prepare", self.handle, sql.encode(), file.encode() if file else None,
                  *self.params(params), text, ctypes.c_size_t(TEXT_SIZE))
        columns, scans = [], []
        for line in text.value.decode().splitlines():
            what, *fields = line.split("\t")
            if what == "column":
                columns.append(tuple(fields))
            else:
                names = self.inputs[fields[0]].schema.names
                scans.append((fields[0], sorted(names[int(i)] for i in fields[1:])))
        return columns, sorted(scans)

    def reader(self, sql, params=None):
        stream = ArrowArrayStream()
        self.call("trtest_engine_run", self.handle, sql.encode(), *self.params(params), ctypes.byref(stream))
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))

    def table(self, sql, params=None):
        return self.reader(sql, params).read_all()

    def value(self, sql, params=None):
        return self.table(sql, params).column(0)[0].as_py()

    @contextmanager
    def stream(self, sql, params=None):
        """The stream itself: pull() gives the rows of a batch, None at its end."""
        stream = ArrowArrayStream()
        self.call("trtest_engine_run", self.handle, sql.encode(), *self.params(params), ctypes.byref(stream))

        def pull():
            rows = ctypes.c_int64()
            self.call("trtest_engine_pull", ctypes.byref(stream), ctypes.byref(rows))
            return None if rows.value < 0 else rows.value
        try:
            yield pull
        finally:
            self.native.lib.trtest_engine_release(ctypes.byref(stream))

    def failure(self, sql, params=None):
        """The error that running the statement to its end raises."""
        try:
            with self.stream(sql, params) as pull:
                while pull() is not None:
                    pass
        except NativeError as error:
            return error
        raise AssertionError(f"no error: {sql}")
