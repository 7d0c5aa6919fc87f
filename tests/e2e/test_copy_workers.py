"""A straight copy by several workers: page ranges of one table, one snapshot."""
import pytest

from lake_reader import assert_published

ROWS = 100_000


@pytest.mark.threads
@pytest.mark.parametrize("connections", [1, 2, 3])
def test_any_number_of_workers_publishes_the_same_rows(project, db, connections):
    db.execute(f"""
        CREATE TABLE events WITH (fillfactor = 10) AS  -- many pages: a worker has 4,096 at least
        SELECT i AS id, md5(i::text) AS token, CASE WHEN i % 7 = 0 THEN NULL ELSE i / 3.0::float8 END AS level
        FROM generate_series(1, {ROWS}) i;
        DELETE FROM events WHERE id BETWEEN 1000 AND 30000;
        ANALYZE events""")
    project.config({"limits": {"connections": connections, "threads": 2},
                    "datasets": {"events": {"inputs": {"e": "public.events"}}}})
    workers = min(connections, 2)
    assert f"on {workers} connection{'s' if workers > 1 else ''}\n" in project.run("check", check=0).stdout
    project.run("run", check=0)
    version = assert_published(project.lake, "events", db, "SELECT * FROM events")
    assert version.manifest["rows"] == ROWS - 29_001
