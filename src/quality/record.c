/* What quality remembers:
 *   _weir.check_results  one row a check and run; `counted` = the rows were seen, so the figure is history
 *   _weir.failed_rows    wrong rows of each check's last run
 *   _weir.check_waivers  who let which failure pass, why, until when
 *   _weir.rejects        rows that were put aside, in raw form
 *   _weir.health         scores by day */
#include <string.h>

#include "quality/quality_int.h"

static const char TABLES_SQL[] =
    "CREATE SCHEMA IF NOT EXISTS _weir;"
    "CREATE TABLE IF NOT EXISTS _weir.check_results (model VARCHAR NOT NULL, run_id VARCHAR NOT NULL, at_us "
    "BIGINT NOT "
    "NULL, recorded_us BIGINT NOT NULL, counted BOOLEAN NOT NULL, check_name VARCHAR NOT NULL, check_type "
    "VARCHAR NOT "
    "NULL, column_name VARCHAR, owner VARCHAR, severity VARCHAR, verdict VARCHAR NOT NULL, block BOOLEAN NOT "
    "NULL, "
    "waived BOOLEAN NOT NULL, n_failed BIGINT, n_checked BIGINT, value DOUBLE, baseline DOUBLE, z DOUBLE, "
    "percent DOUBLE, "
    "message VARCHAR, detail VARCHAR);"
    "CREATE TABLE IF NOT EXISTS _weir.failed_rows (model VARCHAR NOT NULL, check_name VARCHAR NOT NULL, "
    "run_id VARCHAR NOT "
    "NULL, at_us BIGINT NOT NULL, failed_row VARCHAR NOT NULL);"
    "CREATE TABLE IF NOT EXISTS _weir.check_waivers (model VARCHAR NOT NULL, check_name VARCHAR NOT NULL, "
    "reason VARCHAR "
    "NOT NULL, user_name VARCHAR NOT NULL, at_us BIGINT NOT NULL, until_us BIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS _weir.rejects (model VARCHAR NOT NULL, run_id VARCHAR NOT NULL, at_us BIGINT "
    "NOT NULL, "
    "start_us BIGINT, end_us BIGINT, reason VARCHAR NOT NULL, raw VARCHAR NOT NULL);"
    "CREATE TABLE IF NOT EXISTS _weir.health (day DATE NOT NULL, scope VARCHAR NOT NULL, name VARCHAR NOT "
    "NULL, score "
    "DOUBLE NOT NULL)";

bool quality_state_open(EngineConn *conn, GError **error)
{
    EngineValue before = engine_value_int(base_time_now_us() - QUALITY_HISTORY_KEPT_US);
    return engine_exec(conn, TABLES_SQL, error) &&
           engine_exec_values(conn, "DELETE FROM _weir.check_results WHERE recorded_us < $1", &before, 1,
                              NULL, error);
}

/* ---- writing --------------------------------------------------------------------------------------------
 */

static const char INSERT_RESULTS[] =
    "INSERT INTO _weir.check_results SELECT $1, $2, $3, $4, $5, c.name, c.type, c.\"column\", c.owner, "
    "c.severity, "
    "c.verdict, c.block, c.waived IS NOT NULL, c.\"rows\", c.checked, c.value, c.baseline, c.z, c.percent, "
    "c.message, "
    "json_extract_string(CAST($7 AS JSON), '$.' || CAST(to_json(c.name) AS VARCHAR)) FROM (SELECT "
    "unnest(from_json(CAST($6 "
    "AS JSON), "
    "'[{\"name\":\"VARCHAR\",\"type\":\"VARCHAR\",\"column\":\"VARCHAR\",\"owner\":\"VARCHAR\",\"severity\":"
    "\"VARCHAR\",\"verdict\":\"VARCHAR\",\"block\":\"BOOLEAN\",\"waived\":\"JSON\",\"rows\":\"BIGINT\","
    "\"checked\":"
    "\"BIGINT\",\"value\":\"DOUBLE\",\"baseline\":\"DOUBLE\",\"z\":\"DOUBLE\",\"percent\":\"DOUBLE\","
    "\"message\":"
    "\"VARCHAR\"}]')) AS c)";

static bool record_kept(EngineConn *conn, const QualityOutcome *outcome, const char *run_id, GError **error)
{
    EngineValue model = engine_value_text(outcome->model);
    if (!engine_exec_values(conn, "DELETE FROM _weir.failed_rows WHERE model = $1", &model, 1, NULL, error)) {
        return false;
    }
    size_t i;
    json_t *kept;
    json_array_foreach (outcome->kept, i, kept) {
        g_autofree char *rows = base_json_text(json_object_get(kept, "rows"));
        EngineValue values[] = {model, engine_value_text(base_json_string(kept, "check", "")),
                                engine_value_text(run_id), engine_value_int(outcome->at_us),
                                engine_value_text(rows)};
        if (!engine_exec_values(
                conn,
                "INSERT INTO _weir.failed_rows SELECT $1, $2, $3, $4, CAST(unnest(from_json(CAST($5 AS "
                "JSON), '[\"JSON\"]')) AS VARCHAR)",
                values, G_N_ELEMENTS(values), NULL, error)) {
            return false;
        }
    }
    return true;
}

bool quality_record(EngineConn *conn, const QualityOutcome *outcome, const char *run_id, bool counted,
                    GError **error)
{
    if (json_array_size(outcome->checks) == 0) {
        return true;
    }
    g_autofree char *checks = base_json_text(outcome->checks);
    g_autofree char *details = base_json_text(outcome->details);
    EngineValue values[] = {engine_value_text(outcome->model),
                            engine_value_text(run_id),
                            engine_value_int(outcome->at_us),
                            engine_value_int(base_time_now_us()),
                            {.id = ENGINE_BOOLEAN, .boolean = counted},
                            engine_value_text(checks),
                            engine_value_text(details)};
    return engine_exec_values(conn, INSERT_RESULTS, values, G_N_ELEMENTS(values), NULL, error) &&
           record_kept(conn, outcome, run_id, error);
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

static json_t *result_to_json(const json_t *row)
{
    static const char *const same[] = {"model",    "run_id",   "verdict",   "block",   "waived",  "value",
                                       "baseline", "z",        "percent",   "message", "counted", "owner",
                                       "severity", "n_failed", "n_checked", NULL};
    json_t *object = json_object();
    base_json_set_time(object, "at", base_json_int(row, "at_us", 0));
    json_object_set(object, "check", json_object_get(row, "check_name"));
    json_object_set(object, "type", json_object_get(row, "check_type"));
    json_object_set(object, "column", json_object_get(row, "column_name"));
    for (size_t i = 0; same[i]; i++) {
        const char *key = g_str_equal(same[i], "n_failed")    ? "rows"
                          : g_str_equal(same[i], "n_checked") ? "checked"
                                                              : same[i];
        json_object_set(object, key, json_object_get(row, same[i]));
    }
    return object;
}

json_t *quality_results(EngineConn *conn, const char *model, bool latest, size_t limit, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT * EXCLUDE (detail) FROM _weir.check_results WHERE (CAST($1 AS VARCHAR) IS "
                        "NULL OR model = $1) "
                        "%s ORDER BY recorded_us DESC, model, check_name LIMIT $2",
                        latest ? "QUALIFY recorded_us = max(recorded_us) OVER (PARTITION BY model)" : "");
    EngineValue values[] = {engine_value_text(model), engine_value_int((gint64)limit)};
    g_autoptr(json_t) rows = engine_query_json(conn, sql, values, 2, limit, error);
    if (!rows) {
        return NULL;
    }
    json_t *results = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_array_append_new(results, result_to_json(row));
    }
    return results;
}

/* Text that is JSON becomes it. */
static void set_parsed(json_t *object, const char *key, const char *text)
{
    json_t *value = text ? base_json_parse(text, strlen(text), NULL) : NULL;
    json_object_set_new(object, key, value ? value : text ? json_string(text) : json_null());
}

/* Wrong rows as they are told: `names` are pairs {key, column}, NULL-terminated; the row itself is in
 * `column`.
 */
static json_t *rows_told(json_t *rows, const char *const (*names)[2], const char *column)
{
    json_t *list = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_t *object = json_object();
        for (size_t k = 0; names[k][0]; k++) {
            json_object_set(object, names[k][0], json_object_get(row, names[k][1]));
        }
        base_json_set_time(object, "at", base_json_int(row, "at_us", 0));
        set_parsed(object, "row", base_json_string(row, column, NULL));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *quality_failures(EngineConn *conn, const char *model, const char *check, size_t limit, GError **error)
{
    static const char *const NAMES[][2] = {
        {"model", "model"}, {"check", "check_name"}, {"run_id", "run_id"}, {NULL, NULL}};
    EngineValue values[] = {engine_value_text(model), engine_value_text(check),
                            engine_value_int((gint64)limit)};
    g_autoptr(json_t) rows =
        engine_query_json(conn,
                          "SELECT * FROM _weir.failed_rows WHERE (CAST($1 AS VARCHAR) IS NULL OR model = $1) "
                          "AND (CAST($2 AS VARCHAR) IS NULL "
                          "OR check_name = $2) ORDER BY model, check_name, rowid LIMIT $3",
                          values, 3, limit, error);
    return rows ? rows_told(rows, NAMES, "failed_row") : NULL;
}

json_t *quality_rejects(EngineConn *conn, const char *model, size_t limit, GError **error)
{
    static const char *const NAMES[][2] = {
        {"model", "model"}, {"run_id", "run_id"}, {"reason", "reason"}, {NULL, NULL}};
    EngineValue values[] = {engine_value_text(model), engine_value_int((gint64)limit)};
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "SELECT * FROM _weir.rejects WHERE (CAST($1 AS VARCHAR) IS "
                                               "NULL OR model = $1) ORDER BY at_us DESC, rowid LIMIT $2",
                                               values, 2, limit, error);
    return rows ? rows_told(rows, NAMES, "raw") : NULL;
}
