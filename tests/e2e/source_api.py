"""Layer source through the test library: sessions, relations, scans."""
import ctypes
import json

import native as native_library

PLACE = 4096


class SourceError(Exception):
    """A NativeError with the error's place."""

    def __init__(self, error, place):
        super().__init__(error.what)
        self.kind, self.what, self.detail, self.hint = error.kind, error.what, error.detail, error.hint
        self.place = place


class Source:
    """A session on one snapshot."""

    def __init__(self, native, url, connections=1, row_security=False, statement_timeout_ms=0, rate=0):
        self.native, self.lib = native, native.lib
        self.lib.trtest_source_free_text.argtypes = [ctypes.c_void_p]
        self.lib.trtest_source_rows.restype = self.lib.trtest_source_bytes.restype = ctypes.c_uint64
        self.relations = []
        self.handle = ctypes.c_void_p()
        native.call("trtest_source_open", url.encode(), connections, row_security,
                    ctypes.c_int64(statement_timeout_ms), ctypes.c_int64(rate), ctypes.byref(self.handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for relation in self.relations:
            self.lib.trtest_source_relation_free(relation.handle)
        self.lib.trtest_source_close(self.handle)

    def text(self, function, subject):
        out = ctypes.c_void_p()
        self.native.call(function, subject, ctypes.byref(out))
        value = json.loads(ctypes.string_at(out))
        self.lib.trtest_source_free_text(out)
        return value

    def snapshot(self):
        return self.text("trtest_source_snapshot", self.handle)

    def list(self):
        return self.text("trtest_source_list", self.handle)

    def cancel(self):
        self.lib.trtest_source_cancel(self.handle)

    def progress(self):
        return self.lib.trtest_source_rows(self.handle), self.lib.trtest_source_bytes(self.handle)

    def relation(self, name):
        handle = ctypes.c_void_p()
        self.native.call("trtest_source_relation", self.handle, name.encode(), ctypes.byref(handle))
        relation = Relation(handle, self.text("trtest_source_describe", handle))
        self.relations.append(relation)
        return relation

    def scan(self, relation, columns=None, where=None, pages=None, special_to_null=False):
        """A stream (native.Stream) of the named columns; none given: all."""
        if isinstance(relation, str):
            relation = self.relation(relation)
        names = relation.names if columns is None else columns
        indices = (ctypes.c_int * len(names))(*[relation.names.index(name) for name in names])
        first, end = pages or (0, -1)
        stream = native_library.new_stream()
        self.native.call("trtest_source_scan", self.handle, relation.handle, indices, len(names),
                         None if where is None else where.encode(), ctypes.c_int64(first), ctypes.c_int64(end),
                         special_to_null, ctypes.c_void_p(stream.address))
        return stream

    def read(self, relation, columns=None, **options):
        return self.scan(relation, columns, **options).reader().read_all()

    def drain(self, relation, columns=None, **options):
        """Read to the end; the number of rows, or SourceError."""
        stream = self.scan(relation, columns, **options)
        rows, place = ctypes.c_int64(), ctypes.create_string_buffer(PLACE)
        try:
            self.native.call("trtest_source_drain", ctypes.c_void_p(stream.address), ctypes.byref(rows), place,
                             ctypes.c_size_t(PLACE))
        except native_library.NativeError as error:
            raise SourceError(error, json.loads(place.value)) from None
        return rows.value


class Relation:
    def __init__(self, handle, described):
        self.handle = handle
        self.described = described
        self.columns = {c["name"]: c for c in described["columns"]}
        self.names = [c["name"] for c in described["columns"]]
