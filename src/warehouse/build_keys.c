/* Keys of the rows of one run: NULL in them, the same key twice, the same key in the table.
 *
 * NULL is not equal to NULL in SQL, so a key with NULL would be added again by each run: an error, unless
 * null_safe_key says which of both is meant. A key twice in one batch has no winner that is not arbitrary: an
 * error, unless dup_in_batch names the column by which the latest is known. */
#include "warehouse/build_int.h"

#define SAMPLE_ROWS 3

static bool null_is_equal(const Build *build)
{
    return base_json_bool(build->model->definition, "null_safe_key", false);
}

static bool null_is_error(const Build *build)
{
    return !json_object_get(build->model->definition, "null_safe_key");
}

static char *quote(const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    engine_sql_append_name(text, name);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

bool warehouse_has_key(const Build *build)
{
    return build->model->model->key && build->model->model->key[0];
}

bool warehouse_key_has(const Build *build, const char *column)
{
    for (const char *const *key = build->model->model->key; *key; key++) {
        if (g_ascii_strcasecmp(*key, column) == 0) {
            return true;
        }
    }
    return false;
}

char *warehouse_key_match(const Build *build, const char *a, const char *b)
{
    const char *equal = null_is_equal(build) ? "IS NOT DISTINCT FROM" : "=";
    GString *text = g_string_new(NULL);
    for (const char *const *key = build->model->model->key; *key; key++) {
        g_autofree char *name = quote(*key);
        g_string_append_printf(text, "%s%s.%s %s %s.%s", text->len ? " AND " : "", a, name, equal, b, name);
    }
    return g_string_free(text, FALSE);
}

/* "a", "b" with `suffix` behind each. */
static char *key_list(const Build *build, const char *suffix, const char *separator)
{
    GString *text = g_string_new(NULL);
    for (const char *const *key = build->model->model->key; *key; key++) {
        g_autofree char *name = quote(*key);
        g_string_append_printf(text, "%s%s%s", text->len ? separator : "", name, suffix);
    }
    return g_string_free(text, FALSE);
}

/* The keys of a few rows, as JSON. Caller frees. */
static char *sample(Build *build, const char *from_where)
{
    g_autofree char *keys = key_list(build, "", ", ");
    g_autofree char *sql = g_strdup_printf("SELECT %s %s LIMIT %d", keys, from_where, SAMPLE_ROWS);
    g_autoptr(json_t) rows = engine_query_json(build->conn, sql, NULL, 0, SAMPLE_ROWS, NULL);
    return rows ? base_json_text(rows) : g_strdup("?"); /* the count is what matters */
}

static bool refuse_nulls(Build *build, GError **error)
{
    g_autofree char *null = key_list(build, " IS NULL", " OR ");
    g_autofree char *from = g_strdup_printf("FROM %s WHERE %s", build->build_sql, null);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) %s", from);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n == 0) {
        return true;
    }
    g_autofree char *rows = sample(build, from);
    base_fail(error, BASE_E_KEY_NULL, "null_key: %" G_GINT64_FORMAT " rows have NULL in their key: %s", n,
              rows);
    base_error_hint(error, "filter them, or say null_safe_key: true (NULL is equal to NULL) or false (a row "
                           "with NULL is always new)");
    return false;
}

/* Rows that can be the same as another: with `=`, one with NULL is the same as none. */
static char *comparable(const Build *build)
{
    return null_is_equal(build) ? g_strdup("TRUE") : key_list(build, " IS NOT NULL", " AND ");
}

static bool keep_latest(Build *build, const char *latest_by, GError **error)
{
    g_autofree char *keys = key_list(build, "", ", ");
    g_autofree char *where = comparable(build);
    g_autofree char *column = quote(latest_by);
    g_autofree char *sql = g_strdup_printf(
        "DELETE FROM %s WHERE rowid IN (SELECT rowid FROM (SELECT rowid, rank() OVER (PARTITION BY %s ORDER "
        "BY %s DESC NULLS LAST) AS place FROM %s WHERE %s) AS ranked WHERE place > 1)",
        build->build_sql, keys, column, build->build_sql, where);
    gint64 n = 0;
    if (!engine_exec_values(build->conn, sql, NULL, 0, &n, error)) {
        return false;
    }
    if (n > 0) {
        build->run->rows -= n;
        build->counts.deduplicated += n;
        warehouse_build_note(build, "%" G_GINT64_FORMAT " rows gave way to a later one of their key by `%s`",
                             n, latest_by);
    }
    return true;
}

/* Of rows that are the same in every column one is as good as another. */
static bool drop_copies(Build *build, GError **error)
{
    g_autofree char *where = comparable(build);
    g_autofree char *sql = g_strdup_printf(
        "DELETE FROM %s WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER (PARTITION BY b "
        "ORDER BY rowid) AS place FROM %s AS b WHERE %s) AS copies WHERE place > 1)",
        build->build_sql, build->build_sql, where);
    gint64 n = 0;
    if (!engine_exec_values(build->conn, sql, NULL, 0, &n, error)) {
        return false;
    }
    build->run->rows -= n;
    build->counts.deduplicated += n;
    return true;
}

static bool refuse_duplicates(Build *build, const char *latest_by, GError **error)
{
    g_autofree char *keys = key_list(build, "", ", ");
    g_autofree char *where = comparable(build);
    g_autofree char *from =
        g_strdup_printf("FROM %s WHERE %s GROUP BY %s HAVING count(*) > 1", build->build_sql, where, keys);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM (SELECT 1 %s) AS twice", from);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n > 0 && latest_by &&
        (!drop_copies(build, error) || !engine_query_int(build->conn, sql, &n, error))) {
        return false;
    }
    if (n == 0) {
        return true;
    }
    g_autofree char *rows = sample(build, from);
    if (latest_by) {
        base_fail(error, BASE_E_KEY_DUPLICATE,
                  "duplicate_key: %" G_GINT64_FORMAT " keys are there twice with the same latest `%s`: %s", n,
                  latest_by, rows);
        base_error_hint(error,
                        "name a column that tells them apart, or take one row of each key in the SELECT");
        return false;
    }
    base_fail(error, BASE_E_KEY_DUPLICATE,
              "duplicate_key: %" G_GINT64_FORMAT " keys are there twice in one run: %s", n, rows);
    base_error_hint(error,
                    "take one row of each key in the SELECT, or say dup_in_batch: {latest_by: COLUMN}");
    return false;
}

bool warehouse_keys_judge(Build *build, bool one_row, GError **error)
{
    const json_t *policy = json_object_get(build->model->definition, "dup_in_batch");
    const char *latest_by = base_json_string(policy, "latest_by", NULL);
    if (!warehouse_has_key(build)) {
        return true;
    }
    return (!null_is_error(build) || refuse_nulls(build, error)) &&
           (!latest_by || keep_latest(build, latest_by, error)) &&
           (!(one_row || policy) || refuse_duplicates(build, latest_by, error));
}
