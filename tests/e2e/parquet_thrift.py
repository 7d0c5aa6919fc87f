"""A Parquet file's Thrift structures, read by nobody's library: dicts of field ids.

Written for the tests alone, from the compact protocol's specification, so that page
headers and page indexes, which pyarrow does not show, can be looked at.
"""
import struct


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def binary(self):
        size = self.varint()
        self.at += size
        return self.data[self.at - size:self.at]

    def list(self):
        head = self.byte()
        size = head >> 4
        if size == 15:
            size = self.varint()
        return [self.value(head & 15, element=True) for _ in range(size)]

    def value(self, kind, element=False):
        if kind in (1, 2):
            return self.byte() == 1 if element else kind == 1
        if kind == 3:
            return struct.unpack("b", bytes([self.byte()]))[0]
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            return self.binary()
        if kind == 9:
            return self.list()
        if kind == 12:
            return self.struct()
        raise AssertionError(f"type {kind}")

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.zigzag()
            assert last not in fields
            fields[last] = self.value(head & 15)


def footer(data):
    """FileMetaData of a file's bytes."""
    assert data[:4] == data[-4:] == b"PAR1"
    size = int.from_bytes(data[-8:-4], "little")
    reader = Reader(data, len(data) - 8 - size)
    found = reader.struct()
    assert reader.at == len(data) - 8
    return found


def column_index(data, chunk):
    if 6 not in chunk:
        return None
    reader = Reader(data, chunk[6])
    found = reader.struct()
    assert reader.at == chunk[6] + chunk[7]
    return found


def offset_index(data, chunk):
    reader = Reader(data, chunk[4])
    found = reader.struct()
    assert reader.at == chunk[4] + chunk[5]
    return found


def page(data, offset):
    """PageHeader at an offset, and the compressed bytes behind it."""
    reader = Reader(data, offset)
    header = reader.struct()
    return header, data[reader.at:reader.at + header[3]]
