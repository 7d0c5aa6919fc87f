"""Athena's API as its documentation says, over the lake's files: no stand-in does more than simple SELECTs.

Signatures and members are checked by aws_json_server.py. A statement runs in DuckDB when it is started; what
tables there are comes from Glue and S3 (an Aws of standins.py), or from `tables`. As Athena:

- StartQueryExecution: the same ClientRequestToken is the same statement, with other parameters an error; workgroups
  that do not exist, are disabled, enforce their settings, manage results or limit what is scanned; no output location
- states: QUEUED, RUNNING with some bytes scanned, then SUCCEEDED or FAILED, one a poll; StopQueryExecution
- GetQueryResults: at most 1000 rows a page, the header is the first row, a null has no VarCharValue, values as text
- errors with `line 1:8: ...`; results of the same statement are reused where that is asked for
- UNLOAD: Parquet files under a prefix that must be empty, at most 100 partitions

    fake_athena                            fixture: one of the test's own over `aws`
    fake_athena.env                        aws.env with this Athena
    fake_athena.tables["orders"] = "SELECT * FROM read_parquet('...')"
    fake_athena.workgroups["small"] = {"cutoff": 10_000_000}
    fake_athena.hold = True                statements stay RUNNING until they are stopped
    fake_athena.lose("StartQueryExecution")    do it, and close the connection without an answer
    fake_athena.withhold("StartQueryExecution")    do it, and do not answer as long as the fake lives
"""
import datetime
import decimal
import re
import struct
import tempfile
import threading
import uuid
from pathlib import Path
from urllib.parse import unquote

import duckdb

from aws_json_server import JsonService, Key, ServiceError

PAGE_MAX = 1000
PARTITIONS_MAX = 100
STATEMENT_MAX = 262144
IDENTIFIER = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_][A-Za-z0-9_]*)')
UNLOAD = re.compile(r"\s*UNLOAD\s*\((.*)\)\s*TO\s*'s3://([^/']+)/([^']*)'\s*WITH\s*\((.*)\)\s*$", re.S | re.I)
GLUE_TYPES = {"string": "VARCHAR", "int": "INTEGER", "binary": "BLOB", "float": "FLOAT"}
# DuckDB's name -> Athena's, precision
TYPES = {"BOOLEAN": ("boolean", 0), "TINYINT": ("tinyint", 3), "SMALLINT": ("smallint", 5), "INTEGER": ("integer", 10),
         "BIGINT": ("bigint", 19), "HUGEINT": ("bigint", 19), "FLOAT": ("float", 17), "DOUBLE": ("double", 17),
         "VARCHAR": ("varchar", 2147483647), "BLOB": ("varbinary", 1073741824), "DATE": ("date", 0),
         "TIME": ("time", 3), "TIMESTAMP": ("timestamp", 3), "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3),
         "UUID": ("varchar", 2147483647), '"NULL"': ("unknown", 0)}


class LostReply(Exception):
    """The connection is to be closed without an answer."""


class Failed(Exception):
    """The statement fails: StateChangeReason, ErrorCategory (1 Athena's, 2 the user's)."""

    def __init__(self, reason, category=2):
        super().__init__(reason)
        self.category = category


# --- values as Athena writes them ---------------------------------------------------------------

def floating(value, single):
    """As Java's Double.toString and Float.toString."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return repr(value)
    for digits in range(1, 18):
        text = f"{value:.{digits - 1}e}"
        back = float(text)
        if back == value or (single and struct.pack("f", back) == struct.pack("f", value)):
            break
    mantissa, exponent = text.split("e")
    exponent = int(exponent)
    if -3 <= exponent < 7:
        plain = format(decimal.Decimal(text), "f")
        return plain if "." in plain else plain + ".0"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{exponent}"


def milliseconds(moment):
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def as_text(value, type):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return floating(value, type == "float")
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if isinstance(value, datetime.datetime):
        zone = " UTC" if value.tzinfo else ""
        value = value.astimezone(datetime.timezone.utc) if value.tzinfo else value
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d} {milliseconds(value)}{zone}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return milliseconds(value)
    if isinstance(value, list):
        return "[" + ", ".join(str(as_text(item, "")) if item is not None else "null" for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={as_text(v, '') if v is not None else 'null'}" for k, v in value.items()) + "}"
    return str(value)


def column_info(name, type):
    scale = 0
    if type.startswith("DECIMAL"):
        precision, scale = map(int, re.findall(r"\d+", type))
        athena = "decimal"
    elif type.endswith("]"):
        athena, precision = "array", 0
    elif type.startswith("STRUCT"):
        athena, precision = "row", 0
    elif type.startswith("MAP"):
        athena, precision = "map", 0
    else:
        athena, precision = TYPES[type]
    return {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": athena,
            "Precision": precision, "Scale": scale, "Nullable": "UNKNOWN", "CaseSensitive": athena == "varchar"}


# --- tables -------------------------------------------------------------------------------------

class Tables:
    """The Glue tables of a database that a statement names, as views of a DuckDB connection."""

    def __init__(self, fake, database, folder):
        self.fake, self.database, self.folder = fake, database, folder
        self.bytes = 0

    def define(self, connection, sql):
        names = {(quoted or plain).lower() for quoted, plain in IDENTIFIER.findall(sql)}
        for name in sorted(names):
            relation = self.fake.tables.get(name) or self.glue(name)
            if relation:
                connection.execute(f'CREATE VIEW "{name}" AS {relation}')

    def glue(self, name):
        if not self.fake.aws or not self.database:
            return None
        glue = self.fake.aws.glue
        try:
            table = glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            return None
        keys = table.get("PartitionKeys", [])
        columns = table["StorageDescriptor"]["Columns"]
        parts = [self.part(columns, keys, values, files) for values, files in self.files(table, keys) if files]
        return "\nUNION ALL ".join(parts) or self.part(columns, keys, [None] * len(keys), [])

    def files(self, table, keys):
        """(partition values, local files) of each partition."""
        parameters, location = table.get("Parameters", {}), table["StorageDescriptor"]["Location"]
        if keys and parameters.get("projection.enabled") != "true":
            pages = self.fake.aws.glue.get_paginator("get_partitions").paginate(
                DatabaseName=self.database, TableName=table["Name"])
            for page in pages:
                for p in page["Partitions"]:
                    yield p["Values"], self.download(p["StorageDescriptor"]["Location"])
        elif keys:
            found = {}
            root = parameters["storage.location.template"].split("${")[0].rpartition("/")[0] + "/"
            for file in self.download(root):
                values = tuple(re.search(rf"/{re.escape(k['Name'])}=([^/]*)/", str(file))[1] for k in keys)
                found.setdefault(tuple(unquote(v) for v in values), []).append(file)
            yield from found.items()
        else:
            yield [], self.download(location)

    def download(self, location):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        files = []
        for page in self.fake.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                if item["Key"].rpartition("/")[2][:1] in ("_", "."):
                    continue
                file = self.folder / item["Key"]
                if not file.exists():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(self.fake.aws.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
                    self.bytes += item["Size"]
                files.append(file)
        return files

    @staticmethod
    def part(columns, keys, values, files):
        def cast(value, column):
            return f'CAST({value} AS {GLUE_TYPES.get(column["Type"], column["Type"])}) AS "{column["Name"]}"'

        def literal(value):
            return "NULL" if value is None else "'" + value.replace("'", "''") + "'"

        items = [cast(f'"{c["Name"]}"' if files else "NULL", c) for c in columns]
        items += [cast(literal(v), k) for k, v in zip(keys, values)]
        source = f"read_parquet({[str(f) for f in files]}, hive_partitioning=false)" if files else \
            "(SELECT 1) WHERE false"
        return f"SELECT {', '.join(items)} FROM {source}"


# --- statements ---------------------------------------------------------------------------------

def position(message):
    """`line 1:8: ` of a DuckDB error, which points with a caret."""
    found = re.search(r"^LINE (\d+): (.*)\n( *)\^", message, re.M)
    if not found:
        return ""
    # DuckDB shortens long lines in front: such statements are not for these tests.
    return f"line {found[1]}:{len(found[3]) - len(f'LINE {found[1]}: ') + 1}: "


def athena_error(error, database):
    message = str(error)
    at = position(message)
    if isinstance(error, duckdb.ParserException):
        return ServiceError("InvalidRequestException", f"{at or 'line 1:1: '}mismatched input. Expecting: <query>")
    column = re.search(r'column "?([^" ]+)"? not found', message)
    if column:
        return Failed(f"COLUMN_NOT_FOUND: {at}Column '{column[1]}' cannot be resolved or requester is not authorized "
                      "to access requested resources")
    table = re.search(r"Table with name (\S+) does not exist", message)
    if table:
        return Failed(f"TABLE_NOT_FOUND: {at}Table 'awsdatacatalog.{database}.{table[1]}' does not exist")
    return Failed(f"GENERIC_USER_ERROR: {at}{message.splitlines()[0]}")


class Statement:
    def __init__(self, id, request, group):
        self.id, self.request, self.group = id, request, group
        self.state, self.polls, self.reason, self.category = "QUEUED", 0, "", 0
        self.columns, self.rows, self.scanned, self.reused = [], [], 0, False
        self.failure = None
        self.submitted = datetime.datetime.now(datetime.timezone.utc)

    @property
    def database(self):
        return self.request.get("QueryExecutionContext", {}).get("Database")

    def run(self, fake):
        sql = self.request["QueryString"]
        with tempfile.TemporaryDirectory() as folder:
            tables = Tables(fake, self.database, Path(folder))
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("CREATE MACRO date_format(moment, format) AS strftime(moment, format)")
            try:
                tables.define(connection, sql)
                unload = UNLOAD.match(sql)
                if unload:
                    self.unload(fake, connection, Path(folder) / "unload", *unload.groups())
                else:
                    self.select(connection, sql)
            except duckdb.Error as e:
                failure = athena_error(e, self.database)
                if isinstance(failure, ServiceError):
                    raise failure from None
                self.failure = failure
            except Failed as e:
                self.failure = e
            finally:
                connection.close()
        self.scanned = 0 if self.failure else tables.bytes or fake.scanned
        cutoff = self.group.get("cutoff")
        if cutoff and self.scanned > cutoff:
            self.failure = Failed("Query cancelled! : Bytes scanned limit was exceeded")

    def select(self, connection, sql):
        cursor = connection.execute(sql)
        self.columns = [column_info(c[0], str(c[1])) for c in cursor.description]
        types = [c["Type"] for c in self.columns]
        self.rows = [[as_text(v, t) for v, t in zip(row, types)] for row in cursor.fetchall()]

    def unload(self, fake, connection, folder, query, bucket, prefix, options):
        s3 = fake.aws.s3
        prefix = prefix.rstrip("/") + "/"
        if s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("KeyCount"):
            raise Failed(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table 's3://{bucket}/{prefix}' already "
                         "exists and is not empty")
        found = dict(re.findall(r"(\w+)\s*=\s*('[^']*'|ARRAY\s*\[[^]]*\])", options, re.I))
        keys = re.findall(r"'([^']*)'", found.get("partitioned_by", ""))
        compression = found.get("compression", "'GZIP'").strip("'").lower()
        connection.execute(f"CREATE TEMP TABLE unloaded AS {query}")
        columns = [row[0] for row in connection.execute("DESCRIBE unloaded").fetchall()]
        if keys and columns[-len(keys):] != keys:
            raise Failed("SYNTAX_ERROR: Partition keys must be the last columns and in the same order")
        if keys:
            names = ", ".join(f'"{k}"' for k in keys)
            n = connection.execute(f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM unloaded)").fetchone()[0]
            if n > PARTITIONS_MAX:
                raise Failed(f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {PARTITIONS_MAX} open writers for "
                             "partitions/buckets")
        folder.mkdir()
        by = f", PARTITION_BY ({names})" if keys else ""
        target = folder if keys else folder / "data.parquet"
        if connection.execute("SELECT count(*) FROM unloaded").fetchone()[0]:
            connection.execute(f"COPY unloaded TO '{target}' (FORMAT parquet, COMPRESSION {compression}{by})")
        # Athena's files have no extension: a time, numbers and an id.
        stamp = self.submitted.strftime("%Y%m%d_%H%M%S")
        for file in folder.rglob("*.parquet"):
            where = file.parent.relative_to(folder).as_posix()
            where = "" if where == "." else where + "/"
            s3.put_object(Bucket=bucket, Key=f"{prefix}{where}{stamp}_00001_{uuid.uuid4().hex[:5]}_{uuid.uuid4()}",
                          Body=file.read_bytes())

    def poll(self, hold):
        """One step on."""
        if self.state == "QUEUED":
            self.polls += 1
            if self.polls > 1:
                self.state = "RUNNING"
        elif self.state == "RUNNING" and not hold:
            self.state = "FAILED" if self.failure else "SUCCEEDED"
            if self.failure:
                self.reason, self.category = str(self.failure), self.failure.category
                if "cancelled!" in self.reason:
                    self.state = "CANCELLED"

    def execution(self):
        status = {"State": self.state, "SubmissionDateTime": self.submitted.timestamp()}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            status["AthenaError"] = {"ErrorCategory": self.category, "ErrorType": 1100, "Retryable": self.category == 1,
                                     "ErrorMessage": self.reason}
        scanned = {"QUEUED": 0, "RUNNING": self.scanned // 2}.get(self.state, self.scanned)
        select = not UNLOAD.match(self.request["QueryString"])
        execution = {
            "QueryExecutionId": self.id, "Query": self.request["QueryString"], "Status": status,
            "StatementType": "DML", "SubstatementType": "SELECT" if select else "UNLOAD",
            "WorkGroup": self.request.get("WorkGroup", "primary"),
            "QueryExecutionContext": self.request.get("QueryExecutionContext", {}),
            "Statistics": {"DataScannedInBytes": scanned, "EngineExecutionTimeInMillis": 120,
                           "TotalExecutionTimeInMillis": 170, "QueryQueueTimeInMillis": 50,
                           "ResultReuseInformation": {"ReusedPreviousResult": self.reused}}}
        location = self.output_location()
        if location:
            execution["ResultConfiguration"] = {"OutputLocation": f"{location.rstrip('/')}/{self.id}.csv"}
        return {"QueryExecution": execution}

    def output_location(self):
        own = self.request.get("ResultConfiguration", {}).get("OutputLocation")
        if self.group.get("managed"):
            return None
        if self.group.get("enforce"):
            return self.group.get("output")
        return own or self.group.get("output")


class FakeAthena(JsonService):
    service = signing_name = "athena"
    target = "AmazonAthena"

    def __init__(self, aws=None, keys=None):
        """aws: whose Glue and S3 are read, and whose key is taken."""
        self.aws = aws
        self.tables, self.statements, self.tokens, self.lost, self.withheld = {}, {}, {}, {}, set()
        self.closing = threading.Event()
        self.workgroups = {"primary": {"output": "s3://results/"}}
        self.hold, self.scanned = False, 12_345_678
        if aws:
            keys = {aws.glue_server["access_key"]: Key(aws.glue_server["secret_key"])}
        super().__init__(keys or {"AKIAFAKE": Key("secret")})
        self.http.handle_error = lambda *_: None  # lost replies are no news

    @property
    def env(self):
        if self.aws:
            return {**self.aws.env, "AWS_ENDPOINT_URL_ATHENA": self.endpoint}
        access_key, key = next(iter(self.keys.items()))
        return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_REGION": self.region,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_ATHENA": self.endpoint}

    def lose(self, operation, times=1):
        with self.lock:
            self.lost[operation] = times

    def withhold(self, operation):
        """The next answer of it."""
        with self.lock:
            self.withheld.add(operation)

    def close(self):
        self.closing.set()
        super().close()

    def answer(self, request):
        status, said = super().answer(request)
        operation = request.headers.get("X-Amz-Target", "").partition(".")[2]
        with self.lock:
            withheld = operation in self.withheld
            self.withheld.discard(operation)
        if withheld:
            self.closing.wait()
        with self.lock:
            if self.lost.get(operation, 0) > 0 and status == 200:
                self.lost[operation] -= 1
                raise LostReply
        return status, said

    def group(self, name):
        group = self.workgroups.get(name)
        if group is None:
            raise ServiceError("InvalidRequestException", f"WorkGroup {name} is not found.")
        return group

    def statement(self, request):
        try:
            return self.statements[request["QueryExecutionId"]]
        except KeyError:
            raise ServiceError("InvalidRequestException",
                               f"QueryExecution {request['QueryExecutionId']} was not found")

    # --- operations ------------------------------------------------------------------------

    def op_StartQueryExecution(self, request):
        token = request["ClientRequestToken"]
        if token in self.tokens:
            id, before = self.tokens[token]
            if before != request:
                raise ServiceError("InvalidRequestException", "Idempotent parameters do not match")
            return {"QueryExecutionId": id}
        if len(request["QueryString"].encode()) > STATEMENT_MAX:
            raise ServiceError("InvalidRequestException", "Query string is too long")
        group = self.group(request.get("WorkGroup", "primary"))
        if group.get("disabled"):
            raise ServiceError("InvalidRequestException", f"WorkGroup {request['WorkGroup']} is disabled.")
        statement = Statement(str(uuid.uuid4()), request, group)
        if group.get("managed") and request.get("ResultConfiguration", {}).get("OutputLocation"):
            raise ServiceError("InvalidRequestException", "OutputLocation cannot be set when managed query results "
                                                          "are enabled for the workgroup")
        if not group.get("managed") and not statement.output_location():
            raise ServiceError("InvalidRequestException",
                               "No output location provided. An output location is required either through the "
                               "Workgroup result configuration setting or as an API input.")
        earlier = self.reusable(request)
        if earlier:
            statement.reused, statement.columns, statement.rows = True, earlier.columns, earlier.rows
        else:
            statement.run(self)
        self.statements[statement.id] = statement
        self.tokens[token] = (statement.id, request)
        return {"QueryExecutionId": statement.id}

    def reusable(self, request):
        reuse = request.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
        if not reuse.get("Enabled"):
            return None
        oldest = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=reuse["MaxAgeInMinutes"])
        return next((s for s in self.statements.values()
                     if s.state == "SUCCEEDED" and s.submitted >= oldest and
                     all(s.request.get(k) == request.get(k)
                         for k in ("QueryString", "QueryExecutionContext", "WorkGroup"))), None)

    def op_GetQueryExecution(self, request):
        statement = self.statement(request)
        statement.poll(self.hold)
        return statement.execution()

    def op_StopQueryExecution(self, request):
        statement = self.statement(request)
        if statement.state in ("QUEUED", "RUNNING"):
            statement.state, statement.reason = "CANCELLED", "Query cancelled by user"
        return {}

    def op_GetQueryResults(self, request):
        statement, size = self.statement(request), request.get("MaxResults", PAGE_MAX)
        if statement.state != "SUCCEEDED":
            raise ServiceError("InvalidRequestException",
                               f"Query did not finish successfully. Final query state: {statement.state}")
        if size > PAGE_MAX:
            raise ServiceError("InvalidRequestException", f"MaxResults is more than maximum allowed length {PAGE_MAX}")
        start = 0
        if "NextToken" in request:
            found = re.fullmatch(rf"{statement.id}#(\d+)", request["NextToken"])
            if not found:
                raise ServiceError("InvalidRequestException", "Invalid token")
            start = int(found[1])
        all_rows = [[c["Name"] for c in statement.columns], *statement.rows]
        rows = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]}
                for row in all_rows[start:start + size]]
        said = {"UpdateCount": 0, "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": statement.columns}}}
        if start + size < len(all_rows):
            said["NextToken"] = f"{statement.id}#{start + size}"
        return said

    def op_GetWorkGroup(self, request):
        group = self.group(request["WorkGroup"])
        configuration = {"EnforceWorkGroupConfiguration": bool(group.get("enforce")),
                         "ResultConfiguration": {"OutputLocation": group["output"]} if group.get("output") else {},
                         "ManagedQueryResultsConfiguration": {"Enabled": bool(group.get("managed"))}}
        if group.get("cutoff"):
            configuration["BytesScannedCutoffPerQuery"] = group["cutoff"]
        return {"WorkGroup": {"Name": request["WorkGroup"], "State": "DISABLED" if group.get("disabled") else "ENABLED",
                              "Configuration": configuration}}
