/* A batch is fit to be merged: no key is NULL, every version has a time, and of several rows of a key it is
 * said which count. Never is one of them taken at random. */
#include "base/json.h"
#include "warehouse/scd2_int.h"

#define SAMPLE_ROWS 5

char *scd2_at_sql(const Scd2 *s)
{
    GString *out = g_string_new(NULL);
    if (s->spec->updated_at) {
        g_string_append(out, "CAST(");
        engine_sql_append_name(out, s->spec->updated_at);
        g_string_append(out, " AS TIMESTAMP)");
    } else {
        g_string_append(out, s->run_time);
    }
    return g_string_free(out, FALSE);
}

/* Rows as text for a message; NULL + error. */
static char *samples(const Scd2 *s, EngineConn *conn, const char *text, GError **error)
{
    g_autofree char *sql = scd2_sql(s, text);
    g_autofree char *limited = g_strdup_printf("%s LIMIT %d", sql, SAMPLE_ROWS);
    g_autoptr(json_t) rows = engine_query_json(conn, limited, NULL, 0, SAMPLE_ROWS, error);
    return rows ? base_json_text(rows) : NULL;
}

static bool refuse(const Scd2 *s, EngineConn *conn, const char *name, gint64 n, const char *what,
                   const char *sample_sql, const char *hint, GError **error)
{
    g_autofree char *rows = samples(s, conn, sample_sql, error);
    if (!rows) {
        return false;
    }
    base_fail(error, BASE_E_RUN_FAILED, "%s: %" G_GINT64_FORMAT " %s, such as %s", name, n, what, rows);
    base_error_hint(error, "%s", hint);
    return false;
}

static char *any_null(const Scd2 *s)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; s->key[i]; i++) {
        g_string_append(out, i ? " OR " : "");
        engine_sql_append_name(out, s->key[i]);
        g_string_append(out, " IS NULL");
    }
    return g_string_free(out, FALSE);
}

static bool judge_keys(const Scd2 *s, EngineConn *conn, GError **error)
{
    g_autofree char *is_null = any_null(s);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM {stage} WHERE %s", is_null);
    g_autofree char *sample = g_strdup_printf("SELECT {columns} FROM {stage} WHERE %s", is_null);
    gint64 n = 0;
    return scd2_count(s, conn, count, &n, error) &&
           (n == 0 ||
            refuse(s, conn, "null_key", n, "rows have NULL in the key", sample,
                   "a row without a key can belong to nothing: filter it out, or repair the source", error));
}

static bool judge_times(const Scd2 *s, EngineConn *conn, GError **error)
{
    gint64 n = 0;
    if (!s->spec->updated_at) {
        return true;
    }
    return scd2_count(s, conn, "SELECT count(*) FROM {stage} WHERE " SCD2_AT " IS NULL", &n, error) &&
           (n == 0 || refuse(s, conn, "null_updated_at", n, "rows have no time of version",
                             "SELECT {columns} FROM {stage} WHERE " SCD2_AT " IS NULL",
                             "`updated_at` of each row says when its version began", error));
}

/* ---- duplicates -------------------------------------------------------------------------------------------
 */

/* Rows of one key that tie in `by` and are not the same row. */
static bool judge_ties(const Scd2 *s, EngineConn *conn, const char *by, GError **error)
{
    static const char body[] =
        "SELECT {key}, %s AS tied, count(*) AS n FROM (SELECT DISTINCT {columns}, " SCD2_AT
        " FROM {stage} SEMI JOIN _weir_many m USING ({key})) GROUP BY ALL HAVING count(*) > 1";
    g_autofree char *sample = g_strdup_printf(body, by);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM (%s)", sample);
    gint64 n = 0;
    return scd2_count(s, conn, count, &n, error) &&
           (n == 0 ||
            refuse(s, conn, "duplicate_key", n, "keys have different rows of the same version", sample,
                   "the rows of a key must differ in the column that puts them in order", error));
}

static bool take_latest(const Scd2 *s, EngineConn *conn, GError **error)
{
    g_autoptr(GString) by = g_string_new(NULL);
    engine_sql_append_name(by, s->spec->latest_by);
    g_autofree char *best = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE _weir_best AS SELECT DISTINCT {columns}, " SCD2_AT " FROM (SELECT b.*, "
        "rank() OVER (PARTITION BY {key} ORDER BY %s DESC NULLS LAST) AS _weir_rank FROM {stage} b SEMI JOIN "
        "_weir_many m USING ({key})) WHERE _weir_rank = 1",
        by->str);
    return scd2_exec(s, conn, best, error) &&
           scd2_exec(s, conn, "DELETE FROM {stage} b WHERE EXISTS (SELECT 1 FROM _weir_many m WHERE {b=m})",
                     error) &&
           scd2_exec(s, conn, "INSERT INTO {stage} BY NAME SELECT * FROM _weir_best", error) &&
           judge_ties(s, conn, by->str, error);
}

static bool judge_duplicates(Scd2 *s, EngineConn *conn, GError **error)
{
    gint64 n = 0;
    if (!scd2_exec(
            s, conn,
            "CREATE OR REPLACE TEMP TABLE _weir_many AS SELECT {key}, count(*) AS _weir_n FROM {stage} "
            "GROUP BY {key} HAVING count(*) > 1",
            error) ||
        !scd2_count(s, conn, "SELECT count(*) FROM _weir_many", &n, error)) {
        return false;
    }
    s->duplicates = n > 0 && s->spec->duplicates == CATALOG_DUPLICATES_CHAIN;
    if (n == 0) {
        return true;
    }
    switch (s->spec->duplicates) {
    case CATALOG_DUPLICATES_CHAIN:
        return judge_ties(s, conn, SCD2_AT, error);
    case CATALOG_DUPLICATES_LATEST:
        return take_latest(s, conn, error);
    case CATALOG_DUPLICATES_ERROR:
        break;
    }
    return refuse(s, conn, "duplicate_key", n, "keys have several rows in the batch",
                  "SELECT {key}, _weir_n AS \"rows\" FROM _weir_many ORDER BY ALL",
                  "dup_in_batch: chain makes a version of each, {latest_by: column} takes the latest", error);
}

bool scd2_judge(Scd2 *s, EngineConn *conn, GError **error)
{
    return judge_keys(s, conn, error) && judge_times(s, conn, error) && judge_duplicates(s, conn, error);
}
