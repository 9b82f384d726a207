"""`weir lint`: the example keeps to the standard; what breaks it is found with file, line, rule and fix, mended, waived."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import ROOT, WEIR

MUSIC = pathlib.Path(ROOT) / "examples/music"


def weir(project, *words, code=None, lang="en"):
    environment = {**os.environ, "WEIR_LANG": lang, "NO_COLOR": "1"}
    environment.pop("WEIR_DATA", None)
    done = subprocess.run([WEIR, *map(str, words)], cwd=project, env=environment, capture_output=True, text=True, timeout=120)
    assert code is None or done.returncode == code, f"weir {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def findings(project, *words):
    return json.loads(weir(project, "lint", "--format", "json", *words).stdout)["findings"]


@pytest.fixture
def music(tmp_path):
    shutil.copytree(MUSIC, tmp_path / "music")
    return tmp_path / "music"


def edit(project, file, old, new):
    path = project / "domains" / file
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1))


def test_the_example_keeps_to_the_standard(music):
    found = findings(music)
    assert [row for row in found if row["level"] == "E"] == []
    waived = [row for row in findings(music, "--waived") if "waived" in row]
    assert {row["rule"] for row in waived} == {"PR-06", "ME-07"} and all(row["waived"]["owner"] and row["waived"]["reason"] for row in waived)
    weir(music, "lint", code=0)


# What is done to the example; where it must be told; whether --fix mends it.
SEEDED = [
    ("LR-04", "E", "ods_like_event_i->dws_music_song_play_1d_i", "interactions/models/dws_music_song_play_1d_i.sql",
     "FROM dwm_music_user_song_play_1d_i", "FROM (SELECT * FROM dwm_music_user_song_play_1d_i WHERE EXISTS (SELECT 1 FROM ods_like_event_i))", False),
    ("PR-06", "E", "dwd_music_like_event_i", "interactions/models/dwd_music_like_event_i.sql", "WHERE ", "WHERE now() > TIMESTAMP '2000-01-01' AND ", False),
    ("NM-22", "E", "dim_artist.order", "songs/models/dim_artist.sql", "trim(artist_name) AS artist_name,", "trim(artist_name) AS artist_name, 1 AS \"order\",", False),
    ("NM-23", "E", "dws_music_user_pay_1m_f.refund_num", "users/models/dws_music_user_pay_1m_f.sql", "user_id,\n", "user_id,\n       count(*) AS refund_num,\n", True),
    ("NM-24", "E", "dws_music_user_pay_1m_f.refund_money", "users/models/dws_music_user_pay_1m_f.sql", "user_id,\n", "user_id,\n       CAST(0 AS DECIMAL(28, 6)) AS refund_money,\n", True),
    ("NM-20", "E", "dim_podcast.podcastname", "podcasts/models/dim_podcast.sql", "SELECT podcast_id,", "SELECT podcast_id,\n       '' AS podcastname,", True),
    ("SJ-04", "E", "dwd_music_follow_event_i", "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "", False),
    ("LD-01", "E", "dwm_music_user_social_1d_i", "interactions/models/dwm_music_user_social_1d_i.sql", "-- layer: dwm\n", "-- layer: dws\n", True),
    ("NM-02", "E", "sheaf", "songs/models/dim_song.sql", "SELECT s.song_id,", "SELECT s.song_id,\n       '' AS sheaf_code,", False),
    ("NM-30", "E", "play_total", "interactions/metrics.yml", "name: play_cnt_7d", "name: play_total", False),
]


def test_seeded_violations_are_found_with_file_line_rule_and_fix(music):
    for _, _, _, file, old, new, _ in SEEDED:
        edit(music, file, old, new)
    found = findings(music)
    for rule, level, thing, file, _, _, _ in SEEDED:
        rows = [row for row in found if row["rule"] == rule and row["object"] == thing]
        assert len(rows) == 1, (rule, thing, [(r["rule"], r["object"]) for r in found])
        row = rows[0]
        assert row["level"] == level and row["file"] == f"domains/{file}" and row["line"] > 0 and row["message"] and row["fix"], row
        assert row["message_zh"] and row["fix_zh"] and row["message_zh"] != row["message_en"]
    lines = (music / "domains/interactions/models/dwd_music_like_event_i.sql").read_text().splitlines()
    told = next(row for row in found if row["object"] == "dwd_music_like_event_i" and row["rule"] == "PR-06")
    assert lines[told["line"] - 1][told["column"] - 1:].startswith("now")
    assert weir(music, "lint").returncode == 2


def test_fix_mends_what_is_mechanical_and_nothing_else(music):
    for _, _, _, file, old, new, _ in SEEDED:
        edit(music, file, old, new)
    weir(music, "lint", "--fix", code=2)
    left = {(row["rule"], row["object"]) for row in findings(music)}
    for rule, _, thing, _, _, _, mended in SEEDED:
        assert ((rule, thing) not in left) == mended, (rule, thing, left)
    sql = (music / "domains/users/models/dws_music_user_pay_1m_f.sql").read_text()
    assert "AS refund_cnt" in sql and "AS refund_amt" in sql and "refund_num" not in sql
    assert json.loads(weir(music, "lint", "--format", "json").stdout)["diagnostics"] == []


def test_a_fix_that_would_break_a_reader_is_taken_back(music):
    edit(music, "users/models/dwm_music_user_pay_1d_i.sql", "name: cancel_cnt", "name: cancel_num")
    edit(music, "users/models/dwm_music_user_pay_1d_i.sql", "AS cancel_cnt", "AS cancel_num")
    edit(music, "users/models/dws_music_user_pay_1m_f.sql", "sum(cancel_cnt)", "sum(cancel_num)")
    path = music / "domains/users/models/dwm_music_user_pay_1d_i.sql"
    before = path.read_text()
    done = weir(music, "lint", "--fix")
    assert path.read_text() == before and "cancel_num" in done.stdout + done.stderr
    assert json.loads(weir(music, "lint", "--format", "json").stdout)["diagnostics"] == []


def test_errors_stop_an_apply_and_a_plan_shows_them(music):
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "")
    plan = json.loads(weir(music, "plan", "--json", code=0).stdout)
    assert any(row["code"] == "SJ-04" and row["severity"] == "error" for row in plan["warnings"])
    done = weir(music, "apply", "--yes", code=2)
    assert "error[SJ-04]" in done.stderr and "Nothing was changed" in done.stderr
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- layer: dwd\n", "-- layer: dwd\n-- process: follow\n")
    weir(music, "apply", "--yes", code=0)


def test_without_a_standard_nothing_is_judged(music):
    text = (music / "weir.yml").read_text()
    start, end = text.index("standard:"), text.index("environments:")
    (music / "weir.yml").write_text(text[:start] + text[end:])
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "")
    assert findings(music) == []
    assert [row["rule"] for row in findings(music, "--rule", "SJ-04")] == ["SJ-04"]


def configure(music, text):
    whole = (music / "weir.yml").read_text()
    (music / "weir.yml").write_text(whole.replace("  profile: v4\n", text, 1))


def test_levels_waivers_and_their_end(music):
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "")
    configure(music, "  profile: v4\n  rules: {SJ-04: warning}\n")
    assert [row["level"] for row in findings(music) if row["rule"] == "SJ-04"] == ["W"]
    text = (music / "weir.yml").read_text().replace("  rules: {SJ-04: warning}\n", "")
    waiver = "    - {rule: SJ-04, object: \"dwd_music_follow_*\", owner: ann, reason: until the process is named, until: %s}\n"
    (music / "weir.yml").write_text(text.replace("  waivers:\n", "  waivers:\n" + waiver % "2020-01-31"))
    assert [row["rule"] for row in findings(music) if row["level"] == "E"] == ["SJ-04"]
    (music / "weir.yml").write_text(text.replace("  waivers:\n", "  waivers:\n" + waiver % "2090-01-31"))
    assert [row for row in findings(music) if row["level"] == "E"] == []


def test_a_wrong_standard_is_told(music):
    configure(music, "  profile: v4\n  rules: {SJ-99: off}\n")
    done = weir(music, "lint", code=2)
    assert "no rule `SJ-99`" in done.stdout


def test_one_path_only(music):
    for _, _, _, file, old, new, _ in SEEDED:
        edit(music, file, old, new)
    files = {row["file"] for row in findings(music, "domains/users")}
    assert "domains/users/models/dws_music_user_pay_1m_f.sql" in files and all(file.startswith("domains/users/") for file in files)


def test_formats(music):
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "")
    assert "::error file=domains/interactions/models/dwd_music_follow_event_i.sql,line=" in weir(music, "lint", "-f", "github").stdout
    sarif = json.loads(weir(music, "lint", "-f", "sarif").stdout)["runs"][0]
    assert "SJ-04" in {row["ruleId"] for row in sarif["results"]} and "SJ-04" in {row["id"] for row in sarif["tool"]["driver"]["rules"]}
    assert "error[SJ-04]" in weir(music, "lint").stdout


def test_rules_are_explained_in_both_languages(tmp_path):
    assert "LD-04" in weir(tmp_path, "lint", "--explain", "LD-04", code=0).stdout
    zh = weir(tmp_path, "lint", "--explain", "LD-04", code=0, lang="zh").stdout
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    rules = json.loads(weir(tmp_path, "lint", "--explain", "--json", code=0).stdout)
    assert len([rule for rule in rules if rule["section"] != "EX"]) == 181
    assert all(rule[key] for rule in rules for key in ("statement_en", "statement_zh", "example_en", "example_zh", "fix_en", "fix_zh"))
    assert weir(tmp_path, "lint", "--explain", "LD-99").returncode == 2


@pytest.mark.parametrize("phrase, name", [
    ("近7天支付金额", "pay_amt_7d"), ("最近30日平均播放时长", "play_dur_avg_30d"), ("payment amount of the last 7 days", "pay_amt_7d"),
    ("本月付费用户数", None), ("支付金额", "pay_amt"),
])
def test_name_proposes(music, phrase, name):
    answer = json.loads(weir(music, "name", phrase, "--json").stdout)
    if name is not None:
        assert answer["name"] == name and answer["unknown"] == []
    else:
        assert answer["name"].endswith("_cm") and answer["unknown"] == []


def test_name_tells_what_no_root_knows(music):
    answer = json.loads(weir(music, "name", "近7天退货金额", "--json").stdout)
    assert answer["name"] is None and answer["unknown"] == ["退货"]


def test_name_explains(tmp_path):
    answer = json.loads(weir(tmp_path, "name", "dws_mkt_trade_user_active_1d_d", "--json", code=0).stdout)
    assert [(part["role"], part["code"]) for part in answer["parts"]] == [
        ("layer", "dws"), ("department", "mkt"), ("business domain", "trade"), ("subject", "user"), ("word", "active"),
        ("period", "1d"), ("refresh", "d")]
    assert answer["findings"] == []
    assert [row["rule"] for row in json.loads(weir(tmp_path, "name", "dwd_order", "--json").stdout)["findings"]] == ["NM-06", "NM-11"]


def test_a_name_that_is_none_fails_in_both_forms(tmp_path):
    for words in (["近7天"], ["near nosuch amount"], ["近0天金额"]):
        assert weir(tmp_path, "name", *words).returncode == weir(tmp_path, "name", *words, "--json").returncode == 1, words
    assert weir(tmp_path, "name", "average price of the last 7 days", code=0).stdout.startswith("price_avg_7d\n")
    assert "average price of the last 7 days" in weir(tmp_path, "name", "--help", code=0).stdout
    assert [part["role"] for part in json.loads(weir(tmp_path, "name", "tmp_abc", "--json", code=0).stdout)["parts"]] == ["layer", "word"]


def test_what_is_not_there_is_not_found_faultless(music):
    done = weir(music, "lint", "nosuch.sql", code=2)
    assert "no such file: `nosuch.sql`" in done.stderr
    (music / "catalog.json").write_text('{"table": []}')
    done = weir(music, "lint", "--catalog", "catalog.json")
    assert done.returncode != 0 and "`table` is no key of a catalog" in done.stderr and "did you mean `tables`?" in done.stderr


def test_a_layer_beside_that_of_the_name_is_judged(tmp_path):
    (tmp_path / "c.json").write_text('{"roots": [{"name": "artist", "code": "artist"}], "tables": [{"name": "dim_artist", "layer": "dws", "columns": []}]}')
    found = json.loads(weir(tmp_path, "lint", "--catalog", "c.json", "--format", "json", code=2).stdout)["findings"]
    assert "LD-01" in {row["rule"] for row in found}


def test_lint_over_http_and_in_process_say_the_same(music):
    edit(music, "interactions/models/dwd_music_follow_event_i.sql", "-- process: follow\n", "")
    from conftest import Server
    alone = findings(music)
    server = Server(str(music))
    server.start()
    try:
        assert findings(music) == alone
    finally:
        server.stop()
