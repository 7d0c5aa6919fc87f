"""A Glue Data Catalog of our own, for what no stand-in does: paging, limits, versions, lower case.

As the service does: signatures are verified (aws_json_server.py); names are folded to lower case;
UpdateTable with a stale VersionId is a ConcurrentModificationException, and each update is a new
version; lists come in pages with a NextToken; a batch has at most 100 items
(BatchGetPartition 1000, BatchDeletePartition 25), and answers with errors per item; types, comments and partition values are checked.
GetPartitions' Expression is not evaluated: every partition is returned, which callers filter.

    fake_glue                     fixture: one of the test's own, FakeGlue
    fake_glue.page_size = 2       items in a page
    fake_glue.item_errors["2024-06-17"] = ("InternalServiceException", "later")
                                  for a partition whose first value this is, in batch calls
    fake_glue.tables[(database, name)]            what is stored: Table
    fake_glue.throttle("UpdateTable", times=3)    and the other controls of JsonService

The run's shared one, which Trino's catalog `hive_fake` reads, is `aws_fake.glue_server` (standins.py).
"""
import json
import re
import sys
import threading
import time
import zlib

from aws_json_server import JsonService, Key, ServiceError

BATCH_MAX = 100
BATCH_GET_MAX = 1000
BATCH_DELETE_MAX = 25
PAGE_MAX = {"GetTables": 100, "GetDatabases": 100, "GetPartitions": 1000, "GetTableVersions": 100}
COMMENT_MAX = 255
PARAMETER_MAX = 512000
NAME = re.compile(r"[\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\t]{1,255}")
PRIMITIVES = ("boolean tinyint smallint int bigint float double string binary date timestamp").split()


class Table:
    def __init__(self, input):
        self.version = 0
        self.versions = {}
        self.created = time.time()
        self.partitions = {}    # values -> PartitionInput
        self.statistics = {}    # (values or None) -> column -> ColumnStatistics
        self.replace(input, archive=False)

    def replace(self, input, archive):
        if archive:
            self.versions[self.version] = self.input
        self.input = input
        self.updated = time.time()


class FakeGlue(JsonService):
    service = signing_name = "glue"
    target = "AWSGlue"

    def __init__(self, keys, region="us-east-1", port=0, page_size=10):
        self.page_size = page_size
        self.databases, self.tables, self.item_errors = {}, {}, {}
        super().__init__(keys, region, port)

    # --- databases -------------------------------------------------------------------------

    def op_CreateDatabase(self, r):
        database = {**r["DatabaseInput"], "Name": folded(r["DatabaseInput"]["Name"])}
        if database["Name"] in self.databases:
            raise ServiceError("AlreadyExistsException", "Database already exists.")
        self.databases[database["Name"]] = {"CreateTime": time.time(), **database, "CatalogId": "000000000000"}
        return {}

    def op_GetDatabase(self, r):
        return {"Database": self.database(r["Name"])}

    def op_GetDatabases(self, r):
        return self.page(r, "GetDatabases", "DatabaseList", [self.databases[name] for name in sorted(self.databases)])

    def op_DeleteDatabase(self, r):
        name = self.database(r["Name"])["Name"]
        for key in [key for key in self.tables if key[0] == name]:
            del self.tables[key]
        del self.databases[name]
        return {}

    def database(self, name):
        if folded(name) not in self.databases:
            raise ServiceError("EntityNotFoundException", f"Database {folded(name)} not found.")
        return self.databases[folded(name)]

    # --- tables ----------------------------------------------------------------------------

    def op_CreateTable(self, r):
        database = self.database(r["DatabaseName"])["Name"]
        table = checked_table(r["TableInput"])
        key = (database, table["Name"])
        if key in self.tables:
            raise ServiceError("AlreadyExistsException", "Table already exists.")
        self.tables[key] = Table(table)
        return {}

    def op_GetTable(self, r):
        return {"Table": self.shown(self.table(r["DatabaseName"], r["Name"]), r)}

    def op_GetTables(self, r):
        database = self.database(r["DatabaseName"])["Name"]
        pattern = re.compile(r.get("Expression") or ".*")
        return self.page(r, "GetTables", "TableList", [
            self.shown(self.tables[key], {"DatabaseName": key[0]}) for key in sorted(self.tables)
            if key[0] == database and pattern.fullmatch(key[1])])

    def op_UpdateTable(self, r):
        input = checked_table(r["TableInput"])
        table = self.table(r["DatabaseName"], input["Name"])
        if "VersionId" in r and r["VersionId"] != str(table.version):
            raise ServiceError("ConcurrentModificationException",
                               "Update table failed due to concurrent modifications.")
        table.replace(input, archive=not r.get("SkipArchive", False))
        table.version += 1
        return {}

    def op_DeleteTable(self, r):
        self.table(r["DatabaseName"], r["Name"])
        del self.tables[folded(r["DatabaseName"]), folded(r["Name"])]
        return {}

    def op_BatchDeleteTable(self, r):
        limited("tablesToDelete", r["TablesToDelete"], BATCH_MAX)
        errors = []
        for name in r["TablesToDelete"]:
            if self.tables.pop((folded(r["DatabaseName"]), folded(name)), None) is None:
                errors.append({"TableName": name, "ErrorDetail": detail("EntityNotFoundException", "Table not found")})
        return {"Errors": errors}

    def op_GetTableVersions(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        versions = sorted([*table.versions.items(), (table.version, table.input)], reverse=True)
        return self.page(r, "GetTableVersions", "TableVersions", [
            {"VersionId": str(version), "Table": {**input, "VersionId": str(version)}} for version, input in versions])

    def table(self, database, name):
        self.database(database)
        try:
            return self.tables[folded(database), folded(name)]
        except KeyError:
            raise ServiceError("EntityNotFoundException",
                               f"Entity Not Found: table {folded(database)}.{folded(name)}") from None

    def shown(self, table, r):
        return {**table.input, "DatabaseName": folded(r["DatabaseName"]), "CreateTime": table.created,
                "UpdateTime": table.updated, "VersionId": str(table.version), "CatalogId": "000000000000",
                "CreatedBy": "arn:aws:iam::000000000000:user/fake", "IsRegisteredWithLakeFormation": False}

    # --- partitions ------------------------------------------------------------------------

    def op_CreatePartition(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        error = self.create(table, r["PartitionInput"])
        if error:
            raise ServiceError(error["ErrorCode"], error["ErrorMessage"])
        return {}

    def op_BatchCreatePartition(self, r):
        limited("partitionInputList", r["PartitionInputList"], BATCH_MAX)
        table = self.table(r["DatabaseName"], r["TableName"])
        return {"Errors": errors_of((p["Values"], self.item_error(p["Values"]) or self.create(table, p))
                                    for p in r["PartitionInputList"])}

    def create(self, table, partition):
        """Adds a partition; its error, if any."""
        values = tuple(partition["Values"])
        if len(values) != len(table.input.get("PartitionKeys", [])):
            return detail("InvalidInputException", "The number of partition keys do not match the number of "
                                                   "partition values")
        if not all(values):
            return detail("InvalidInputException", "A partition value is empty")
        if values in table.partitions:
            return detail("AlreadyExistsException", "Partition already exists.")
        table.partitions[values] = checked_partition(partition)
        return None

    def op_GetPartition(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        return {"Partition": self.shown_partition(table, self.partition(table, r["PartitionValues"]), r)}

    def op_GetPartitions(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        found = [self.shown_partition(table, table.partitions[values], r) for values in sorted(table.partitions)
                 if in_segment(values, r.get("Segment"))]
        if r.get("ExcludeColumnSchema"):
            for partition in found:
                partition["StorageDescriptor"] = {key: value for key, value in partition["StorageDescriptor"].items()
                                                  if key != "Columns"}
        return self.page(r, "GetPartitions", "Partitions", found)

    def op_BatchGetPartition(self, r):
        limited("partitionsToGet", r["PartitionsToGet"], BATCH_GET_MAX)
        table = self.table(r["DatabaseName"], r["TableName"])
        wanted = [tuple(p["Values"]) for p in r["PartitionsToGet"]]
        return {"Partitions": [self.shown_partition(table, table.partitions[values], r)
                               for values in wanted if values in table.partitions], "UnprocessedKeys": []}

    def op_UpdatePartition(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        error = self.update(table, r["PartitionValueList"], r["PartitionInput"])
        if error:
            raise ServiceError(error["ErrorCode"], error["ErrorMessage"])
        return {}

    def op_BatchUpdatePartition(self, r):
        limited("entries", r["Entries"], BATCH_MAX)
        table = self.table(r["DatabaseName"], r["TableName"])
        errors = []
        for entry in r["Entries"]:
            values = entry["PartitionValueList"]
            error = self.item_error(values) or self.update(table, values, entry["PartitionInput"])
            if error:
                errors.append({"PartitionValueList": values, "ErrorDetail": error})
        return {"Errors": errors}

    def update(self, table, values, partition):
        if tuple(values) not in table.partitions:
            return detail("EntityNotFoundException", "Partition not found.")
        del table.partitions[tuple(values)]
        table.partitions[tuple(partition["Values"])] = checked_partition(partition)
        return None

    def op_DeletePartition(self, r):
        table = self.table(r["DatabaseName"], r["TableName"])
        self.partition(table, r["PartitionValues"])
        del table.partitions[tuple(r["PartitionValues"])]
        return {}

    def op_BatchDeletePartition(self, r):
        limited("partitionsToDelete", r["PartitionsToDelete"], BATCH_DELETE_MAX)
        table = self.table(r["DatabaseName"], r["TableName"])

        def delete(values):
            if table.partitions.pop(tuple(values), None) is None:
                return detail("EntityNotFoundException", "Partition not found.")
            return None

        return {"Errors": errors_of((p["Values"], self.item_error(p["Values"]) or delete(p["Values"]))
                                    for p in r["PartitionsToDelete"])}

    def partition(self, table, values):
        try:
            return table.partitions[tuple(values)]
        except KeyError:
            raise ServiceError("EntityNotFoundException", "Cannot find partition.") from None

    def shown_partition(self, table, partition, r):
        return {**partition, "DatabaseName": folded(r["DatabaseName"]), "TableName": folded(r["TableName"]),
                "CreationTime": table.created}

    def item_error(self, values):
        error = self.item_errors.get(values[0]) if values else None
        return detail(*error) if error else None

    # --- what Trino asks besides ------------------------------------------------------------

    def op_GetUserDefinedFunctions(self, _r):
        return {"UserDefinedFunctions": []}

    def op_GetColumnStatisticsForTable(self, r):
        self.table(r["DatabaseName"], r["TableName"])
        return {"ColumnStatisticsList": [], "Errors": [
            {"ColumnName": name, "Error": detail("EntityNotFoundException", "No statistics")}
            for name in r["ColumnNames"]]}

    op_GetColumnStatisticsForPartition = op_GetColumnStatisticsForTable

    def op_UpdateColumnStatisticsForTable(self, r):
        self.table(r["DatabaseName"], r["TableName"])
        return {"Errors": []}

    op_UpdateColumnStatisticsForPartition = op_UpdateColumnStatisticsForTable

    def op_DeleteColumnStatisticsForTable(self, r):
        self.table(r["DatabaseName"], r["TableName"])
        return {}

    op_DeleteColumnStatisticsForPartition = op_DeleteColumnStatisticsForTable

    # --- pages -----------------------------------------------------------------------------

    def page(self, r, operation, member, items):
        """A page; its token says where the next begins, and belongs to this operation alone."""
        largest = PAGE_MAX[operation]
        if not 1 <= r.get("MaxResults", 1) <= largest:
            raise ServiceError("InvalidInputException", f"MaxResults must be between 1 and {largest}")
        size = min(r.get("MaxResults", largest), self.page_size)
        start = 0
        if "NextToken" in r:
            try:
                asked, start = json.loads(r["NextToken"])
            except ValueError:
                asked = None
            if asked != operation:
                raise ServiceError("InvalidInputException", "The NextToken is not valid")
        answer = {member: items[start:start + size]}
        if start + size < len(items):
            answer["NextToken"] = json.dumps([operation, start + size])
        return answer


def folded(name):
    if not NAME.fullmatch(name):
        raise ServiceError("InvalidInputException", f"'{name}' is not a valid name")
    return name.lower()


def detail(code, message):
    return {"ErrorCode": code, "ErrorMessage": message}


def errors_of(items):
    return [{"PartitionValues": list(values), "ErrorDetail": error} for values, error in items if error]


def limited(name, items, most):
    if len(items) > most:
        raise ServiceError("ValidationException", f"1 validation error detected: Value at '{name}' failed to satisfy "
                                                  f"constraint: Member must have length less than or equal to {most}")


def in_segment(values, segment):
    return segment is None or zlib.crc32(repr(values).encode()) % segment["TotalSegments"] == segment["SegmentNumber"]


def checked_columns(columns):
    seen, checked = set(), []
    for column in columns:
        name = folded(column["Name"])
        if name in seen:
            raise ServiceError("InvalidInputException", f"The column {name} is there twice")
        seen.add(name)
        rest = type_end(column.get("Type", ""), 0, column.get("Type", ""))
        if rest != len(column.get("Type", "")):
            raise bad_type(column.get("Type", ""), rest)
        comment = column.get("Comment", "")
        if len(comment.encode()) > COMMENT_MAX or (comment and not NAME.fullmatch(comment)):
            raise ServiceError("ValidationException", f"The comment of {name} is longer than {COMMENT_MAX} "
                                                      "bytes or has more than one line")
        checked.append({**column, "Name": name})
    return checked


def bad_type(text, at):
    return ServiceError("InvalidInputException", f"Error: type expected at the position {at} of '{text}'")


def type_end(text, at, whole):
    """Where the Hive type that begins at `at` ends."""
    match = re.compile(r"[a-z]+").match(text, at)
    word = match.group() if match else ""
    end = match.end() if match else at
    if word in PRIMITIVES:
        return end
    if word in ("decimal", "char", "varchar"):
        sizes = re.compile(r"\((\d+)(?:,(\d+))?\)").match(text, end)
        if word == "decimal" and sizes and sizes.group(2) and int(sizes[2]) <= int(sizes[1]) <= 38:
            return sizes.end()
        if word != "decimal" and sizes and not sizes.group(2):
            return sizes.end()
    if word in ("array", "map", "struct") and text[end:end + 1] == "<":
        end += 1
        while True:
            if word == "struct":
                field = re.compile(r"[^:<>,]+:").match(text, end)
                if not field:
                    break
                end = field.end()
            end = type_end(text, end, whole)
            if text[end:end + 1] == ">":
                return end + 1
            if text[end:end + 1] != ",":
                break
            end += 1
    raise bad_type(whole, at)


def checked_storage(storage):
    return {**storage, "Columns": checked_columns(storage.get("Columns", []))}


def checked_parameters(parameters):
    for key, value in parameters.items():
        if not 1 <= len(key) <= 255 or len(value) > PARAMETER_MAX:
            raise ServiceError("ValidationException", f"The parameter {key} is too long")
    return parameters


def checked_table(input):
    checked_parameters(input.get("Parameters", {}))
    if len(input.get("Description", "").encode()) > 2048:
        raise ServiceError("ValidationException", "The description is longer than 2048 bytes")
    storage = checked_storage(input.get("StorageDescriptor", {}))
    keys = checked_columns(input.get("PartitionKeys", []))
    both = {c["Name"] for c in storage["Columns"]} & {k["Name"] for k in keys}
    if both:
        raise ServiceError("InvalidInputException", f"{', '.join(sorted(both))}: a column and a partition key")
    if any(key["Type"] not in PRIMITIVES and "(" not in key["Type"] for key in keys):
        raise ServiceError("InvalidInputException", "A partition key must be of a primitive type")
    table = {**input, "Name": folded(input["Name"]), "StorageDescriptor": storage}
    return {**table, "PartitionKeys": keys} if "PartitionKeys" in input else table


def checked_partition(input):
    checked_parameters(input.get("Parameters", {}))
    return {**input, "StorageDescriptor": checked_storage(input.get("StorageDescriptor", {}))}


def main():
    """PORT ACCESS_KEY SECRET_KEY: serve until killed."""
    port, access_key, secret_key = sys.argv[1:]
    fake = FakeGlue({access_key: Key(secret_key)}, port=int(port))
    print(f"Glue's fake at {fake.endpoint}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
