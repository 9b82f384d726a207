"""dbt-duckdb's snapshot against Weir's kind scd2: the same source, the same rounds of changes, the same versions afterwards.

Arguments: the program, a scratch folder. 100,000 changes into 10,000,000 rows; WEIR_SCALE=10 for a tenth of both. Each side is
timed by its own account of the one step (dbt's run_results.json, Weir's record of the run) and as the whole command."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import traceback

import duckdb

WEIR, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
SCALE = int(os.environ.get("WEIR_SCALE", "1"))  # a part of it
ROWS, CHANGES, ROUNDS = 10_000_000 // SCALE, 100_000 // SCALE, 3
DBT = pathlib.Path(sys.executable).parent / "dbt"
COLUMNS = "id BIGINT, city VARCHAR, score DOUBLE, updated_at TIMESTAMP"
FIRST = f"SELECT i AS id, 'c' || i % 97 AS city, i * 0.5 AS score, TIMESTAMP '2026-01-01' AS updated_at FROM range({ROWS}) t(i)"

DBT_FILES = {
    "dbt_project.yml": "name: interop\nversion: '1.0'\nconfig-version: 2\nprofile: interop\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": "interop:\n  target: here\n  outputs:\n    here: {type: duckdb, path: dbt.duckdb, threads: 1}\n",
    "snapshots/dim_user.sql": "{% snapshot dim_user %}\n{{ config(target_schema='main', unique_key='id', strategy='timestamp', updated_at='updated_at') }}\n"
                              "SELECT * FROM main.source\n{% endsnapshot %}\n",
}
WEIR_FILES = {
    "weir.yml": "name: interop\ntimezone: UTC\n",
    "domains/d/source.yml": "tables:\n  - {name: source, columns: [{name: id, type: bigint}, {name: city, type: string}, {name: score, type: double}, "
                            "{name: updated_at, type: datetime}]}\n",
    "domains/d/dim_user.sql": "-- ---\n-- kind: scd2\n-- key: id\n-- strategy: timestamp\n-- updated_at: updated_at\n-- hard_deletes: ignore\n"
                              "-- input: delta\n-- ---\nSELECT * FROM source\n",
}


def changes(n):
    """Mostly keys that are there, some new ones; each once."""
    return (f"SELECT (i * 97 + {n}) % {ROWS + ROWS // 20} AS id, 'round {n}' AS city, i + 0.25 AS score, "
            f"TIMESTAMP '2026-02-01' + INTERVAL {n} DAY AS updated_at FROM range({CHANGES}) t(i)")


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def command(*words, folder):
    """Its output and the seconds of the whole."""
    start = time.monotonic()
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True)
    seconds = time.monotonic() - start
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, seconds


class Dbt:
    def __init__(self, folder):
        self.folder = folder
        write(folder, DBT_FILES)

    def source(self, sql):
        with duckdb.connect(str(self.folder / "dbt.duckdb")) as connection:
            connection.execute(f"CREATE OR REPLACE TABLE source ({COLUMNS}); INSERT INTO source {sql}")

    def step(self):
        """(seconds of the step, seconds of the command)"""
        _, whole = command(DBT, "snapshot", "--profiles-dir", ".", folder=self.folder)
        (result,) = json.loads((self.folder / "target/run_results.json").read_text())["results"]
        assert result["status"] == "success", result
        return result["execution_time"], whole


class Weir:
    def __init__(self, folder):
        self.folder = folder
        write(folder, WEIR_FILES)
        self.weir("apply", "--yes")

    def weir(self, *words):
        return command(WEIR, *words, "-p", self.folder, folder=self.folder)

    def source(self, sql):
        self.weir("query", "TRUNCATE TABLE d.source")
        self.weir("query", f"INSERT INTO d.source {sql}")

    def step(self):
        _, whole = self.weir("run", "dim_user")
        return json.loads(self.weir("runs", "d.dim_user", "--json")[0])["runs"][0]["elapsed_ms"] / 1000, whole

    def versions(self):
        path = self.folder / "versions.csv"
        with open(path, "w") as out:
            subprocess.run([WEIR, "query", "SELECT id, city, score, updated_at, valid_from, valid_to FROM d.dim_user@history", "-f", "csv",
                            "-p", str(self.folder)], stdout=out, check=True)
        return path


def compare(dbt, weir):
    """Rows that only one of both has, each as often as it has it more; and how many there are."""
    with duckdb.connect(str(dbt.folder / "dbt.duckdb")) as connection:
        connection.execute("CREATE TEMP TABLE theirs AS SELECT id, city, score, updated_at, dbt_valid_from, dbt_valid_to FROM dim_user")
        connection.execute("CREATE TEMP TABLE ours AS SELECT * FROM read_csv($1, header = true, columns = {'id': 'BIGINT', 'city': 'VARCHAR', 'score': 'DOUBLE', "
                           "'updated_at': 'TIMESTAMP', 'valid_from': 'TIMESTAMP', 'valid_to': 'TIMESTAMP'})", [str(weir.versions())])
        count = connection.execute("SELECT count(*) FROM theirs").fetchone()[0]
        apart = [connection.execute(f"FROM {a} EXCEPT ALL FROM {b} LIMIT 3").fetchall() for a, b in (("theirs", "ours"), ("ours", "theirs"))]
    return apart, count


def main():
    dbt, weir = Dbt(FOLDER / "dbt"), Weir(FOLDER / "weir")
    for side in (dbt, weir):
        side.source(FIRST)
        side.step()
    times = {dbt: [], weir: []}
    for n in range(ROUNDS):
        for side in (dbt, weir):
            side.source(changes(n))
            times[side].append(side.step())
    (only_dbt, only_weir), count = compare(dbt, weir)
    if only_dbt or only_weir:
        print(f"FAIL the same versions: only dbt's {only_dbt}, only Weir's {only_weir}")
        return
    expected = ROWS + ROUNDS * CHANGES
    print(f"ok the same {count} versions" if count == expected else f"FAIL versions: {count}, not {expected}")
    (dbt_step, dbt_whole), (weir_step, weir_whole) = ([statistics.median(column) for column in zip(*times[side])] for side in (dbt, weir))
    print(f"note {CHANGES:,} changes into {ROWS:,} rows: dbt snapshot {dbt_step:.2f} s, scd2 {weir_step:.2f} s, ratio {dbt_step / weir_step:.1f}; "
          f"whole commands {dbt_whole:.2f} s, {weir_whole:.2f} s, ratio {dbt_whole / weir_whole:.1f}")


try:
    main()
except Exception as error:  # whatever goes wrong is the finding
    traceback.print_exc()
    print(f"FAIL snapshot and scd2: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
print("end")
