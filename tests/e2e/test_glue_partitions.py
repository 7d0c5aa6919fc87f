"""Registered partitions: batches, pages, errors of single items, crashes in between (src/lake/glue_register.c)."""
import collections
import threading
import time

import pytest

from glue_lake import COLUMNS, COUNTRY, NUMBER, GlueLake, version
from standins import boto3_client, one_of


@pytest.fixture(params=one_of("aws_fake", "aws_ministack", "aws_moto"))
def lake(request, native, tmp_path):
    return GlueLake(native, tmp_path, request.getfixturevalue(request.param))


@pytest.fixture(params=one_of("aws_fake", "aws_moto"))
def removing_lake(request, native, tmp_path):
    """MiniStack can't remove partitions."""
    return GlueLake(native, tmp_path, request.getfixturevalue(request.param))


class OwnGlue:
    """The test's own Glue as GlueLake wants it."""
    database, location = "shop", "s3://bucket/lake"

    def __init__(self, fake):
        self.glue_server = {"endpoint": fake.endpoint, "access_key": "AKIAFAKE", "secret_key": "secret"}
        self.glue = boto3_client("glue", fake.endpoint, "AKIAFAKE", "secret")


@pytest.fixture
def strict_lake(native, tmp_path, fake_glue):
    return GlueLake(native, tmp_path, OwnGlue(fake_glue))


def countries(numbers):
    return version(keys=[COUNTRY], files=[[f"c {i}"] for i in numbers])


def test_partitions_carry_what_projection_cannot(lake):
    with lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY, NUMBER], files=[["New York", "1"], [None, "2"], ["a/b", "1"], ["a/b", "1"]]))
        assert p.heard == ""
        assert p.examine() == ("current", 1, "Glue shows version 1")
        run = lake.folder_of(1)
        names = ["id", "created_at"]
        assert lake.partitions() == {
            ("New York", "1"): (run + "country=New York/n=1/", names),
            ("__HIVE_DEFAULT_PARTITION__", "2"): (run + "country=__HIVE_DEFAULT_PARTITION__/n=2/", names),
            ("a/b", "1"): (run + "country=a%2Fb/n=1/", names)}
        assert lake.parameter("tailrace.partitions") == "registered"
        assert p.holds() == {lake.manifest(1)["run_id"]}


def test_registered_partitions_follow_versions_and_columns(removing_lake):
    lake = removing_lake
    with lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY], files=[["de"], ["at"], ["fr"]]))
        p.commit(version(keys=[COUNTRY], files=[["de"], ["it"]], columns=COLUMNS + [["note", "string", None]]))
        assert p.heard == ""
        run, names = lake.folder_of(2), ["id", "created_at", "note"]
        assert lake.partitions() == {("de",): (run + "country=de/", names), ("it",): (run + "country=it/", names)}
        assert [name for name, _, _ in lake.columns()] == names
        assert lake.parameter("tailrace.refreshing") is None
        p.rollback(1)
        assert set(lake.partitions()) == {("de",), ("at",), ("fr",)}
        assert p.holds() == {lake.manifest(1)["run_id"]}
        p.commit(version(keys=[COUNTRY], files=[]))
        assert lake.partitions() == {}


def test_partitions_are_many_batches_and_pages(removing_lake):
    lake = removing_lake
    with lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY], files=[[f"c {i}"] for i in range(250)]))
        assert len(lake.partitions()) == 250
        p.commit(version(keys=[COUNTRY], files=[[f"c {i}"] for i in range(120, 330)]))
        assert p.heard == ""
    assert lake.partitions() == {(f"c {i}",): (f"{lake.folder_of(2)}country=c {i}/", ["id", "created_at"])
                                 for i in range(120, 330)}


def test_partitioned_otherwise_means_registered_anew(removing_lake):
    lake = removing_lake
    with lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        p.commit(version(keys=[COUNTRY, NUMBER], files=[["de", "1"], ["at", "2"]]))
        assert p.heard == ""
        assert set(lake.partitions()) == {("de", "1"), ("at", "2")}
        assert [k["Name"] for k in lake.table()["PartitionKeys"]] == ["country", "n"]
    # From registered to projected, to none, and back.
    with lake.process() as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        assert p.heard == ""
        assert lake.partitions() == {}
        assert lake.parameter("projection.enabled") == "true"
        p.commit(version())
        assert lake.table()["PartitionKeys"] == []
    with lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        assert p.heard == ""
        assert set(lake.partitions()) == {("de",)}
        assert lake.parameter("projection.enabled") is None


def test_partitions_left_half_changed_are_repaired(strict_lake, fault_proxy):
    lake = strict_lake
    proxy = fault_proxy({"glue": lake.aws.glue_server["endpoint"]})
    files = [[f"c {i}"] for i in range(150)]
    with lake.process(registered=True, endpoint=proxy.endpoint("glue")) as p:
        p.commit(version(keys=[COUNTRY], files=files))
        proxy.fail("reset_before", "glue:BatchUpdatePartition", nth=2, times=None)
        p.commit(version(keys=[COUNTRY], files=files))
        assert "version 2 is published, but its view is not up to date" in p.heard
        state, shown, line = p.examine()
        assert (state, shown) == ("refreshing", 1)
        assert "being changed to version 2" in line
        # Half of them point at each version: gc must spare both.
        assert p.holds() == {lake.manifest(n)["run_id"] for n in (1, 2)}
        proxy.clear()
        p.refresh()
        assert p.examine() == ("current", 2, "Glue shows version 2")
    assert {location for location, _ in lake.partitions().values()} == \
        {f"{lake.folder_of(2)}country={values[0]}/" for values in files}


def test_batches_are_as_large_as_glue_takes(strict_lake, fake_glue):
    fake_glue.page_size = 7
    with strict_lake.process(registered=True) as p:
        p.commit(countries(range(101)))
        p.commit(countries(range(60, 130)))
        assert p.heard == ""
    sizes = collections.defaultdict(list)
    for operation, request in fake_glue.calls:
        for member in ("PartitionInputList", "Entries", "PartitionsToDelete"):
            if member in request:
                sizes[operation].append(len(request[member]))
    assert sizes == {"BatchCreatePartition": [100, 1, 29], "BatchUpdatePartition": [41],
                     "BatchDeletePartition": [25, 25, 10]}


@pytest.mark.parametrize("code", ["InternalServiceException", "AlreadyExistsException"])
def test_items_that_fail_for_now_are_tried_again(strict_lake, fake_glue, code):
    """The error goes away once two batches have met it."""
    fake_glue.item_errors["c 3"] = (code, "later")

    def heal():
        while sum("PartitionInputList" in request for _, request in list(fake_glue.calls)) < 2:
            time.sleep(0.01)
        del fake_glue.item_errors["c 3"]

    healer = threading.Thread(target=heal)
    healer.start()
    with strict_lake.process(registered=True) as p:
        p.commit(countries(range(5)))
        assert p.heard == ""
    healer.join()
    assert len(strict_lake.partitions()) == 5
    # Only what failed is sent again.
    assert [len(r["PartitionInputList"]) for _, r in fake_glue.calls if "PartitionInputList" in r][:2] == [5, 1]


def test_an_item_that_keeps_failing_is_named(strict_lake, fake_glue):
    fake_glue.item_errors["c 3"] = ("ResourceNumberLimitExceededException", "too many partitions")
    with strict_lake.process(registered=True) as p:
        p.commit(countries(range(5)))
        heard = p.heard
        assert "version 1 is published, but its view is not up to date" in heard
        assert "glue:BatchCreatePartition failed for partition [\"c 3\"] of `orders`" in heard
        assert "ResourceNumberLimitExceededException" in heard and "too many partitions" in heard
        assert p.examine()[0] == "refreshing"
        fake_glue.item_errors.clear()
        p.refresh()
        assert p.examine() == ("current", 1, "Glue shows version 1")


def test_items_that_fail_for_now_for_ever_end_as_transient(strict_lake, fake_glue):
    fake_glue.item_errors["c 3"] = ("OperationTimeoutException", "slow today")
    with strict_lake.process(registered=True) as p:
        p.commit(countries(range(5)))
        assert "could not be brought up to date" in p.heard
        assert p.examine()[0] == "refreshing"


def test_throttled_calls_are_sent_again(strict_lake, fake_glue):
    for operation in ("GetTable", "CreateTable", "UpdateTable", "GetPartitions", "BatchCreatePartition"):
        fake_glue.throttle(operation, times=1)
    with strict_lake.process(registered=True) as p:
        p.commit(countries(range(5)))
        assert p.heard == ""
    assert len(strict_lake.partitions()) == 5


def test_a_writer_paused_between_batches_cannot_move_partitions_back(strict_lake, fault_proxy, fake_glue):
    proxy = fault_proxy({"glue": fake_glue.endpoint})
    with strict_lake.process(registered=True) as b:
        b.commit(countries(range(150)))
        held = proxy.hold("glue:BatchUpdatePartition", nth=2)
        with strict_lake.process(registered=True, endpoint=proxy.endpoint("glue")) as a:
            writer = threading.Thread(target=lambda: a.commit(countries(range(150))))
            writer.start()
            held.wait()
            # Version 3 is told whole, while version 2 has a batch in flight.
            b.commit(countries(range(150)))
            assert b.heard == ""
            held.release()
            writer.join()
            assert a.heard == ""
        assert b.examine() == ("current", 3, "Glue shows version 3")
    assert {location.split("country=")[0] for location, _ in strict_lake.partitions().values()} == \
        {strict_lake.folder_of(3)}
    assert strict_lake.parameter("tailrace.refreshing") is None


def test_a_table_that_is_dropped_meanwhile_is_made_again(strict_lake, fault_proxy, fake_glue):
    proxy = fault_proxy({"glue": fake_glue.endpoint})
    held = proxy.hold("glue:BatchCreatePartition")
    with strict_lake.process(registered=True, endpoint=proxy.endpoint("glue")) as p:
        writer = threading.Thread(target=lambda: p.commit(countries(range(5))))
        writer.start()
        held.wait()
        strict_lake.aws.glue.delete_table(DatabaseName="shop", Name="orders")
        held.release()
        writer.join()
        assert p.heard == ""
        assert p.examine() == ("current", 1, "Glue shows version 1")
    assert len(strict_lake.partitions()) == 5


def test_columns_of_partitions_follow_even_where_their_files_stay(strict_lake):
    """A rollback's files are of an older run: its partitions get the older columns again."""
    with strict_lake.process(registered=True) as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        p.commit(version(keys=[COUNTRY], files=[["de"]], columns=[["id", "decimal(20,0)", None]]))
        p.rollback(1)
        assert p.heard == ""
    assert strict_lake.partitions() == {("de",): (strict_lake.folder_of(1) + "country=de/", ["id", "created_at"])}


def test_a_lake_that_was_emptied_is_shown_anew_where_adopted(strict_lake):
    with strict_lake.process(registered=True) as p:
        for _ in range(3):
            p.commit(countries(range(3)))
        for path in (strict_lake.folder / "_tailrace/orders/manifests").iterdir():
            path.unlink()
        p.commit(countries(range(2)))
        assert "shows version 3, but the newest in" in p.heard
    with strict_lake.process(registered=True, adopt=True) as p:
        p.refresh()
        assert p.examine() == ("current", 1, "Glue shows version 1")
    assert set(strict_lake.partitions()) == {("c 0",), ("c 1",)}
