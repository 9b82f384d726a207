/* What the tests of catalog share: a project in a temporary folder, a memory engine to parse with. */
#ifndef WEIR_TESTS_CATALOG_TEST_H
#define WEIR_TESTS_CATALOG_TEST_H

#include <glib/gstdio.h>

#include "base/fs.h"
#include "catalog/catalog_int.h"

typedef struct {
    Engine *engine;
    EngineConn *conn;
    char *root;
} Fixture;

static inline void fixture_open(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.threads = 1};
    fixture->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    fixture->conn = engine_connect(fixture->engine, &error);
    g_assert_no_error(error);
    fixture->root = g_dir_make_tmp("weir-catalog-XXXXXX", &error);
    g_assert_no_error(error);
}

static inline void fixture_close(Fixture *fixture)
{
    engine_disconnect(fixture->conn);
    engine_unref(fixture->engine);
    g_assert_true(base_fs_remove_tree(fixture->root, NULL));
    g_free(fixture->root);
}

static inline void put(const Fixture *fixture, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(fixture->root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static inline void take_away(const Fixture *fixture, const char *path)
{
    g_autofree char *full = g_build_filename(fixture->root, path, NULL);
    g_assert_cmpint(g_unlink(full), ==, 0);
}

static inline CatalogSnapshot *load(const Fixture *fixture, BaseDiags *diags)
{
    g_autoptr(GError) error = NULL;
    CatalogSnapshot *snapshot = catalog_load(fixture->root, fixture->conn, NULL, diags, &error);
    g_assert_no_error(error);
    g_assert_nonnull(snapshot);
    return snapshot;
}

static inline void fail_with(const BaseDiags *diags)
{
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        g_test_message("%s:%u:%u W%d %s | %s", diag->file, diag->line, diag->column, diag->code,
                       diag->message, diag->hint ? diag->hint : "");
    }
}

/* A project that must be right. */
static inline CatalogSnapshot *load_good(const Fixture *fixture)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    CatalogSnapshot *snapshot = load(fixture, diags);
    fail_with(diags);
    g_assert_cmpuint(base_diags_length(diags), ==, 0);
    return snapshot;
}

static inline const CatalogObject *object(const CatalogSnapshot *snapshot, const char *id)
{
    const CatalogObject *found = catalog_by_id(snapshot, id);
    if (!found) {
        g_test_message("no object %s", id);
    }
    g_assert_nonnull(found);
    return found;
}

static inline bool has_edge(const CatalogSnapshot *snapshot, const char *from, const char *from_column,
                            const char *to, const char *to_column)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, object(snapshot, to), NULL);
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (g_str_equal(edge->from->id, from) && g_strcmp0(edge->from_column, from_column) == 0 &&
            g_strcmp0(edge->to_column, to_column) == 0) {
            return true;
        }
    }
    return false;
}

/* A small music company: every kind there is. */
static inline void put_music(const Fixture *fixture)
{
    put(fixture, "weir.yml",
        "name: music\n"
        "timezone: Asia/Shanghai\n"
        "standard: {profile: v4}\n"
        "channels:\n"
        "  oncall: {type: webhook, url: \"${ONCALL_URL}\"}\n"
        "environments:\n"
        "  dev: {engine: duckdb}\n"
        "  prod: {engine: {type: doris, host: \"${DORIS_HOST}\", user: weir, password: "
        "\"${DORIS_PASSWORD}\"}}\n");
    put(fixture, "domains/users/users.yml",
        "domains:\n"
        "  - {name: users, title: {en: Users, zh: 用户}, owner: user-platform}\n"
        "sources:\n"
        "  - name: account_db\n"
        "    connector: file\n"
        "    connection: {path: data}\n"
        "    tables:\n"
        "      - {name: users, path: users.csv, format: csv_with_names, to: ods_user_f}\n"
        "      - {name: fresh, path: fresh.csv, to: ods_fresh_f}\n"
        "tables:\n"
        "  - name: ods_user_f\n"
        "    model: unique\n"
        "    key: [user_id]\n"
        "    columns:\n"
        "      - {name: user_id, type: bigint, title: {en: User, zh: 用户编号}}\n"
        "      - {name: email, type: varchar(128), tags: [pii]}\n"
        "      - {name: plan, type: varchar}\n"
        "entities:\n"
        "  - {name: customer, title: {en: User, zh: 用户}, key: user_id, type: int64, table: dim_user}\n");
    put(fixture, "domains/users/models/dim_user.sql",
        "-- ---\n"
        "-- title: {en: Users, zh: 用户维度}\n"
        "-- kind: full\n"
        "-- columns:\n"
        "--   - {name: user_id, entity: customer, checks: [not_null, unique]}\n"
        "--   - {name: plan, dimension: {title: {en: Plan, zh: 会员类型}, aliases: {zh: [套餐]}}, checks: "
        "[{accepted_values: [free, basic]}]}\n"
        "-- ---\n"
        "SELECT user_id, upper(email) AS email, plan FROM ods_user_f\n");
    put(fixture, "domains/interactions/interactions.yml",
        "domains:\n"
        "  - {name: interactions, title: {en: Interactions, zh: 互动}}\n"
        "streams:\n"
        "  - name: plays\n"
        "    key: user_id\n"
        "    time: played_at\n"
        "    retention: 7d\n"
        "    partitions: 12\n"
        "    compatibility: backward\n"
        "    to: ods_play_event_i\n"
        "    schema:\n"
        "      - {name: play_id, type: int64, required: true}\n"
        "      - {name: user_id, type: int64, required: true}\n"
        "tables:\n"
        "  - name: ods_play_event_i\n"
        "    columns:\n"
        "      - {name: play_id, type: bigint}\n"
        "      - {name: user_id, type: bigint}\n"
        "      - {name: seconds, type: int}\n"
        "      - {name: played_at, type: datetime}\n"
        "metrics:\n"
        "  - {name: play_cnt, title: {en: Plays, zh: 播放量}, aliases: {zh: [播放次数], en: [streams]}, "
        "type: atomic, "
        "table: dwd_play_event_i, agg: count, time: played_at}\n"
        "  - {name: play_secs, type: atomic, table: dwd_play_event_i, agg: sum, expr: seconds}\n"
        "  - {name: paid_play_cnt, type: derived, of: play_cnt, where: \"customer.plan <> 'free'\", window: "
        "7d}\n"
        "  - {name: secs_per_play, type: composite, expr: \"play_secs / nullif(play_cnt, 0)\"}\n"
        "feature_views:\n"
        "  - name: user_listening\n"
        "    entities: [customer]\n"
        "    source: dwd_play_event_i\n"
        "    time: played_at\n"
        "    ttl: 30d\n"
        "    features:\n"
        "      - {name: secs_7d, type: int64, expr: \"sum(seconds)\", window: 7d}\n"
        "      - {name: seconds}\n"
        "feature_services:\n"
        "  - {name: home_v1, features: [\"user_listening:secs_7d\"]}\n"
        "products:\n"
        "  - {name: listening, tables: [dwd_play_event_i], metrics: [play_cnt], consumers: [analytics], "
        "contract: "
        "{version: 1.0.0}}\n"
        "recommenders:\n"
        "  - name: home\n"
        "    for: customer\n"
        "    items: customer\n"
        "    feedback: {from: dwd_play_event_i, positive: \"seconds >= 30\"}\n"
        "    recall: [{type: popular, window: 7d, limit: 50}]\n"
        "    rank: {type: gbdt, features: home_v1}\n"
        "dashboards:\n"
        "  - {name: board, rows: [[{chart: number, metric: secs_per_play}]]}\n"
        "  - {name: overview, rows: [[{chart: number, metric: play_cnt}], [{chart: line, metrics: "
        "[play_secs]}]]}\n"
        "reports:\n"
        "  - {name: weekly, dashboard: overview, schedule: \"0 9 * * 1\", to: [a@example.com, oncall], "
        "format: html}\n"
        "alerts:\n"
        "  - {name: drop, metric: play_cnt, when: play_cnt < 100, every: 15m, to: [oncall]}\n");
    put(fixture, "domains/interactions/models/dwd_play_event_i.sql",
        "-- ---\n"
        "-- title: {en: Play detail, zh: 播放明细}\n"
        "-- kind: incremental\n"
        "-- time: played_at\n"
        "-- key: [play_id]\n"
        "-- lookback: 2h\n"
        "-- schedule: \"*/10 * * * *\"\n"
        "-- grade: P1\n"
        "-- columns:\n"
        "--   - {name: play_id, checks: [not_null, unique]}\n"
        "--   - {name: seconds, checks: [{between: [0, 100], severity: warn}]}\n"
        "-- checks:\n"
        "--   - {relationship: {column: user_id, to: users.dim_user}}\n"
        "--   - {row_count: {min: 1}}\n"
        "-- ---\n"
        "SELECT p.play_id, p.user_id, p.seconds, p.played_at, u.plan\n"
        "FROM ods_play_event_i p LEFT JOIN users.dim_user u ON p.user_id = u.user_id\n"
        "WHERE p.played_at >= $start AND p.played_at < $end\n");
    put(fixture, "access/access.yml",
        "roles:\n"
        "  - {name: rec-engineer, members: [\"group:rec\"], can: [{read: \"layer:dwd\"}, ask]}\n"
        "policies:\n"
        "  - {name: mask_pii, on: \"tag:pii\", mask: hash, except: [\"role:privacy\"]}\n"
        "  - {name: own_rows, on: users.dim_user, rows: \"plan = 'free'\"}\n"
        "terms:\n"
        "  - {name: heavy listener, aliases: {zh: [重度用户]}, means: \"customer where play_cnt >= 100 in "
        "7d\"}\n"
        "examples:\n"
        "  - {ask: {zh: 上周播放量, en: plays last week}, query: {metrics: [play_cnt], time: last week}}\n"
        "plugins:\n"
        "  - {name: lyrics, type: tool, run: {http: \"http://127.0.0.1:7801/lyrics\"}, input: {song_id: "
        "int64}}\n"
        "roots:\n"
        "  - {code: cnt, title: {en: Count, zh: 数量}, type: bigint, additivity: full}\n");
}

#endif
