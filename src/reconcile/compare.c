/* Two relations compared: buckets first, then the rows of the buckets that differ.
 *
 * A bucket is hash(key) modulo RECONCILE_BUCKETS; for each, both sides give count and two sums of 64-bit row
 * hashes (taken over the values in two orders, so that together they are 128 bits). Sums commute: order does
 * not matter, and duplicates count. Values of the source are cast to the target's types first; one that does
 * not fit differs, and a row whose key does not fit is in the source alone: one more part of the key then
 * tells such keys apart, as texts. */
#include "reconcile/reconcile_int.h"

char *reconcile_list(const GPtrArray *columns, const char *alias)
{
    GString *sql = g_string_new(NULL);
    for (guint i = 0; i < columns->len; i++) {
        g_string_append_printf(sql, "%s%s%s", i ? ", " : "", alias ? alias : "", alias ? "." : "");
        engine_sql_append_name(sql, ((const CatalogColumn *)columns->pdata[i])->name);
    }
    return g_string_free(sql, FALSE);
}

/* ---- columns ------------------------------------------------------------------------------------------ */

static const CatalogColumn *column_of(const CatalogObject *object, const char *name)
{
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        const CatalogColumn *column = object->columns->pdata[i];
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

static bool add_named(const CatalogObject *source, const CatalogObject *target, const char *name,
                      GPtrArray *out, GError **error)
{
    const CatalogColumn *column = column_of(target, name);
    if (!column || !column_of(source, name)) {
        return base_fail(error, BASE_E_COLUMN_UNKNOWN, "no column `%s` in `%s`", name,
                         column ? source->full_name : target->full_name);
    }
    g_ptr_array_add(out, (gpointer)(guintptr)column);
    return true;
}

static bool add_all_named(const CatalogObject *source, const CatalogObject *target, const char *const *names,
                          GPtrArray *out, GError **error)
{
    for (size_t i = 0; names[i]; i++) {
        if (!add_named(source, target, names[i], out, error)) {
            return false;
        }
    }
    return true;
}

static bool contains(const GPtrArray *columns, const CatalogColumn *column)
{
    for (guint i = 0; i < columns->len; i++) {
        if (columns->pdata[i] == column) {
            return true;
        }
    }
    return false;
}

/* The declared key of the target: of a table its key columns, of a model its `key`. */
static bool own_key(const CatalogObject *source, const CatalogObject *target, GPtrArray *key, GError **error)
{
    if (target->model && target->model->key) {
        return add_all_named(source, target, target->model->key, key, error);
    }
    for (guint i = 0; target->columns && i < target->columns->len; i++) {
        const CatalogColumn *column = target->columns->pdata[i];
        if (column->key && !add_named(source, target, column->name, key, error)) {
            return false;
        }
    }
    return true;
}

bool reconcile_columns(const CatalogObject *source, const CatalogObject *target, const ReconcileAsk *ask,
                       GPtrArray *key, GPtrArray *columns, GError **error)
{
    bool ok = ask->key && ask->key[0] ? add_all_named(source, target, ask->key, key, error)
                                      : own_key(source, target, key, error);
    if (ok && ask->columns) {
        ok = add_all_named(source, target, ask->columns, columns, error);
    }
    bool whole = ok && key->len == 0; /* no key: a row is its own key */
    for (guint i = 0; ok && target->columns && i < target->columns->len; i++) {
        const CatalogColumn *column = target->columns->pdata[i];
        if (column_of(source, column->name) && !contains(key, column) && !contains(columns, column) &&
            (whole || !ask->columns)) {
            g_ptr_array_add(whole ? key : columns, (gpointer)(guintptr)column);
        }
    }
    if (ok && key->len == 0) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`%s` and `%s` have no column in common",
                         source->full_name, target->full_name);
    }
    return ok && (key->len <= RECONCILE_MAX_KEY ||
                  base_fail(error, BASE_E_VALUE_INVALID, "a comparison takes at most %d key columns",
                            RECONCILE_MAX_KEY));
}

bool reconcile_types_differ(const CatalogObject *source, const GPtrArray *key)
{
    for (guint i = 0; i < key->len; i++) {
        const CatalogColumn *column = key->pdata[i];
        const CatalogColumn *other = column_of(source, column->name);
        if (other && g_ascii_strcasecmp(other->type, column->type) != 0) {
            return true;
        }
    }
    return false;
}

/* ---- the SQL of one side ------------------------------------------------------------------------------ */

/* The hash of a value as the target's type; 1 where it does not fit: equal to nothing that the target has. */
static void append_hash(GString *sql, const char *name, const char *type)
{
    if (!*type) {
        g_string_append_printf(sql, "hash(%s)", name);
        return;
    }
    g_string_append_printf(sql,
                           "CASE WHEN %s IS NULL OR TRY_CAST(%s AS %s) IS NOT NULL "
                           "THEN hash(TRY_CAST(%s AS %s)) ELSE CAST(1 AS UBIGINT) END",
                           name, name, type, name, type);
}

/* Parts of the key in the SQL: its columns, and the one for what does not fit where types differ. */
static guint key_parts(const ReconcileComparison *c)
{
    return c->key->len + (c->types_differ ? 1 : 0);
}

/* NULL for a row whose key fits, else its key: a text for each column that does not fit, NULL for others. */
static void append_unfit(GString *sql, const ReconcileComparison *c, bool source)
{
    g_autoptr(GString) fits = g_string_new(NULL);
    g_autoptr(GString) texts = g_string_new(NULL);
    for (guint i = 0; source && i < c->key->len; i++) {
        const CatalogColumn *column = c->key->pdata[i];
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, column->name);
        const char *type = *column->type ? column->type : "VARCHAR";
        g_string_append_printf(fits, "%s(%s IS NULL OR TRY_CAST(%s AS %s) IS NOT NULL)", i ? " AND " : "",
                               name->str, name->str, type);
        g_string_append_printf(texts, "%sCASE WHEN TRY_CAST(%s AS %s) IS NULL THEN CAST(%s AS VARCHAR) END",
                               i ? ", " : "", name->str, type, name->str);
    }
    if (source) {
        g_string_append_printf(sql, "CASE WHEN NOT (%s) THEN [%s] END", fits->str, texts->str);
    } else {
        g_string_append(sql, "CAST(NULL AS VARCHAR[])");
    }
    g_string_append_printf(sql, " AS k%u, ", c->key->len);
}

/* k0..: the key with the target's types. c0..: hashes of the columns. */
static char *side_rows(const ReconcileComparison *c, bool source)
{
    GString *sql = g_string_new("SELECT ");
    if (c->types_differ) {
        append_unfit(sql, c, source);
    }
    for (guint i = 0; i < c->key->len + c->columns->len; i++) {
        bool key = i < c->key->len;
        const CatalogColumn *column = key ? c->key->pdata[i] : c->columns->pdata[i - c->key->len];
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, column->name);
        g_string_append(sql, i ? ", " : "");
        if (!key) {
            append_hash(sql, name->str, source ? column->type : "");
        } else if (source && *column->type) {
            g_string_append_printf(sql, "%s(%s AS %s)", c->types_differ ? "TRY_CAST" : "CAST", name->str,
                                   column->type);
        } else {
            g_string_append(sql, name->str);
        }
        g_string_append_printf(sql, " AS %c%u", key ? 'k' : 'c', key ? i : i - c->key->len);
    }
    g_string_append_printf(sql, " FROM %s AS r", source ? c->source_sql : c->target_sql);
    if (c->where) {
        g_string_append_printf(sql, " WHERE (%s)", c->where);
    }
    return g_string_free(sql, FALSE);
}

static void append_letters(GString *sql, char letter, guint n, const char *before)
{
    for (guint i = 0; i < n; i++) {
        g_string_append_printf(sql, "%s%c%u", i ? ", " : before, letter, i);
    }
}

/* "hash(k0, c0)" and, the other way round, "hash(1, c0, k0)". */
static char *row_hash(const ReconcileComparison *c, bool second)
{
    GString *sql = g_string_new(second ? "hash(1" : "hash(");
    if (second) {
        append_letters(sql, 'c', c->columns->len, ", ");
        append_letters(sql, 'k', key_parts(c), ", ");
    } else {
        append_letters(sql, 'k', key_parts(c), "");
        append_letters(sql, 'c', c->columns->len, ", ");
    }
    g_string_append_c(sql, ')');
    return g_string_free(sql, FALSE);
}

static char *bucket_of(const ReconcileComparison *c)
{
    GString *sql = g_string_new("hash(");
    append_letters(sql, 'k', key_parts(c), "");
    g_string_append_printf(sql, ") %% %d", RECONCILE_BUCKETS);
    return g_string_free(sql, FALSE);
}

/* ---- buckets ------------------------------------------------------------------------------------------ */

static char *buckets_sql(const ReconcileComparison *c)
{
    g_autofree char *bucket = bucket_of(c), *h1 = row_hash(c, false), *h2 = row_hash(c, true);
    GString *sql = g_string_new("WITH ");
    for (int side = 0; side < 2; side++) {
        g_autofree char *rows = side_rows(c, side == 0);
        g_string_append_printf(sql,
                               "%s AS (SELECT %s AS b, count(*) AS n, sum(%s) AS h1, sum(%s) AS h2 "
                               "FROM (%s) AS r GROUP BY 1)%s",
                               side ? "t" : "s", bucket, h1, h2, rows, side ? " " : ", ");
    }
    g_string_append(sql, "SELECT CAST(coalesce(s.b, t.b) AS BIGINT) AS b, coalesce(s.n, 0) AS sn, "
                         "coalesce(t.n, 0) AS tn, coalesce(s.n = t.n AND s.h1 = t.h1 AND s.h2 = t.h2, false) "
                         "AS same FROM s FULL OUTER JOIN t ON s.b = t.b");
    return g_string_free(sql, FALSE);
}

/* The buckets that differ, as "1,7,9"; NULL + error. */
static char *differing_buckets(EngineConn *conn, const ReconcileComparison *c, json_t *answer, GError **error)
{
    g_autofree char *sql = buckets_sql(c);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, 2 * RECONCILE_BUCKETS, error);
    if (!rows) {
        return NULL;
    }
    GString *list = g_string_new(NULL);
    gint64 source_rows = 0, target_rows = 0, different = 0;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        source_rows += base_json_int(row, "sn", 0);
        target_rows += base_json_int(row, "tn", 0);
        if (!base_json_bool(row, "same", false)) {
            g_string_append_printf(list, "%s%" G_GINT64_FORMAT, different++ ? "," : "",
                                   base_json_int(row, "b", 0));
        }
    }
    base_json_set_int(answer, "source_rows", source_rows);
    base_json_set_int(answer, "target_rows", target_rows);
    base_json_set_int(answer, "buckets", (gint64)json_array_size(rows));
    base_json_set_int(answer, "buckets_different", different);
    return g_string_free(list, FALSE);
}

/* ---- rows --------------------------------------------------------------------------------------------- */

static void append_grouped(GString *sql, const ReconcileComparison *c, const char *buckets, bool source)
{
    g_autofree char *rows = side_rows(c, source);
    g_autofree char *bucket = bucket_of(c), *h1 = row_hash(c, false), *h2 = row_hash(c, true);
    g_string_append_printf(sql, "%s AS (SELECT count(*) AS n, sum(%s) AS h1, sum(%s) AS h2",
                           source ? "s" : "t", h1, h2);
    append_letters(sql, 'k', key_parts(c), ", ");
    for (guint i = 0; i < c->columns->len; i++) {
        g_string_append_printf(sql, ", min(c%u) AS low%u, max(c%u) AS high%u, sum(c%u) AS c%u", i, i, i, i, i,
                               i);
    }
    g_string_append_printf(sql, " FROM (%s) AS r WHERE %s IN (%s) GROUP BY ", rows, bucket, buckets);
    append_letters(sql, 'k', key_parts(c), "");
    g_string_append_c(sql, ')');
}

/* Keys that differ under their own names, with _weir_how and the names of the columns that differ: those
 * whose values differ, where a key is there several times on a side whatever their order, and not their
 * number. */
static char *difference_sql(const ReconcileComparison *c, const char *buckets)
{
    GString *sql = g_string_new("WITH ");
    append_grouped(sql, c, buckets, true);
    g_string_append(sql, ", ");
    append_grouped(sql, c, buckets, false);
    g_string_append(sql, " SELECT CASE WHEN t.n IS NULL THEN 'missing' WHEN s.n IS NULL THEN 'extra' ELSE "
                         "'different' END AS _weir_how");
    for (guint i = 0; i < c->key->len; i++) {
        g_string_append_printf(sql, ", CASE WHEN s.n IS NULL THEN t.k%u ELSE s.k%u END AS ", i, i);
        engine_sql_append_name(sql, ((const CatalogColumn *)c->key->pdata[i])->name);
    }
    if (c->types_differ) {
        g_string_append_printf(sql, ", s.k%u AS _weir_unfit", c->key->len);
    }
    g_string_append(sql, ", list_filter([");
    for (guint i = 0; i < c->columns->len; i++) {
        g_string_append_printf(
            sql,
            "%sCASE WHEN s.low%u <> t.low%u OR s.high%u <> t.high%u OR (s.n = t.n AND s.c%u "
            "<> t.c%u) THEN ",
            i ? ", " : "", i, i, i, i, i, i);
        engine_sql_append_text(sql, ((const CatalogColumn *)c->columns->pdata[i])->name);
        g_string_append(sql, " END");
    }
    g_string_append(sql, c->columns->len ? "]" : "NULL::VARCHAR]");
    g_string_append(sql, ", x -> x IS NOT NULL) AS _weir_columns FROM s FULL OUTER JOIN t ON ");
    for (guint i = 0; i < key_parts(c); i++) {
        g_string_append_printf(sql, "%ss.k%u IS NOT DISTINCT FROM t.k%u", i ? " AND " : "", i, i);
    }
    g_string_append(sql, " WHERE t.n IS NULL OR s.n IS NULL OR s.n <> t.n OR s.h1 <> t.h1 OR s.h2 <> t.h2");
    return g_string_free(sql, FALSE);
}

static json_t *key_values(const ReconcileComparison *c, const json_t *row)
{
    json_t *values = json_array();
    const json_t *unfit = json_object_get(row, "_weir_unfit");
    for (guint i = 0; i < c->key->len; i++) {
        json_t *text = json_array_get(unfit, i);
        json_t *value = json_is_string(text)
                            ? text
                            : json_object_get(row, ((const CatalogColumn *)c->key->pdata[i])->name);
        json_array_append_new(values, value ? json_incref(value) : json_null());
    }
    return values;
}

static void list_difference(const ReconcileComparison *c, const json_t *row, json_t *answer)
{
    const char *how = base_json_string(row, "_weir_how", "");
    json_t *list = json_object_get(answer, how), *key = key_values(c, row);
    if (!g_str_equal(how, "different")) {
        json_array_append_new(list, key);
        return;
    }
    json_t *columns = json_object_get(row, "_weir_columns");
    json_array_append_new(list, json_pack("[o, o]", key, columns ? json_incref(columns) : json_array()));
}

static bool count_differences(EngineConn *conn, const char *diff, json_t *answer, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FILTER (_weir_how = 'missing') AS n_missing, "
                                           "count(*) FILTER (_weir_how = 'extra') AS n_extra, "
                                           "count(*) FILTER (_weir_how = 'different') AS n_different FROM %s",
                                           diff);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, 1, error);
    if (rows) {
        json_object_update(answer, json_array_get(rows, 0));
    }
    return rows != NULL;
}

static bool list_differences(EngineConn *conn, const ReconcileComparison *c, const char *diff, json_t *answer,
                             GError **error)
{
    g_autofree char *order = reconcile_list(c->key, NULL);
    g_autofree char *sql = g_strdup_printf("SELECT * FROM %s ORDER BY %s LIMIT %zu", diff, order, c->limit);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, c->limit, error);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        list_difference(c, row, answer);
    }
    return rows != NULL;
}

bool reconcile_compare(EngineConn *conn, const ReconcileComparison *c, json_t *answer, GError **error)
{
    static const char *const LISTS[] = {"missing", "extra", "different"};
    for (size_t i = 0; i < G_N_ELEMENTS(LISTS); i++) {
        json_object_set_new(answer, LISTS[i], json_array());
    }
    g_autofree char *buckets = differing_buckets(conn, c, answer, error);
    if (!buckets) {
        return false;
    }
    const char *diff = c->diff_sql ? c->diff_sql : "temp.weir_difference";
    g_autofree char *rows = difference_sql(c, *buckets ? buckets : "-1");
    g_autofree char *sql =
        g_strdup_printf("CREATE OR REPLACE %sTABLE %s AS %s", c->diff_sql ? "" : "TEMP ", diff, rows);
    if (!engine_exec(conn, sql, error) || !count_differences(conn, diff, answer, error) ||
        !list_differences(conn, c, diff, answer, error)) {
        return false;
    }
    gint64 n = base_json_int(answer, "n_missing", 0) + base_json_int(answer, "n_extra", 0) +
               base_json_int(answer, "n_different", 0);
    json_object_set_new(answer, "equal", json_boolean(n == 0));
    json_object_set_new(answer, "listed_all", json_boolean((size_t)n <= c->limit));
    return c->diff_sql || engine_exec(conn, "DROP TABLE temp.weir_difference", error);
}
