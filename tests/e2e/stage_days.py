"""stage_days.py LAKE ROWS DAYS MEMORY: stage orders in random order by day; prints the number
of files, of rows, and the bytes by which staging raised the process's peak memory."""
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

import native as native_library
from staging import stage

BATCH = 65_536
DAY_US = 86_400_000_000


def random_whole(n, below, seed):
    return pc.cast(pc.floor(pc.multiply(pc.random(n, initializer=seed), below)), pa.int64())


def batches(schema, rows, days):
    for start in range(0, rows, BATCH):
        n = min(BATCH, rows - start)
        seconds = random_whole(n, days * 86_400, start + 1)
        created = pc.add(pc.multiply(seconds, 1_000_000), 19_358 * DAY_US)
        yield pa.record_batch([
            pa.array(range(start, start + n), pa.int64()),
            random_whole(n, 100_000, start + 2),
            pc.divide(pc.cast(random_whole(n, 100_000, start + 3), pa.float64()), 100),
            created.cast(pa.timestamp("us")),
        ], schema=schema)


def peak():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


def main():
    lake, rows, days, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    library = native_library.load()
    schema = pa.schema([("order_id", pa.int64()), ("user_id", pa.int64()), ("amount", pa.float64()),
                        ("created_at", pa.timestamp("us"))])
    for _ in batches(schema, BATCH * 2, days):
        pass  # what making batches takes is not the stage's
    before = peak()
    reader = pa.RecordBatchReader.from_batches(schema, batches(schema, rows, days))
    staged = stage(library, lake, [reader], "day(created_at)", memory)
    print(len(staged.files), sum(file.rows for file in staged.files), peak() - before)


main()
