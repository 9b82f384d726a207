"""An apply that a kill cuts off between any two of its steps: what stands is one version whole, and it can be applied again or given up."""
import json
import pathlib
import shutil

import pytest

from conftest import Server

HEAD = """domains:
  - {name: d, title: {en: D, zh: 丁}}
tables:
"""
TABLE = """  - name: %s
    title: {en: T, zh: 表}
    layer: ods
    model: unique
    key: [id]
    sequence: ver
    columns:
      - {name: id, type: bigint}
      - {name: ver, type: bigint}
%s"""
VIEW = "-- ---\n-- title: {en: V, zh: 视}\n-- layer: dwd\n-- kind: view\n-- ---\n%s\n"
BEFORE = {
    "d.yml": HEAD + TABLE % ("ods_a", "      - {name: n, type: int}\n      - {name: old, type: varchar}\n") + TABLE % ("ods_gone", "") + TABLE % ("ods_swap", ""),
    "models/dwd_v.sql": VIEW % "SELECT id, n, old FROM ods_a",
    "models/dwd_over.sql": VIEW % "SELECT id, n FROM dwd_v",
    "models/dwd_w.sql": VIEW % "SELECT id FROM ods_gone",
}
AFTER = {
    "d.yml": HEAD + TABLE % ("ods_a", "      - {name: n, type: bigint}\n      - {name: extra, type: int, not_null: true, default: 7}\n") + TABLE % ("ods_new", ""),
    "models/dwd_v.sql": VIEW % "SELECT id, n, extra FROM ods_a",
    "models/dwd_over.sql": VIEW % "SELECT id, n + 1 AS n FROM dwd_v",
    "models/dwd_x.sql": VIEW % "SELECT id FROM ods_new",
    "models/ods_swap.sql": VIEW % "SELECT id FROM ods_a",
}
ALLOW = ["--allow-drop", "d.ods_a", "--allow-drop", "d.ods_gone", "--allow-drop", "d.ods_swap"]

def write(project, files):
    folder = project / "domains/d"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    for path, text in files.items():
        (folder / path).write_text(text)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    project = tmp_path_factory.mktemp("cut") / "project"
    project.mkdir()
    (project / "weir.yml").write_text("name: cut\ntimezone: UTC\n")
    write(project, BEFORE)
    server = Server(project)
    server.cli("apply", "--yes")
    for table, row in {"ods_a": "1,1,5,x", "ods_gone": "1,1", "ods_swap": "1,1"}.items():
        (project / "rows.csv").write_text(row + "\n")
        server.cli("load", f"d.{table}", str(project / "rows.csv"))
    return project


def columns(server, table):
    answer = server.call("POST", "/api/v1/query", {"sql": f"SELECT * FROM {table} LIMIT 0", "database": "d"}).json()
    return " ".join(column["name"] for column in answer["columns"]) if "columns" in answer else None


def check(server, new):
    """One of the two versions, whole: what is there, what reads it, what writes it."""
    there = {name: columns(server, name) for name in ("ods_a", "ods_gone", "ods_new", "ods_swap", "dwd_v", "dwd_over", "dwd_w", "dwd_x")}
    assert {name: found for name, found in there.items() if found} == (
        {"ods_a": "id ver n extra", "ods_new": "id ver", "ods_swap": "id", "dwd_v": "id n extra", "dwd_over": "id n", "dwd_x": "id"} if new else
        {"ods_a": "id ver n old", "ods_gone": "id ver", "ods_swap": "id ver", "dwd_v": "id n old", "dwd_over": "id n", "dwd_w": "id"})
    last, next_id = 7 if new else "x", server.query("SELECT max(id) + 1 FROM ods_a", database="d")[0][0]
    assert server.query("SELECT * FROM ods_a WHERE id = 1", database="d") == [[1, 1, 5, last]]
    server.query(f"INSERT INTO ods_a VALUES ({next_id}, 1, 6, {last!r})", database="d")
    assert server.load("ods_a", f"{next_id + 1},1,7,{last}\n", db="d", column_separator=",")["Status"] == "Success"
    server.load("ods_a", f"{next_id},2\n", db="d", columns="id,ver", column_separator=",", merge_type="DELETE")
    assert server.query(f"SELECT * FROM dwd_over WHERE id = 1 OR id >= {next_id} ORDER BY id", database="d") == [[1, 5 + new], [next_id + 1, 7 + new]]


# Where it is cut off, and whether the version row was written by then. The tables of AFTER are changed in the order of the plan.
CUTS = [("apply.before_table=kill@8", False), ("apply.before_views=kill", False), ("apply.before_version=kill", False),
        ("apply.after_version=kill", True), ("apply.before_drop=kill@1", True), ("apply.before_drop=kill@2", True), ("apply.before_end=kill", True)]


@pytest.fixture
def cut(base, tmp_path, request):
    """A project whose second apply was cut off; (server, whether the version row was written)."""
    fault, written = request.param
    server = Server(shutil.copytree(base, tmp_path / "project"))
    write(tmp_path / "project", AFTER)
    server.env["WEIR_FAULT"] = fault
    assert server.cli("apply", "--yes", *ALLOW, check=False).returncode < 0
    del server.env["WEIR_FAULT"]
    return server, written


@pytest.mark.parametrize("cut", CUTS, indirect=True, ids=[fault for fault, _ in CUTS])
def test_it_is_applied_again(cut):
    server, written = cut
    with server.served():
        check(server, written)
        assert json.loads(server.cli("apply", "--yes", "--json", *ALLOW).stdout)["unchanged"] == written
        check(server, True)


@pytest.mark.parametrize("cut", CUTS[1:3], indirect=True, ids=[fault for fault, _ in CUTS[1:3]])
def test_it_is_given_up(cut):
    """The files are what they were: nothing is left of what was not applied."""
    server, _ = cut
    write(pathlib.Path(server.project), BEFORE)
    with server.served():
        assert json.loads(server.cli("apply", "--yes", "--json").stdout)["unchanged"]
        check(server, False)
