"""Ten different mistakes in ten files: one `weir plan` shows all ten, each at its file, line and column with a hint (acceptance 2)."""
import json
import os
import subprocess

WEIR = os.environ.get("WEIR_BIN", "build/weir")

GOOD = {
    "weir.yml": "name: shop\ntimezone: Asia/Shanghai\ndomains:\n  - {name: sales, title: {en: Sales, zh: 销售}}\n",
    "tables.yml": """tables:
  - name: ods_order_i
    domain: sales
    layer: ods
    columns:
      - {name: order_id, type: BIGINT}
      - {name: user_id, type: BIGINT}
      - {name: amount, type: "DECIMAL(18,2)"}
      - {name: paid_at, type: DATETIME}
""",
    "dwd_order_i.sql": """-- ---
-- kind: full
-- domain: sales
-- ---
SELECT order_id, user_id, amount, paid_at FROM ods_order_i
""",
}

# file: (text, code, line, column, what the hint holds)
MISTAKES = {
    "a_key.yml": ("metrics:\n  - {name: gmv, type: atomic, table: dwd_order_i, agg: sum, expr: amount, tiem: paid_at}\n",
                  "W1003", 2, 75, "time"),
    "b_missing.yml": ("entities:\n  - {name: buyer, type: int64}\n", "W1004", 2, 5, "key"),
    "c_value.yml": ("metrics:\n  - {name: n_orders, type: atomc, table: dwd_order_i, agg: count}\n", "W1005", 2, 28, "atomic"),
    "d_name.yml": ("entities:\n  - {name: Heavy-Buyer, key: user_id, type: int64}\n", "W1006", 2, 12, ""),
    "e_reference.yml": ("feature_services:\n  - {name: ranker, features: [user_spendd]}\n", "W1008", 2, 31, ""),
    "f_syntax.yml": ("tables:\n  - {name: ods_x_i, columns: [\n", "W1009", None, None, ""),
    "z_duplicate.yml": ("tables:\n  - {name: ods_order_i, domain: sales, layer: ods, columns: [{name: a, type: INT}]}\n", "W1007", 2, 12, "tables.yml"),
    "dws_column_1d_d.sql": ("-- ---\n-- kind: full\n-- domain: sales\n-- ---\nSELECT user_idd, sum(amount) AS amount\nFROM dwd_order_i\nGROUP BY 1\n",
                            "W2004", 5, 8, "user_id"),
    "dws_table_1d_d.sql": ("-- ---\n-- kind: full\n-- domain: sales\n-- ---\nSELECT user_id\nFROM dwd_ordr_i\n", "W2002", 6, 6, "dwd_order_i"),
    "dws_parse_1d_d.sql": ("-- ---\n-- kind: full\n-- domain: sales\n-- ---\nSELECT user_id,\n  amount FORM dwd_order_i x y\n", "W2001", 6, None, ""),
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)


def weir(folder, *args):
    return subprocess.run([WEIR, *args, "-p", folder], capture_output=True, text=True, env=dict(os.environ, WEIR_LANG="en", NO_COLOR="1"))


def test_one_plan_shows_all_ten_mistakes_where_they_are(tmp_path):
    write(tmp_path, GOOD)
    assert weir(tmp_path, "apply", "--yes").returncode == 0
    write(tmp_path, {name: row[0] for name, row in MISTAKES.items()})
    done = weir(tmp_path, "plan", "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    found = {d["file"]: d for d in json.loads(done.stdout)["diagnostics"] if d["severity"] == "error"}
    for name, (_, code, line, column, hint) in MISTAKES.items():
        assert name in found, f"{name}: nothing said; got {sorted(found)}"
        got = found[name]
        assert got["code"] == code, got
        assert line in (None, got["line"]), got
        assert column in (None, got["column"]), got
        assert hint in (got.get("hint") or "") + got["message"], got


def test_the_text_form_points_at_each_mistake_and_says_that_nothing_was_changed(tmp_path):
    write(tmp_path, GOOD)
    write(tmp_path, {name: row[0] for name, row in MISTAKES.items()})
    done = weir(tmp_path, "plan")
    text = done.stdout + done.stderr
    assert done.returncode == 2
    for name in MISTAKES:
        assert name in text
    assert "10 errors" in text and "Nothing was changed" in text
    assert json.loads(weir(tmp_path, "history", "--json").stdout)["versions"] == []


def test_a_project_without_mistakes_plans_and_applies_once(tmp_path):
    write(tmp_path, GOOD)
    assert weir(tmp_path, "plan", "--exit-code").returncode == 3
    assert weir(tmp_path, "apply", "--yes").returncode == 0
    assert weir(tmp_path, "plan", "--exit-code").returncode == 0


def test_plan_says_what_cannot_change_in_place_and_apply_does_nothing(tmp_path):
    text = "tables:\n  - {name: ods_order_i, domain: sales, layer: ods, model: unique, key: [KEY], columns: [{name: a, type: INT}, {name: b, type: INT}]}\n"
    write(tmp_path, {"weir.yml": "name: shop\ndomains: [{name: sales}]\n", "tables.yml": text.replace("KEY", "a")})
    assert weir(tmp_path, "apply", "--yes").returncode == 0
    write(tmp_path, {"tables.yml": text.replace("KEY", "b"), "more.yml": "tables:\n  - {name: ods_new_i, domain: sales, layer: ods, columns: [{name: a, type: INT}]}\n"})
    assert "cannot be applied  column `b`: what is a key cannot change in place" in weir(tmp_path, "plan").stdout
    done = weir(tmp_path, "apply", "--yes")
    assert done.returncode != 0 and "tables.yml:2" in done.stderr and "Nothing was applied" in done.stderr
    assert weir(tmp_path, "query", "SELECT * FROM ods_new_i").returncode != 0


PROJECT = """name: shop
timezone: 8
settings: {nope: 1}
channels: {me: {type: hook, url: "http://127.0.0.1/"}}
standard:
  rules: {XX-99: off, LD-01: hard}
  limits: {dpeth: 3}
  waivers:
    - {rule: LD-01}
    - {rule: XX-98, object: "*", owner: ann, reason: later, until: 2035-13-31}
alerts:
  - {name: late, on: run, every: 5x, hours: "25-99", to: [nobody]}
"""
# line, column, code, what the message holds
TOLD = [(2, 11, "W1014", "`8`"), (3, 12, "W1011", "nope"), (4, 23, "W1005", "hook"), (6, 11, "W1005", "XX-99"), (6, 30, "W1005", "hard"),
        (7, 12, "W1005", "dpeth"), (9, 7, "W1004", "object"), (9, 7, "W1004", "owner"), (9, 7, "W1004", "reason"), (9, 7, "W1004", "until"),
        (10, 14, "W1005", "XX-98"), (10, 68, "W1005", "2035-13-31"), (12, 34, "W1005", "5x"), (12, 45, "W1005", "25-99"), (12, 59, "W6002", "nobody")]


def test_no_mistake_of_a_project_hides_another(tmp_path):
    write(tmp_path, {"weir.yml": PROJECT})
    for verb in ("plan", "lint"):
        done = weir(tmp_path, verb, "--json")
        assert done.returncode == 2, done.stdout + done.stderr
        found = [(d["line"], d["column"], d["code"], d["message"]) for d in json.loads(done.stdout)["diagnostics"]]
        assert len(found) == len(TOLD), found
        for line, column, code, part in TOLD:
            assert any(f[:3] == (line, column, code) and part in f[3] for f in found), (line, column, code, part, found)


def test_mistakes_are_told_in_chinese_too(tmp_path):
    write(tmp_path, {**GOOD, **{name: row[0] for name, row in MISTAKES.items()}})
    done = subprocess.run([WEIR, "plan", "--json", "-p", tmp_path], capture_output=True, text=True, env=dict(os.environ, WEIR_LANG="zh", NO_COLOR="1"))
    found = {d["file"]: d["message"] + (d.get("hint") or "") for d in json.loads(done.stdout)["diagnostics"] if d["severity"] == "error"}
    for name, words in (("a_key.yml", "未知的键 `tiem`"), ("a_key.yml", "是否想写 `time`"), ("b_missing.yml", "缺少 `key`"), ("c_value.yml", "不能为 `atomc`"),
                        ("e_reference.yml", "没有特征视图 `user_spendd`"), ("dws_column_1d_d.sql", "没有列 `user_idd`"), ("dws_table_1d_d.sql", "没有表或模型 `dwd_ordr_i`")):
        assert words in found[name], found[name]
