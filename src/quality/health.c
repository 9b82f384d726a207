/* The health score: what is wrong, weighed by how much it matters, so that every lost point has an address.
 */
#include <string.h>

#include "quality/quality_int.h"

#define POINTS_CHECK_ERROR   10.0
#define POINTS_CHECK_WARN    4.0
#define POINTS_FINDING_ERROR 5.0
#define POINTS_FINDING_WARN  2.0
#define POINTS_UNCHECKED     5.0
#define WAIVED_SHARE         0.5 /* a waiver is no repair */
#define MAX_RESULTS          1000000

static const char FORMULA[] = "100 - sum(points x weight of the asset / weight of all assets in the scope); "
                              "points: failing check 10 (error) or 4 "
                              "(warn), half while waived; finding 5 or 2; model without checks 5";

typedef struct {
    const CatalogObject *object;
    double weight, lost;
} Asset;

typedef struct {
    CatalogSnapshot *snapshot;
    GPtrArray *assets; /* Asset* */
    GHashTable *by_id;
    double weight; /* of all */
    json_t *lost;
} Health;

static double weight_of(const CatalogObject *object)
{
    return g_str_equal(object->grade, "P0")   ? 8
           : g_str_equal(object->grade, "P1") ? 4
           : g_str_equal(object->grade, "P2") ? 2
                                              : 1;
}

static void collect_assets(Health *health)
{
    const GPtrArray *objects = catalog_objects(health->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if ((object->kind == CATALOG_TABLE && object->table) || object->kind == CATALOG_MODEL) {
            Asset *asset = g_new0(Asset, 1);
            *asset = (Asset){.object = object, .weight = weight_of(object)};
            g_ptr_array_add(health->assets, asset);
            g_hash_table_insert(health->by_id, (gpointer)(guintptr)object->id, asset);
            health->weight += asset->weight;
        }
    }
}

static void lose(Health *health, const char *id, const char *rule, const char *fix, double points)
{
    Asset *asset = g_hash_table_lookup(health->by_id, id);
    if (!asset) {
        return; /* it is in the catalog no more */
    }
    asset->lost += points;
    json_t *point = json_object();
    base_json_set_string(point, "rule", rule);
    base_json_set_string(point, "object", asset->object->full_name);
    base_json_set_string(point, "owner", asset->object->owner);
    base_json_set_string(point, "fix", fix);
    json_object_set_new(point, "gain_table", json_real(points));
    json_object_set_new(point, "gain", json_real(points * asset->weight / health->weight));
    json_array_append_new(health->lost, point);
}

static bool lose_checks(Health *health, EngineConn *conn, GError **error)
{
    g_autoptr(json_t) results = quality_results(conn, NULL, true, MAX_RESULTS, error);
    size_t i;
    json_t *result;
    json_array_foreach (results, i, result) {
        const char *verdict = base_json_string(result, "verdict", "");
        bool warn =
            g_str_equal(verdict, "warn") ||
            (g_str_equal(verdict, "fail") && g_str_equal(base_json_string(result, "severity", ""), "warn"));
        if (g_str_equal(verdict, "pass") || g_str_equal(verdict, "skip")) {
            continue;
        }
        double points = (warn ? POINTS_CHECK_WARN : POINTS_CHECK_ERROR) *
                        (base_json_bool(result, "waived", false) ? WAIVED_SHARE : 1);
        const char *message = base_json_string(result, "message", NULL);
        const char *name = base_json_string(result, "check", "");
        const char *model = base_json_string(result, "model", "");
        const Asset *asset = g_hash_table_lookup(health->by_id, model);
        g_autofree char *rule = g_strdup_printf("check %s", name);
        g_autofree char *fix =
            g_strdup_printf("%s%smend the rows (weir checks failures %s)", message ? message : "",
                            message ? ": " : "", asset ? asset->object->full_name : model);
        lose(health, model, rule, fix, points);
    }
    return results != NULL;
}

static void lose_findings(Health *health, const json_t *findings)
{
    size_t i;
    json_t *finding;
    json_array_foreach (findings, i, finding) {
        bool warn = !g_str_equal(base_json_string(finding, "level", "error"), "error");
        lose(health, base_json_string(finding, "object", ""), base_json_string(finding, "rule", ""),
             base_json_string(finding, "fix", NULL), warn ? POINTS_FINDING_WARN : POINTS_FINDING_ERROR);
    }
}

/* Taking checks away does not make a table healthier. */
static void lose_unchecked(Health *health)
{
    for (guint i = 0; i < health->assets->len; i++) {
        const CatalogObject *object = ((const Asset *)health->assets->pdata[i])->object;
        bool passing = g_str_equal(object->layer, "tmp") || g_str_equal(object->layer, "mid");
        if (object->kind == CATALOG_MODEL && !passing &&
            json_array_size(json_object_get(object->definition, "checks")) == 0) {
            lose(health, object->id, "no checks", "declare checks on its columns", POINTS_UNCHECKED);
        }
    }
}

static json_t *tables_of(const Health *health)
{
    json_t *tables = json_array();
    for (guint i = 0; i < health->assets->len; i++) {
        const Asset *asset = health->assets->pdata[i];
        json_t *row = json_object();
        base_json_set_string(row, "object", asset->object->full_name);
        base_json_set_string(row, "id", asset->object->id);
        base_json_set_string(row, "grade", asset->object->grade);
        base_json_set_string(row, "owner", asset->object->owner);
        base_json_set_string(row, "domain", asset->object->domain);
        json_object_set_new(row, "score", json_real(MAX(0, 100 - asset->lost)));
        json_array_append_new(tables, row);
    }
    return tables;
}

typedef struct {
    double weight, lost;
    gint64 n;
} Group;

/* Scores by owner or by domain. */
static json_t *groups_of(const Health *health, bool by_owner)
{
    g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < health->assets->len; i++) {
        const Asset *asset = health->assets->pdata[i];
        const char *name = by_owner ? asset->object->owner : asset->object->domain;
        Group *group = g_hash_table_lookup(groups, name);
        if (!group) {
            group = g_new0(Group, 1);
            g_hash_table_insert(groups, (gpointer)(guintptr)name, group);
            g_ptr_array_add(names, (gpointer)(guintptr)name);
        }
        group->weight += asset->weight;
        group->lost += asset->lost * asset->weight;
        group->n++;
    }
    json_t *list = json_array();
    for (guint i = 0; i < names->len; i++) {
        const Group *group = g_hash_table_lookup(groups, names->pdata[i]);
        json_t *row = json_object();
        base_json_set_string(row, "name", names->pdata[i]);
        json_object_set_new(row, "score", json_real(MAX(0, 100 - group->lost / group->weight)));
        base_json_set_int(row, "assets", group->n);
        json_array_append_new(list, row);
    }
    return list;
}

static int by_gain(const void *a, const void *b)
{
    double x = base_json_real(*(json_t *const *)a, "gain", 0),
           y = base_json_real(*(json_t *const *)b, "gain", 0);
    return (x < y) - (x > y);
}

static json_t *sorted_by_gain(const json_t *lost)
{
    g_autoptr(GPtrArray) points = g_ptr_array_new();
    for (size_t i = 0; i < json_array_size(lost); i++) {
        g_ptr_array_add(points, json_array_get(lost, i));
    }
    if (points->len) {
        qsort(points->pdata, points->len, sizeof(gpointer), by_gain);
    }
    json_t *sorted = json_array();
    for (guint i = 0; i < points->len; i++) {
        json_array_append(sorted, points->pdata[i]);
    }
    return sorted;
}

static json_t *health_to_json(const Health *health)
{
    double lost = 0;
    for (guint i = 0; i < health->assets->len; i++) {
        const Asset *asset = health->assets->pdata[i];
        lost += asset->lost * asset->weight / health->weight;
    }
    return json_pack("{s:s, s:{s:i, s:i, s:i, s:i}, s:f, s:o, s:o, s:o, s:o}", "formula", FORMULA, "weights",
                     "P0", 8, "P1", 4, "P2", 2, "P3", 1, "score", MAX(0, 100 - lost), "tables",
                     tables_of(health), "owners", groups_of(health, true), "domains",
                     groups_of(health, false), "lost", sorted_by_gain(health->lost));
}

json_t *quality_health(EngineConn *conn, CatalogSnapshot *snapshot, const json_t *findings, GError **error)
{
    g_autoptr(GPtrArray) assets = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(json_t) lost = json_array();
    Health health = {.snapshot = snapshot, .assets = assets, .by_id = by_id, .lost = lost};
    collect_assets(&health);
    if (!lose_checks(&health, conn, error)) {
        return NULL;
    }
    lose_findings(&health, findings);
    lose_unchecked(&health);
    return health_to_json(&health);
}

/* ---- history --------------------------------------------------------------------------------------------
 */

bool quality_health_record(EngineConn *conn, const json_t *health, gint64 now_us, GError **error)
{
    g_autofree char *text = base_json_text(health);
    EngineValue values[] = {engine_value_int(now_us), engine_value_text(text)};
    return engine_exec_values(conn, "DELETE FROM _weir.health WHERE day = CAST(make_timestamp($1) AS DATE)",
                              values, 1, NULL, error) &&
           engine_exec_values(conn,
                              "INSERT INTO _weir.health SELECT CAST(make_timestamp($1) AS DATE), scope, "
                              "name, score FROM (SELECT 'project' "
                              "AS scope, '' AS name, CAST($2::JSON ->> 'score' AS DOUBLE) AS score UNION ALL "
                              "SELECT 'table', r.object, "
                              "r.score FROM (SELECT unnest(from_json($2::JSON -> 'tables', "
                              "'[{\"object\":\"VARCHAR\",\"score\":"
                              "\"DOUBLE\"}]')) AS r) UNION ALL SELECT 'owner', r.name, r.score FROM (SELECT "
                              "unnest(from_json($2::JSON -> "
                              "'owners', '[{\"name\":\"VARCHAR\",\"score\":\"DOUBLE\"}]')) AS r) UNION ALL "
                              "SELECT 'domain', r.name, r.score "
                              "FROM (SELECT unnest(from_json($2::JSON -> 'domains', "
                              "'[{\"name\":\"VARCHAR\",\"score\":\"DOUBLE\"}]')) AS "
                              "r)) AS scores",
                              values, 2, NULL, error);
}

json_t *quality_health_history(EngineConn *conn, size_t limit, GError **error)
{
    EngineValue value = engine_value_int((gint64)limit);
    return engine_query_json(
        conn,
        "SELECT CAST(day AS VARCHAR) AS day, scope, name, score FROM _weir.health ORDER BY _weir.health.day "
        "DESC, scope, name LIMIT $1",
        &value, 1, limit, error);
}
