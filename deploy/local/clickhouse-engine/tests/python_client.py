"""clickhouse-connect, ClickHouse's official Python client, against a real server.

Usage: python_client.py HOST PORT. Exits non-zero with a traceback on the first failure.
"""

import sys
from datetime import datetime, timezone

import clickhouse_connect
import pyarrow
from clickhouse_connect.driver.exceptions import DatabaseError

ROWS = 200_000


def main(host: str, port: int) -> None:
    for compress in (False, "lz4", "zstd", "gzip"):
        client = clickhouse_connect.get_client(
            host=host, port=port, username="anyone", password="any", compress=compress
        )
        assert client.ping()
        client.command("CREATE OR REPLACE TABLE t (n UInt64, s String, at DateTime64(3, 'UTC'), m Map(String, UInt8)) "
                       "ENGINE = MergeTree ORDER BY n")
        at = datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=timezone.utc)
        rows = [[n, f"s{n}", at, {"k": n % 7}] for n in range(ROWS)]
        summary = client.insert("t", rows, column_names=["n", "s", "at", "m"])
        assert summary.written_rows == ROWS, (compress, summary.summary)
        found = client.query("SELECT count(), uniqExact(n), countIf(s = concat('s', toString(n))) FROM t")
        assert found.result_rows == [(ROWS, ROWS, ROWS)], (compress, found.result_rows)

        back = client.query("SELECT n, s, at, m FROM t ORDER BY n LIMIT 2 OFFSET 100")
        naive = at.replace(tzinfo=None)  # the client gives UTC without a zone
        assert back.result_rows == [(n, f"s{n}", naive, {"k": n % 7}) for n in (100, 101)], back.result_rows
        with client.query_row_block_stream("SELECT n FROM t ORDER BY n") as stream:
            assert sum(len(block) for block in stream) == ROWS, compress

        bound = client.query("SELECT {s:String}, {l:Array(UInt8)}", parameters={"s": "it's\n\t\\", "l": [1, 2]})
        assert bound.result_rows == [("it's\n\t\\", [1, 2])], bound.result_rows

        table = client.query_arrow("SELECT n, s FROM t ORDER BY n")
        assert table.num_rows == ROWS, compress
        client.command("TRUNCATE TABLE t")
        client.insert_arrow("t", pyarrow.table({"n": table["n"], "s": table["s"]}))
        assert client.command("SELECT count() FROM t") == ROWS, compress

        for sql, name in (("SELECT * FROM nowhere", "UNKNOWN_TABLE"), ("SELEC 1", "SYNTAX_ERROR")):
            try:
                client.query(sql) if sql.startswith("SELECT") else client.command(sql)
            except DatabaseError as error:
                assert name in str(error), (compress, error)
            else:
                raise AssertionError(f"{sql} was not refused")
        client.close()
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
