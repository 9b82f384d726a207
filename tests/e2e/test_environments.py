"""Environments: a branch of definitions that shares production's unchanged tables."""
import json
import os
import shutil

import pytest

from conftest import Server

TABLES = """tables:
  - {name: ods_play_i, layer: ods, columns: [{name: id, type: bigint}, {name: day, type: date}, {name: ms, type: bigint}]}
  - {name: ods_song, layer: ods, columns: [{name: song, type: bigint}, {name: title, type: string}]}
"""
MODELS = {
    "dwd_play_i": "kind: incremental\ntime: day\n---\nSELECT id, day, ms FROM ods_play_i WHERE day >= $start AND day < $end",
    "dws_play_1d": "kind: full\n---\nSELECT day, sum(dwd_play_i.ms)::BIGINT AS ms FROM dwd_play_i GROUP BY day",
    "dws_view": "kind: view\n---\nSELECT music.dws_play_1d.day, ms FROM music.dws_play_1d",
    "dim_song": "kind: full\n---\nSELECT song, title FROM ods_song",
    "dim_song_zip": "kind: scd2\nkey: song\nstrategy: check\ncheck_cols: '*'\nhard_deletes: ignore\n---\nSELECT song, title FROM ods_song",
}
SECONDS = "kind: full\n---\nSELECT day, (sum(dwd_play_i.ms) / 1000)::BIGINT AS s FROM dwd_play_i GROUP BY day"


class Project(Server):
    def make(self):
        os.makedirs(os.path.join(self.project, "domains", "music", "models"))
        self.write("weir.yml", "name: p\ntimezone: UTC\ndomains: [{name: music}]\n")
        self.write("domains/music/music.yml", TABLES)
        for name, text in MODELS.items():
            self.model(name, text)
        self.cli("apply", "--yes")
        self.rows("ods_play_i", "id,day,ms\n1,2026-01-01,1000\n2,2026-01-02,3000\n")
        self.rows("ods_song", "song,title\n1,a\n2,b\n")
        self.cli("run")

    def write(self, path, text):
        with open(os.path.join(self.project, path), "w") as file:
            file.write(text)

    def model(self, name, text):
        head, body = text.split("\n---\n")
        self.write(f"domains/music/models/{name}.sql", "-- ---\n" + "".join(f"-- {line}\n" for line in head.split("\n")) + "-- ---\n" + body + "\n")

    def rows(self, table, text):
        self.write("rows.csv", text)
        self.cli("load", table, os.path.join(self.project, "rows.csv"), "-f", "csv_with_names")

    def read(self, sql, *words):
        return [list(row.values()) if isinstance(row, dict) else row
                for row in json.loads(self.cli("query", sql, "-f", "json", *words).stdout)["rows"]]

    def branch(self, env="dev"):
        """The branch of these tests: seconds in place of milliseconds, and a new model."""
        self.model("dws_play_1d", SECONDS)
        self.model("dws_view", "kind: view\n---\nSELECT music.dws_play_1d.day, s FROM music.dws_play_1d")
        self.model("dws_day_n", "kind: full\n---\nSELECT count(*) AS n FROM dim_song JOIN dws_play_1d ON true")
        return json.loads(self.cli("apply", "--env", env, "--json").stdout)["environment"]

    def back(self):
        for name, text in MODELS.items():
            self.model(name, text)
        path = os.path.join(self.project, "domains/music/models/dws_day_n.sql")
        if os.path.exists(path):
            os.unlink(path)

    def states(self, env="dev"):
        answer = json.loads(self.cli("env", "show", env, "--json").stdout)
        return {row["model"]: row["state"] for row in answer["models"]}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environments") / "p"
    Project(folder).make()
    return folder


@pytest.fixture
def cold(tmp_path, template):
    """Each command opens the project by itself, so that it may be killed."""
    return Project(shutil.copytree(template, tmp_path / "p"))


@pytest.fixture
def project(tmp_path, template):
    """Served: a command is one request."""
    project = Project(shutil.copytree(template, tmp_path / "p"))
    with project.served():
        yield project


def test_unchanged_is_shared(project):
    own = project.branch()
    assert (own["own"], own["shared"], own["to_build"]) == (3, 3, 3)
    before = project.read("SELECT * FROM dws_view ORDER BY day")
    done = project.cli("run", "--env", "dev", "--json")
    built = [json.loads(line) for line in done.stdout.splitlines() if '"step"' in line]
    assert {step["model"] for step in built} == {"music.dws_play_1d__dev", "music.dws_view__dev", "music.dws_day_n__dev"}
    assert project.states() == {"music.dws_play_1d": "built", "music.dws_view": "built", "music.dws_day_n": "built"}
    # production is as it was, and knows nothing of the other
    assert project.read("SELECT * FROM dws_view ORDER BY day") == before == [["2026-01-01", 1000], ["2026-01-02", 3000]]
    assert project.cli("query", "SELECT * FROM dws_day_n", check=False).returncode != 0
    assert project.cli("query", "SELECT * FROM dws_play_1d__dev", check=False).returncode != 0
    # what the environment reads: its own, under plain names, and production's
    env = ("--env", "dev")
    assert project.read("SELECT music.dws_play_1d.day, dws_play_1d.s FROM music.dws_play_1d ORDER BY 1", *env) == [["2026-01-01", 1], ["2026-01-02", 3]]
    assert project.read("SELECT * FROM dws_view ORDER BY day", *env) == [["2026-01-01", 1], ["2026-01-02", 3]]
    assert project.read("SELECT n FROM dws_day_n", *env) == [[4]]
    project.rows("ods_song", "song,title\n3,c\n")
    project.cli("run", "dim_song")
    assert project.read("SELECT count(*) FROM dim_song", *env) == [[3]]  # production's rows: no copy
    # names of shared and own tables as clients list them
    names = [row[0] for row in project.read("SHOW TABLES FROM music", *env)]
    assert sorted(names) == sorted([*MODELS, "dws_day_n", "ods_play_i", "ods_song"])
    # nothing can be written through it, and a run of what is shared runs nothing
    assert "read only" in project.cli("query", "DELETE FROM ods_song WHERE song = 1", *env, check=False).stderr
    runs = project.cli("run", "dim_song", "--env", "dev", "--json").stdout
    assert '"step"' not in runs


def test_drop_takes_only_its_own(project):
    project.branch()
    project.cli("run", "--env", "dev")
    project.branch("other")
    assert set(project.states("other").values()) == {"to_build"}  # dev's tables are dev's
    listed = json.loads(project.cli("env", "ls", "--json").stdout)["environments"]
    assert [(row["environment"], row["base"], row["own"], row["shared"], row["to_build"]) for row in listed] == [("dev", 1, 3, 3, 0), ("other", 1, 3, 3, 3)]
    project.cli("run", "--env", "other")
    project.cli("env", "drop", "dev", "--yes")
    gone = project.cli("query", "SELECT 1", "--env", "dev", check=False)
    assert gone.returncode != 0 and "no environment `dev`" in gone.stderr and "other" in gone.stderr
    assert project.read("SELECT s FROM dws_play_1d ORDER BY s", "--env", "other") == [[1], [3]]
    assert project.read("SELECT count(*) FROM dws_play_1d") == [[2]]
    project.cli("apply", "--env", "dev")
    assert set(project.states().values()) == {"to_build"}
    missing = project.cli("query", "SELECT * FROM dws_play_1d", "--env", "dev", check=False)
    assert missing.returncode != 0


def test_promote_swaps_without_building(project):
    project.branch()
    behind = project.cli("env", "promote", "dev", check=False)
    assert behind.returncode == 1 and "not built" in behind.stderr and "Nothing was promoted" in behind.stderr
    project.cli("run", "--env", "dev")
    project.cli("run", "dws_play_1d")  # production's table is the younger one now
    behind = project.cli("env", "promote", "dev", check=False)
    assert behind.returncode == 1 and "built after it" in behind.stderr
    project.cli("run", "--env", "dev")
    done = json.loads(project.cli("env", "promote", "dev", "--json").stdout)
    assert done["version"] == 2 and set(done["swapped"]) == {"music.dws_play_1d", "music.dws_view", "music.dws_day_n"} and done["left"] == []
    assert project.read("SELECT * FROM dws_view ORDER BY day") == [["2026-01-01", 1], ["2026-01-02", 3]]
    assert project.read("SELECT n FROM dws_day_n") == [[4]]
    runs = json.loads(project.cli("runs", "dws_play_1d", "--json").stdout)["runs"]
    assert [(run["cause"], run["rows"]) for run in runs[:2]] == [("promote", 2), ("manual", 2)]
    assert "No changes" in project.cli("plan").stdout
    assert project.states() == {}  # the same as production: all is shared
    assert project.read("SELECT s FROM dws_play_1d ORDER BY s", "--env", "dev") == [[1], [3]]
    project.cli("env", "drop", "dev", "--yes")
    assert project.read("SELECT s FROM dws_play_1d ORDER BY s") == [[1], [3]]


def test_promotion_over_a_newer_production_is_refused(project):
    project.branch()
    project.cli("run", "--env", "dev")
    project.back()
    project.model("dim_song", "kind: full\n---\nSELECT song, upper(title) AS title FROM ods_song")
    project.cli("apply", "--yes")
    project.cli("run", "dim_song")
    behind = project.cli("env", "promote", "dev", check=False)
    assert behind.returncode == 1 and "version 2" in behind.stderr and "Nothing was promoted" in behind.stderr
    # what production changed is the environment's own now; brought up to date, what did not change stays built
    assert project.states()["music.dim_song"] == "to_build"
    own = project.branch()
    assert own["own"] == 3 and project.states() == {"music.dws_play_1d": "built", "music.dws_view": "built", "music.dws_day_n": "to_build"}
    project.cli("run", "dws_day_n", "--env", "dev")
    project.cli("env", "promote", "dev")
    assert project.read("SELECT title FROM dim_song ORDER BY title") == [["A"], ["B"]]


@pytest.mark.parametrize("fault", ["environment.before_swap=kill", "apply.before_version=kill"])
def test_a_kill_while_promoting(cold, fault):
    cold.branch()
    cold.cli("run", "--env", "dev")
    cold.env["WEIR_FAULT"] = fault
    assert cold.cli("env", "promote", "dev", check=False).returncode < 0
    del cold.env["WEIR_FAULT"]
    assert cold.read("SELECT ms FROM dws_play_1d ORDER BY ms") == [[1000], [3000]]  # readers keep what they had
    done = json.loads(cold.cli("env", "promote", "dev", "--json").stdout)
    assert set(done["swapped"]) == {"music.dws_play_1d", "music.dws_view", "music.dws_day_n"}
    assert cold.read("SELECT * FROM dws_view ORDER BY day") == [["2026-01-01", 1], ["2026-01-02", 3]]


def test_a_kill_while_dropping(cold):
    cold.branch()
    cold.cli("run", "--env", "dev")
    cold.env["WEIR_FAULT"] = "environment.dropped=kill"
    assert cold.cli("env", "drop", "dev", "--yes", check=False).returncode < 0
    del cold.env["WEIR_FAULT"]
    assert set(cold.states().values()) == {"to_build"}
    cold.cli("env", "drop", "dev", "--yes")
    assert cold.cli("env", "ls", "--json").stdout.count("dev") == 0


def test_intervals_and_history(project):
    """Incremental models keep their own intervals; what is repaired in production is stale in the environment."""
    project.model("dwd_play_i", "kind: incremental\ntime: day\n---\nSELECT id, day, ms * 2 AS ms FROM ods_play_i WHERE day >= $start AND day < $end")
    project.model("dim_song_zip", "kind: scd2\nkey: song\nstrategy: check\ncheck_cols: '*'\nhard_deletes: ignore\n---\nSELECT song, upper(title) AS title FROM ods_song")
    project.cli("apply", "--env", "dev")
    project.cli("run", "--env", "dev", "--start", "2026-01-02", "--end", "2026-01-03")
    assert project.read("SELECT id, ms FROM dwd_play_i", "--env", "dev") == [[2, 6000]]
    done = json.loads(project.cli("intervals", "dwd_play_i", "--env", "dev", "--json").stdout)["done"]
    assert done == [["2026-01-02 00:00:00", "2026-01-03 00:00:00"]]
    behind = project.cli("env", "promote", "dev", check=False)  # readers would see a gap
    assert behind.returncode == 1 and "lacks time" in behind.stderr
    project.cli("run", "--env", "dev", "--full")
    project.cli("intervals", "ods_play_i", "--mark", "stale", "--start", "2026-01-01", "--end", "2026-01-02")
    stale = json.loads(project.cli("intervals", "dwd_play_i", "--env", "dev", "--json").stdout)["stale"]
    assert stale == ["2026-01-01 00:00:00"]
    assert "stale" in project.cli("env", "promote", "dev", check=False).stderr
    project.cli("run", "--env", "dev", "--full")
    done = json.loads(project.cli("env", "promote", "dev", "--json").stdout)
    assert "music.dwd_play_i" in done["swapped"] and [row["model"] for row in done["left"]] == ["music.dim_song_zip"]
    assert project.read("SELECT id, ms FROM dwd_play_i ORDER BY id") == [[1, 2000], [2, 6000]]
    assert project.read("SELECT title FROM dim_song_zip ORDER BY title") == [["a"], ["b"]]  # its history stays
    project.cli("run", "dim_song_zip")
    assert project.read("SELECT title FROM dim_song_zip@history ORDER BY title") == [["A"], ["B"], ["a"], ["b"]]


def test_a_new_zipper_is_promoted_with_its_views(project):
    project.model("dim_title_zip", MODELS["dim_song_zip"])
    project.cli("apply", "--env", "dev")
    project.cli("run", "--env", "dev")
    assert project.read("SELECT count(*) FROM dim_title_zip@history", "--env", "dev") == [[2]]
    project.cli("env", "promote", "dev")
    project.rows("ods_song", "song,title\n1,z\n")
    assert project.read("SELECT count(*) FROM dim_title_zip@history") == [[2]]
    assert project.read("SELECT title FROM dim_title_zip ORDER BY song") == [["a"], ["b"]]


def test_what_an_environment_cannot_have(project):
    bad = project.cli("apply", "--env", "Dev__x", check=False)
    assert bad.returncode == 2 and "not a name for an environment" in bad.stderr
    assert project.cli("run", "--env", "dev", check=False).returncode == 2
    project.write("domains/music/music.yml", TABLES.replace("{name: ms, type: bigint}", "{name: ms, type: bigint}, {name: device, type: string}"))
    bad = project.cli("plan", "--env", "dev", check=False)
    assert bad.returncode == 2 and "not as it is in production" in bad.stderr
    project.write("domains/music/music.yml", TABLES)
    # words about a model are no difference; neither are comments
    project.model("dim_song", "kind: full\ntitle: Songs\nowner: me\n---\nSELECT song, -- which\n  title FROM ods_song")
    assert json.loads(project.cli("plan", "--env", "dev", "--json").stdout)["environment"]["own"] == 0


def test_clients_read_an_environment(project):
    project.write("domains/music/policies.yml", "policies:\n  - {name: mask, on: music.dws_play_1d, mask: {day: 'null'}, for: ['user:ann']}\n"
                                                "roles:\n  - {name: reader, members: [ann], can: ['read domain:music']}\n")
    project.cli("apply", "--yes")
    project.branch()
    project.cli("run", "--env", "dev")
    assert project.call("POST", "/api/v1/users", {"name": "ann", "password": "ann-password"}).status == 201
    answer = project.call("POST", "/api/v1/query", {"sql": "SELECT s FROM dws_play_1d ORDER BY s", "database": "music", "env": "dev"})
    assert [list(row.values()) if isinstance(row, dict) else row for row in answer.json()["rows"]] == [[1], [3]]
    with project.mysql(database="music__dev") as conn, conn.cursor() as cursor:
        cursor.execute("SELECT database(), @@weir_environment")
        assert cursor.fetchall() == (("music__dev", "dev"),)
        cursor.execute("SELECT music__dev.dws_play_1d.s FROM music__dev.dws_play_1d ORDER BY s")
        assert cursor.fetchall() == ((1,), (3,))
        cursor.execute("SHOW TABLES")
        assert "dws_day_n" in [row[0] for row in cursor.fetchall()]
        cursor.execute("USE music")
        cursor.execute("SELECT ms FROM dws_play_1d ORDER BY ms")
        assert cursor.fetchall() == ((1000,), (3000,))
        cursor.execute("SET weir_environment = 'dev'")
        cursor.execute("SELECT s FROM dws_play_1d ORDER BY s")
        assert cursor.fetchall() == ((1,), (3,))
        cursor.execute("SET weir_environment = ''")
        cursor.execute("SELECT count(ms) FROM dws_play_1d")
        assert cursor.fetchall() == ((2,),)
    # policies are production's, and hold for the environment's own tables
    for sql in ("SELECT day, s FROM dws_play_1d ORDER BY s", "SELECT day, s FROM music.dws_play_1d__dev ORDER BY s"):
        with project.mysql(user="ann", password="ann-password", database="music__dev") as conn, conn.cursor() as cursor:
            cursor.execute(sql)
            assert cursor.fetchall() == ((None, 1), (None, 3))
