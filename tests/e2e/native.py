"""The test library: tailrace's layers as one shared object, called through ctypes.

Streams of batches cross by the Arrow C stream interface, without a copy:

    stream = native.new_stream()                 # a struct ArrowArrayStream to be filled
    lib.trtest_something(stream.address, ...)
    reader = stream.reader()                     # a pyarrow RecordBatchReader, owns it now

    with native.exported(table.to_reader()) as address:  # the other way
        lib.trtest_takes(address)
"""
import ctypes
import os
from contextlib import contextmanager

import pyarrow as pa

from project import BUILD

LIBRARY = os.environ.get("TRTEST", BUILD / "tests" / "native" / "libtrtest.so")
# A sanitized library's runtime: the environment of any process that loads it (scripts/test).
RUNTIME = {name: os.environ.get(name, "") for name in ("LD_PRELOAD", "ASAN_OPTIONS")
           if "libasan" in os.environ.get("LD_PRELOAD", "")}
KINDS = ["none", "user", "transient", "data", "internal", "cancelled"]


class NativeError(Exception):
    """A struct tr_err; the fields as in include/tailrace/err.h."""

    def __init__(self, kind, what, detail, hint):
        super().__init__(what)
        self.kind, self.what, self.detail, self.hint = kind, what, detail, hint


class ArrowArrayStream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in
                ("get_schema", "get_next", "get_last_error", "release", "private_data")]


class Stream:
    def __init__(self):
        self.struct = ArrowArrayStream()

    @property
    def address(self):
        return ctypes.addressof(self.struct)

    def reader(self):
        return pa.RecordBatchReader._import_from_c(self.address)


def new_stream():
    return Stream()


@contextmanager
def exported(reader):
    """A pyarrow reader as a stream; whoever takes it over releases it, else we do."""
    stream = Stream()
    reader._export_to_c(stream.address)
    try:
        yield stream.address
    finally:
        if stream.struct.release:
            ctypes.CFUNCTYPE(None, ctypes.c_void_p)(stream.struct.release)(stream.address)


class Native:
    """Functions of the library by name. `call` adds the struct tr_err as the last argument,
    and raises NativeError where the function answers false."""

    def __init__(self, path):
        self.lib = ctypes.CDLL(str(path))
        self.lib.trtest_err_new.restype = ctypes.c_void_p
        for name in ("what", "detail", "hint"):
            function = getattr(self.lib, f"trtest_err_{name}")
            function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
        self.lib.trtest_err_kind.argtypes = [ctypes.c_void_p]
        self.lib.trtest_err_free.argtypes = [ctypes.c_void_p]

    def call(self, name, *args):
        function = getattr(self.lib, name)
        function.restype = ctypes.c_bool
        err = self.lib.trtest_err_new()
        try:
            if function(*args, ctypes.c_void_p(err)):
                return
            texts = [getattr(self.lib, f"trtest_err_{part}")(err).decode() for part in ("what", "detail", "hint")]
            raise NativeError(KINDS[self.lib.trtest_err_kind(err)], *texts)
        finally:
            self.lib.trtest_err_free(err)


def load():
    return Native(LIBRARY)
