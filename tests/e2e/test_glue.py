"""Glue's table of a dataset: created, evolved, guarded, repaired (src/lake/catalog_glue.c)."""
import threading

import pytest

from glue_lake import COUNTRY, DAY, GlueLake, version
from native import NativeError
from standins import one_of


@pytest.fixture(params=one_of("aws_fake", "aws_ministack", "aws_moto"))
def lake(request, native, tmp_path):
    """Three Glues, written by three people."""
    return GlueLake(native, tmp_path, request.getfixturevalue(request.param))


@pytest.fixture
def checked_lake(native, tmp_path, aws_ministack):
    return GlueLake(native, tmp_path, aws_ministack)


def test_database_and_table_are_made_as_athena_expects(lake):
    with lake.process(doc="all orders") as p:
        assert p.examine() == ("absent", 0, "Glue has no table yet")
        assert p.commit(version()) == 1
        assert p.heard == ""
        assert p.examine() == ("current", 1, "Glue shows version 1")
    table = lake.table()
    manifest = lake.manifest(1)
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Description"] == "all orders"
    assert table["PartitionKeys"] == []
    assert table["StorageDescriptor"]["Location"] == lake.folder_of(1)
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    assert lake.columns() == [("id", "bigint", "the number"), ("created_at", "timestamp", None)]
    parameters = table["Parameters"]
    assert parameters["EXTERNAL"] == "TRUE" and parameters["classification"] == "parquet"
    assert parameters["tailrace.run_id"] == manifest["run_id"]
    assert parameters["tailrace.snapshot_lsn"] == manifest["snapshot"]["lsn"]
    assert parameters["tailrace.snapshot_time"] == manifest["snapshot"]["time"]
    assert parameters["recordCount"] == "1"


def test_a_new_version_moves_the_table_and_its_columns(lake):
    with lake.process() as p:
        p.commit(version())
        wider = [["id", "decimal(20,0)", None], ["note", "string", "new"]]
        p.commit(version(columns=wider))
        assert p.heard == ""
        assert lake.columns() == [("id", "decimal(20,0)", None), ("note", "string", "new")]
        assert lake.table()["StorageDescriptor"]["Location"] == lake.folder_of(2)
        p.commit(version(columns=wider[:1]))
        assert lake.columns() == [("id", "decimal(20,0)", None)]
        assert lake.shown() == 3


def test_a_version_of_no_rows_points_at_an_empty_folder(lake):
    with lake.process() as p:
        p.commit(version())
        p.commit(version(files=[]))
        assert p.heard == ""
    location = lake.table()["StorageDescriptor"]["Location"]
    assert location == f"{lake.location}/orders/{lake.manifest(2)['run_id']}/"
    assert lake.parameter("recordCount") == "0"


def test_a_rollback_points_back(lake):
    with lake.process() as p:
        for _ in range(3):
            p.commit(version())
        p.rollback(1)
        assert p.heard == ""
        assert lake.shown() == 4
        assert lake.table()["StorageDescriptor"]["Location"] == lake.folder_of(1)
        assert p.holds() == {lake.manifest(1)["run_id"]}


def test_projection_moves_with_one_update(lake):
    with lake.process() as p:
        p.commit(version(keys=[COUNTRY, DAY], files=[["de", "2024-06-17"], ["at", "2024-06-18"]]))
        assert p.heard == ""
        table = lake.table()
        assert [(k["Name"], k["Type"]) for k in table["PartitionKeys"]] == [("country", "string"),
                                                                          ("created_at_day", "string")]
        parameters = table["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.country.values"] == "at,de"
        assert parameters["projection.created_at_day.values"] == "2024-06-17,2024-06-18"
        assert parameters["storage.location.template"] == \
            lake.folder_of(1) + "country=${country}/created_at_day=${created_at_day}/"
        p.commit(version(keys=[COUNTRY, DAY], files=[["fr", "2024-06-17"]]))
        parameters = lake.table()["Parameters"]
        assert parameters["projection.country.values"] == "fr"
        assert parameters["storage.location.template"].startswith(lake.folder_of(2))
        assert p.holds() == {lake.manifest(2)["run_id"]}
        p.commit(version(keys=[COUNTRY, DAY], files=[]))
        assert "projection.enabled" not in lake.table()["Parameters"]
    assert lake.partitions() == {}


def test_what_projection_cannot_carry_stops_before_the_commit(lake):
    with lake.process() as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        for value, detail in (("New York", "has the value `New York`"), (None, "is null in some rows")):
            with pytest.raises(NativeError) as e:
                p.commit(version(keys=[COUNTRY], files=[["de"], [value]]))
            assert e.value.kind == "data"
            assert detail in e.value.detail
            assert "partitions: registered" in e.value.hint
        assert lake.shown() == 1
        assert p.examine() == ("current", 1, "Glue shows version 1")
        assert not (lake.folder / "_tailrace/orders/manifests/00000000000000000002.json").exists()


def test_what_people_put_there_stays(lake):
    with lake.process() as p:
        p.commit(version())
        table = lake.table()
        table_input = {key: table[key] for key in ("Name", "TableType", "StorageDescriptor", "PartitionKeys")}
        table_input["Parameters"] = {**table["Parameters"], "team": "sales", "projection.enabled": "true"}
        table_input["Owner"], table_input["Description"] = "ann", "by ann"
        lake.aws.glue.update_table(DatabaseName=lake.aws.database, TableInput=table_input)
        p.commit(version())
    table = lake.table()
    assert table["Parameters"]["team"] == "sales"
    assert "projection.enabled" not in table["Parameters"]
    assert (table["Owner"], table["Description"]) == ("ann", "by ann")


def create_foreign(lake, **members):
    lake.aws.glue.create_database(DatabaseInput={"Name": lake.aws.database})
    lake.aws.glue.create_table(DatabaseName=lake.aws.database, TableInput={
        "Name": "orders", "TableType": "EXTERNAL_TABLE", "PartitionKeys": [{"Name": "a", "Type": "int"}],
        "StorageDescriptor": {"Columns": [{"Name": "x", "Type": "int"}], "Location": "s3://elsewhere/x/",
                              "SerdeInfo": {}},
        "Parameters": {"theirs": "1"}, **members})


def test_a_table_of_others_is_not_touched_unless_adopted(lake):
    create_foreign(lake)
    before = lake.table()
    with lake.process() as p:
        with pytest.raises(NativeError) as e:
            p.examine()
        assert e.value.kind == "user"
        assert e.value.what == f"the Glue table `{lake.aws.database}.orders` was not created by tailrace"
        assert "adopt: true" in e.value.hint
        p.commit(version())
        assert "version 1 is published, but its view is not up to date" in p.heard
        assert lake.table() == before
        assert p.holds() == set()
    with lake.process(adopt=True) as p:
        assert p.examine()[:2] == ("behind", 0)
        p.refresh()
        assert p.examine() == ("current", 1, "Glue shows version 1")
    assert lake.parameter("theirs") == "1"
    assert lake.table()["PartitionKeys"] == []
    assert lake.table()["StorageDescriptor"]["Location"] == lake.folder_of(1)


@pytest.mark.parametrize("members, what", [
    ({"Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://x/y"}}, "is a table of the format ICEBERG"),
    ({"TableType": "VIRTUAL_VIEW"}, "is not a table but a VIRTUAL_VIEW"),
])
def test_a_table_of_another_format_is_never_adopted(checked_lake, members, what):
    create_foreign(checked_lake, **members)
    before = checked_lake.table()
    with checked_lake.process(adopt=True) as p:
        with pytest.raises(NativeError) as e:
            p.examine()
        assert what in e.value.what
        p.commit(version())
        assert what in p.heard
    assert checked_lake.table() == before


def test_the_table_of_another_lake_is_not_touched_unless_adopted(checked_lake):
    with checked_lake.process() as p:
        p.commit(version())
    checked_lake.location += "/copy"
    with checked_lake.process() as p, pytest.raises(NativeError) as e:
        p.examine()
    assert "is that of `orders` in the lake" in e.value.what
    with checked_lake.process(adopt=True) as p:
        p.refresh()
    assert checked_lake.parameter("tailrace.lake") == checked_lake.location


def test_a_lake_that_was_emptied_does_not_pass_for_its_past(checked_lake):
    with checked_lake.process() as p:
        for _ in range(3):
            p.commit(version())
        for path in (checked_lake.folder / "_tailrace/orders/manifests").iterdir():
            path.unlink()
        p.commit(version())
        heard = p.heard
        assert "shows version 3, but the newest in" in heard and "()" not in heard
        assert f"is of run {checked_lake.parameter('tailrace.run_id')}, the lake's newest version of run " \
               f"{checked_lake.manifest(1)['run_id']})" in heard
        assert "set `adopt: true`" in heard and "drop the table in Glue" in heard
        assert heard.rstrip().endswith("; then the next run or rollback repairs it")
        assert p.examine() == ("past", 3, "Glue shows version 3, the newest is 1: drop the table or set "
                                          "`adopt: true`, then run")
        assert checked_lake.shown() == 3
    with checked_lake.process(adopt=True) as p:
        p.commit(version())
        assert p.heard == ""
    assert checked_lake.shown() == 2


def test_a_table_of_an_emptied_lake_that_was_dropped_is_made_again(checked_lake):
    with checked_lake.process() as p:
        for _ in range(2):
            p.commit(version())
        for path in (checked_lake.folder / "_tailrace/orders/manifests").iterdir():
            path.unlink()
        p.commit(version(), tell=False)
        assert p.examine()[0] == "past"
        checked_lake.aws.glue.delete_table(DatabaseName=checked_lake.aws.database, Name="orders")
        p.commit(version())
        assert p.heard == ""
        assert p.examine() == ("current", 2, "Glue shows version 2")


def test_a_version_of_the_same_number_of_an_emptied_lake_is_told_apart(checked_lake):
    with checked_lake.process() as p:
        p.commit(version())
        for path in (checked_lake.folder / "_tailrace/orders/manifests").iterdir():
            path.unlink()
        p.commit(version(), tell=False)
        assert p.examine() == ("past", 1, "Glue shows version 1 of another run than the lake's: run again")
        p.commit(version())
        assert p.heard == ""
        assert p.examine() == ("current", 2, "Glue shows version 2")


def test_the_next_version_repairs_what_a_crash_left(lake):
    with lake.process() as p:
        p.commit(version())
        p.commit(version(), tell=False)
        assert p.examine() == ("behind", 1, "Glue shows version 1, the newest is 2")
        assert lake.shown() == 1
        assert lake.manifest(1)["run_id"] in p.holds()
        p.commit(version())
        assert p.heard == ""
        assert lake.shown() == 3
        p.commit(version(), tell=False)
        p.refresh()
        assert lake.shown() == 4


def test_gc_spares_what_glue_points_at(lake):
    with lake.process() as p:
        p.commit(version(keys=[COUNTRY], files=[["de"]]))
        p.commit(version(keys=[COUNTRY], files=[["de"], ["at"]]), tell=False)
        p.commit(version(keys=[COUNTRY], files=[["fr"]]), tell=False)
        assert p.gc() == 2
        assert (lake.folder / lake.manifest(1)["files"][0]["path"]).exists()
        p.refresh()
        assert p.gc() == 1
        assert not (lake.folder / lake.manifest(1)["files"][0]["path"]).exists()
        assert (lake.folder / lake.manifest(3)["files"][0]["path"]).exists()


def test_a_paused_writer_cannot_move_glue_back(checked_lake, fault_proxy):
    proxy = fault_proxy({"glue": checked_lake.aws.glue_server["endpoint"]})
    with checked_lake.process() as b:
        b.commit(version())
        held = proxy.hold("glue:UpdateTable")
        # Versions 2 and 3: the first writer's update waits while the second publishes.
        with checked_lake.process(endpoint=proxy.endpoint("glue")) as a:
            writer = threading.Thread(target=lambda: a.commit(version()))
            writer.start()
            held.wait()
            b.commit(version())
            assert checked_lake.shown() == 3
            held.release()
            writer.join()
            assert a.heard == ""
        assert checked_lake.shown() == 3
        assert checked_lake.table()["StorageDescriptor"]["Location"] == checked_lake.folder_of(3)
        assert proxy.count("glue:UpdateTable") == 1


@pytest.mark.parametrize("operation", ["GetTable", "CreateDatabase", "CreateTable", "UpdateTable"])
def test_a_lost_reply_is_settled_by_reading(checked_lake, fault_proxy, operation):
    proxy = fault_proxy({"glue": checked_lake.aws.glue_server["endpoint"]})
    rule = proxy.fail("reset_after", f"glue:{operation}")
    with checked_lake.process(endpoint=proxy.endpoint("glue")) as p:
        p.commit(version())
        p.commit(version())
        assert p.heard == ""
    assert rule.fired == 1
    assert checked_lake.shown() == 2
    assert checked_lake.table()["StorageDescriptor"]["Location"] == checked_lake.folder_of(2)


@pytest.mark.slow
@pytest.mark.parametrize("registered", [False, True])
def test_two_writers_race_a_hundred_times(native, aws, registered):
    """Both start from the same parent: one wins, the other says so; at the end Glue is at the last one's."""
    what = version(keys=[COUNTRY], files=[["de"], ["at"]]) if registered else version()
    lake, rounds = GlueLake(native, None, aws), 100
    barrier = threading.Barrier(2)
    outcomes = [[], []]

    def write(outcome):
        with lake.process(registered=registered) as p:
            for parent in range(rounds):
                barrier.wait()
                try:
                    assert p.commit(what, parent=parent) == parent + 1
                    outcome.append("won")
                except NativeError as e:
                    outcome.append(e.what)
            outcome.append(p.heard)

    threads = [threading.Thread(target=write, args=(outcome,)) for outcome in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, pair in enumerate(zip(outcomes[0][:rounds], outcomes[1][:rounds], strict=True), 1):
        lost = f"version {number} was published meanwhile; nothing of this run is visible"
        assert sorted(pair) == [lost, "won"]
    assert [outcome[rounds] for outcome in outcomes] == ["", ""]
    assert lake.shown() == rounds
    assert lake.table()["StorageDescriptor"]["Location"] == lake.folder_of(rounds)
    if registered:
        assert {location for location, _ in lake.partitions().values()} == \
            {lake.folder_of(rounds) + f"country={country}/" for country in ("de", "at")}


def test_a_wrong_key_is_named_and_the_version_stays_published(checked_lake):
    with checked_lake.process(secret_key="wrong" * 8) as p:
        assert p.commit(version()) == 1
        heard = p.heard
    assert "version 1 is published, but its view is not up to date" in heard
    assert "glue:GetTable" in heard
    assert "the next run or rollback repairs it" in heard
