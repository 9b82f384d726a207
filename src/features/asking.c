/* The asking rows: which columns they have, whether they will do, and their keys and times in arrays.
 *
 * They are read where they are when that is a table whose rows are numbered without gaps; anything else is
 * first copied into a temporary table in its own order: numbering rows with row_number() OVER () makes the
 * engine read them one after the other on one thread. */
#include "features/offline_int.h"

#include <string.h>

#include "base/time.h"
#include "engine/sql.h"

#define STAGED       "_weir_features_ask"
#define DEFAULT_TIME "event_timestamp"
#define LIMIT_US     G_GINT64_CONSTANT(9000000000000000000) /* what make_timestamp takes */

/* ---- columns ------------------------------------------------------------------------------------------- */

static void clear_column(gpointer data)
{
    FeaturesAskColumn *column = data;
    g_free(column->name);
    g_free(column->type);
}

GArray *features_columns_of(EngineConn *conn, const char *relation, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT * FROM %s LIMIT 0", relation);
    g_autoptr(EngineResult) result = engine_query(conn, sql, error);
    if (!result) {
        return NULL;
    }
    GArray *columns = g_array_new(FALSE, FALSE, sizeof(FeaturesAskColumn));
    g_array_set_clear_func(columns, clear_column);
    for (size_t i = 0; i < engine_result_n_columns(result); i++) {
        FeaturesAskColumn column = {g_strdup(engine_result_column_name(result, i)),
                                    g_strdup(engine_result_type_text(result, i))};
        g_array_append_val(columns, column);
    }
    return columns;
}

static const FeaturesAskColumn *column_at(const FeaturesAsking *asking, size_t i)
{
    return &g_array_index(asking->columns, FeaturesAskColumn, i);
}

static bool find_column(const FeaturesAsking *asking, const char *name, size_t *ret)
{
    for (guint i = 0; i < asking->columns->len; i++) {
        if (g_ascii_strcasecmp(column_at(asking, i)->name, name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* ---- times --------------------------------------------------------------------------------------------- */

static bool is_zoned(const char *type)
{
    return g_str_equal(type, "TIMESTAMP WITH TIME ZONE") || g_str_equal(type, "TIMESTAMPTZ");
}

static bool is_time(const char *type)
{
    return g_str_has_prefix(type, "TIMESTAMP");
}

char *features_time_sql(const char *column, const char *type, bool *ret_zone)
{
    g_autoptr(GString) name = g_string_new(NULL);
    engine_sql_append_name(name, column);
    *ret_zone = is_zoned(type) || g_str_equal(type, "VARCHAR");
    if (is_zoned(type) || g_str_equal(type, "TIMESTAMP")) {
        return g_string_free(g_steal_pointer(&name), FALSE);
    }
    if (is_time(type) || g_str_equal(type, "DATE")) {
        return g_strdup_printf("CAST(%s AS TIMESTAMP)", name->str);
    }
    return *ret_zone ? g_strdup_printf("CAST(%s AS TIMESTAMP WITH TIME ZONE)", name->str) : NULL;
}

void features_append_time(GString *sql, gint64 us, bool zone)
{
    if (us > LIMIT_US || us < -LIMIT_US) {
        g_string_append_printf(sql, "'%sinfinity'", us < 0 ? "-" : "");
        g_string_append(sql, zone ? "::TIMESTAMPTZ" : "::TIMESTAMP");
        return;
    }
    g_string_append_printf(sql, "make_timestamp%s(%" G_GINT64_FORMAT ")", zone ? "tz" : "", us);
}

/* ---- what is missing -------------------------------------------------------------------------------------
 */

static char *all_columns(const FeaturesAsking *asking)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < asking->columns->len; i++) {
        g_string_append_printf(all, "%s`%s`", i ? ", " : "", column_at(asking, i)->name);
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static void hint_columns(const FeaturesAsking *asking, GError **error)
{
    g_autofree char *all = all_columns(asking);
    base_error_hint(error, "their columns are %s", *all ? all : "none");
    base_error_not_done(error, "Nothing was read.");
}

static bool is_integer(const char *type)
{
    static const char *const types[] = {"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",
                                        "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
                                        "HUGEINT",  "UHUGEINT",  NULL};
    return g_strv_contains(types, type);
}

static bool is_text(const char *type)
{
    return g_str_equal(type, "VARCHAR") || g_str_equal(type, "UUID") || g_str_has_prefix(type, "ENUM");
}

/* Keys are compared exactly: whole numbers with whole numbers, texts with texts. */
static bool can_compare(FeaturesType key, const char *type)
{
    switch (key) {
    case FEATURES_INT32:
    case FEATURES_INT64:
        return is_integer(type);
    case FEATURES_STRING:
        return is_text(type);
    case FEATURES_BYTES:
        return g_str_equal(type, "BLOB");
    case FEATURES_BOOL:
        return g_str_equal(type, "BOOLEAN");
    case FEATURES_TIMESTAMP:
        return is_time(type);
    default:
        return false;
    }
}

static const char *view_with_key(const FeaturesSelection *selection, const char *key)
{
    for (size_t u = 0; u < selection->n_uses; u++) {
        const FeaturesUse *use = &selection->uses[u];
        for (size_t k = 0; k < use->view->n_keys; k++) {
            if (g_str_equal(use->keys[k], key)) {
                return use->view->name;
            }
        }
    }
    return "";
}

static bool find_keys(FeaturesAsking *asking, const FeaturesSelection *selection, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    asking->keys = g_new0(size_t, selection->n_keys + 1);
    for (size_t k = 0; k < selection->n_keys; k++) {
        if (!find_column(asking, selection->keys[k], &asking->keys[k])) {
            g_string_append_printf(missing, "%s`%s` (key of view `%s`)", missing->len ? ", " : "",
                                   selection->keys[k], view_with_key(selection, selection->keys[k]));
        }
    }
    for (size_t i = 0; i < selection->n_request; i++) {
        size_t at;
        if (!find_column(asking, selection->request[i], &at)) {
            g_string_append_printf(missing, "%s`%s` (field of the request)", missing->len ? ", " : "",
                                   selection->request[i]);
        }
    }
    if (missing->len) {
        base_fail(error, BASE_E_ENTITY_ROWS, "the asking rows lack %s", missing->str);
        hint_columns(asking, error);
        return false;
    }
    return true;
}

static bool check_key_types(const FeaturesAsking *asking, const FeaturesSelection *selection, GError **error)
{
    for (size_t k = 0; k < selection->n_keys; k++) {
        const FeaturesAskColumn *column = column_at(asking, asking->keys[k]);
        if (can_compare(selection->key_types[k], column->type)) {
            continue;
        }
        base_fail(error, BASE_E_ENTITY_ROWS,
                  "`%s` is %s in the asking rows and %s in view `%s`: they cannot be compared", column->name,
                  column->type, features_type_name(selection->key_types[k]),
                  view_with_key(selection, selection->keys[k]));
        base_error_hint(error, "keys are compared exactly: cast the column to %s",
                        features_type_sql(selection->key_types[k]));
        base_error_not_done(error, "Nothing was read.");
        return false;
    }
    return true;
}

/* A number is no text, in a field of the request either; what fits its type otherwise is cast. */
static bool check_request_types(const FeaturesAsking *asking, const FeaturesSelection *selection,
                                GError **error)
{
    for (size_t i = 0; i < selection->n_request; i++) {
        size_t at = 0;
        (void)find_column(asking, selection->request[i], &at);
        const FeaturesAskColumn *column = column_at(asking, at);
        bool wants_text = selection->request_types[i] == FEATURES_STRING;
        bool time = selection->request_types[i] == FEATURES_TIMESTAMP;
        if (is_text(column->type) == wants_text || (time && is_text(column->type))) {
            continue;
        }
        base_fail(error, BASE_E_ENTITY_ROWS, "`%s` is %s in the asking rows and %s in the request",
                  column->name, column->type, features_type_name(selection->request_types[i]));
        base_error_hint(error, "cast the column to %s", features_type_sql(selection->request_types[i]));
        base_error_not_done(error, "Nothing was read.");
        return false;
    }
    return true;
}

/* ---- the time column
 * ---------------------------------------------------------------------------------------- */

static guint only_column(const FeaturesAsking *asking, bool dates, size_t *ret)
{
    guint n = 0;
    for (guint i = 0; i < asking->columns->len; i++) {
        const char *type = column_at(asking, i)->type;
        if (dates ? g_str_equal(type, "DATE") : is_time(type)) {
            *ret = i;
            n++;
        }
    }
    return n;
}

static bool fail_time(const FeaturesAsking *asking, GError **error)
{
    hint_columns(asking, error);
    return false;
}

static bool find_time(FeaturesAsking *asking, const char *name, GError **error)
{
    if (name && !find_column(asking, name, &asking->time)) {
        base_fail(error, BASE_E_ENTITY_ROWS, "the asking rows lack the time column `%s`", name);
        return fail_time(asking, error);
    }
    if (!name && !find_column(asking, DEFAULT_TIME, &asking->time)) {
        guint n = only_column(asking, false, &asking->time);
        n = n ? n : only_column(asking, true, &asking->time);
        if (n != 1) {
            base_fail(error, BASE_E_ENTITY_ROWS,
                      n ? "the asking rows have several columns of times and none is named `%s`"
                        : "the asking rows have no column of times named `%s`, nor any other",
                      DEFAULT_TIME);
            return fail_time(asking, error);
        }
    }
    const FeaturesAskColumn *column = column_at(asking, asking->time);
    bool zone;
    g_autofree char *sql = features_time_sql(column->name, column->type, &zone);
    if (!sql) {
        base_fail(error, BASE_E_ENTITY_ROWS, "`%s` is %s, not a time", column->name, column->type);
        return fail_time(asking, error);
    }
    return true;
}

/* Times that are texts must all be times. */
static bool check_time_texts(const FeaturesAsking *asking, EngineConn *conn, const char *relation,
                             GError **error)
{
    const FeaturesAskColumn *column = column_at(asking, asking->time);
    if (!g_str_equal(column->type, "VARCHAR")) {
        return true;
    }
    g_autoptr(GString) name = g_string_new(NULL);
    engine_sql_append_name(name, column->name);
    g_autofree char *bad = NULL;
    g_autofree char *sql = g_strdup_printf(
        "SELECT min(%s) FROM %s WHERE %s IS NOT NULL AND TRY_CAST(%s AS TIMESTAMP WITH TIME ZONE) IS NULL",
        name->str, relation, name->str, name->str);
    if (!engine_query_text(conn, sql, &bad, error)) {
        return false;
    }
    if (bad) {
        base_fail(error, BASE_E_ENTITY_ROWS, "`%s` in column `%s` is not a time", bad, column->name);
        base_error_hint(error, "times are written 2026-11-21 10:20:30.123456, with or without an offset");
        base_error_not_done(error, "Nothing was read.");
    }
    return !bad;
}

static bool check_picks(const FeaturesAsking *asking, const FeaturesSelection *selection, GError **error)
{
    for (size_t i = 0; i < selection->n_picks; i++) {
        size_t at;
        if (find_column(asking, selection->picks[i].name, &at)) {
            base_fail(error, BASE_E_FEATURE_COLLISION,
                      "the asking rows have a column `%s`, and so is a feature named",
                      column_at(asking, at)->name);
            base_error_hint(error, "ask with full names, or rename the column");
            base_error_not_done(error, "Nothing was read.");
            return false;
        }
    }
    return true;
}

/* ---- in order, without gaps
 * --------------------------------------------------------------------------------- */

/* Whether the rows of a table are 0, 1, 2, ... */
static bool is_dense(const FeaturesAsking *asking, EngineConn *conn, const char *relation, bool *ret_numbered,
                     gint64 *ret_rows)
{
    size_t at;
    g_autofree char *sql = g_strdup_printf(
        "SELECT CASE WHEN count(*) = coalesce(max(rowid) + 1, 0) THEN count(*) ELSE -1 END FROM %s",
        relation);
    bool named = *relation != '(' && !strchr(relation, '(') && !find_column(asking, "rowid", &at);
    *ret_numbered = named && engine_query_int(conn, sql, ret_rows, NULL);
    return *ret_numbered && *ret_rows >= 0;
}

static bool stage(FeaturesAsking *asking, EngineConn *conn, const char *relation, bool numbered,
                  GError **error)
{
    g_autoptr(GString) sql = g_string_new("CREATE OR REPLACE TEMP TABLE " STAGED " AS SELECT ");
    g_string_append_printf(sql, "row_number() OVER () - 1 AS _weir_n, * FROM %s%s", relation,
                           numbered ? " ORDER BY rowid" : "");
    asking->relation = g_strdup("temp.main." STAGED);
    asking->rowid = "_weir_n"; /* rows that are not committed have no rowid from 0 */
    asking->staged = true;
    return engine_exec(conn, sql->str, error) &&
           engine_query_int(conn, "SELECT count(*) FROM temp.main." STAGED, &asking->n_rows, error);
}

bool features_asking_open(FeaturesAsking *asking, EngineConn *conn, const FeaturesAsk *ask, GError **error)
{
    const FeaturesSelection *selection = ask->selection;
    g_autofree char *all = ask->relation ? NULL : features_asking_all(conn, ask, error);
    const char *relation = ask->relation ? ask->relation : all;
    bool numbered = false;
    *asking = (FeaturesAsking){.columns = relation ? features_columns_of(conn, relation, error) : NULL};
    if (!asking->columns || !find_keys(asking, selection, error) || !find_time(asking, ask->time, error) ||
        !check_key_types(asking, selection, error) || !check_request_types(asking, selection, error) ||
        !check_picks(asking, selection, error) || !check_time_texts(asking, conn, relation, error)) {
        return false;
    }
    if (is_dense(asking, conn, relation, &numbered, &asking->n_rows)) {
        asking->relation = g_strdup(relation);
        asking->rowid = "rowid";
        return true;
    }
    return stage(asking, conn, relation, numbered, error);
}

void features_asking_clear(FeaturesAsking *asking)
{
    g_clear_pointer(&asking->columns, g_array_unref);
    g_free(asking->relation);
    g_free(asking->keys);
    *asking = (FeaturesAsking){0};
}

/* ---- a block of them in arrays
 * ----------------------------------------------------------------------------- */

static EngineTypeId key_id(FeaturesType type)
{
    return type == FEATURES_STRING ? ENGINE_TEXT : type == FEATURES_BYTES ? ENGINE_BLOB : ENGINE_INT64;
}

static void append_key(GString *sql, const char *name, FeaturesType type)
{
    g_autoptr(GString) column = g_string_new(NULL);
    engine_sql_append_name(column, name);
    if (type == FEATURES_TIMESTAMP) {
        g_string_append_printf(sql, "epoch_us(%s)", column->str);
    } else { /* a number past 64 bits is no key of any view */
        g_string_append_printf(sql, "TRY_CAST(%s AS %s)", column->str,
                               type == FEATURES_STRING  ? "VARCHAR"
                               : type == FEATURES_BYTES ? "BLOB"
                                                        : "BIGINT");
    }
}

static char *block_sql(const FeaturesAsking *asking, const FeaturesSelection *selection, gint64 from,
                       gint64 n, bool *ret_zone)
{
    GString *sql = g_string_new("SELECT ");
    for (size_t k = 0; k < selection->n_keys; k++) {
        append_key(sql, column_at(asking, asking->keys[k])->name, selection->key_types[k]);
        g_string_append(sql, ", ");
    }
    const FeaturesAskColumn *column = column_at(asking, asking->time);
    g_autofree char *time = features_time_sql(column->name, column->type, ret_zone);
    g_string_append_printf(sql, "%s, %s FROM %s WHERE %s >= %" G_GINT64_FORMAT " AND %s < %" G_GINT64_FORMAT,
                           time, asking->rowid, asking->relation, asking->rowid, from, asking->rowid,
                           from + n);
    return g_string_free(sql, FALSE);
}

/* Where each row stands, and how far the times reach. */
static void note_places(FeaturesBlock *block, gint64 from)
{
    const gint64 *times = features_block_times(block);
    const gint64 *rowids = (const gint64 *)(const void *)block->rows.columns[block->rows.n_columns - 1].data;
    block->min_us = G_MAXINT64;
    block->max_us = G_MININT64;
    for (size_t i = 0; i < block->n; i++) {
        block->place[i] = (guint32)(rowids[i] - from);
        if (times[i] != G_MININT64) {
            block->min_us = MIN(block->min_us, times[i]);
            block->max_us = MAX(block->max_us, times[i]);
        }
    }
}

bool features_block_read(FeaturesBlock *block, EngineConn *conn, const FeaturesAsking *asking,
                         const FeaturesSelection *selection, gint64 from, gint64 n, const gint *cancel,
                         GError **error)
{
    bool zone = false;
    g_autofree char *sql = block_sql(asking, selection, from, n, &zone);
    *block = (FeaturesBlock){0};
    features_rows_init(&block->rows, selection->n_keys + 2);
    for (size_t k = 0; k < selection->n_keys; k++) {
        features_rows_set(&block->rows, k, key_id(selection->key_types[k]), false);
    }
    features_rows_set(&block->rows, selection->n_keys, zone ? ENGINE_TIMESTAMP_TZ : ENGINE_TIMESTAMP, true);
    features_rows_set(&block->rows, selection->n_keys + 1, ENGINE_INT64, false);
    FeaturesWriter writer;
    features_writer_init(&writer, &block->rows, 0);
    bool ok = features_rows_reserve(&block->rows, (size_t)n, error);
    g_autoptr(EngineResult) result = ok ? engine_query(conn, sql, error) : NULL;
    g_autoptr(GError) failed = NULL;
    EngineChunk *chunk;
    ok = result != NULL;
    while (ok && (chunk = engine_result_next(result, &failed))) {
        ok = features_writer_add(&writer, chunk, error) &&
             (!cancel || !__atomic_load_n(cancel, __ATOMIC_RELAXED) ||
              base_fail(error, BASE_E_INTERRUPTED, "the retrieval was cancelled"));
    }
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        ok = false;
    }
    block->n = writer.n;
    ok = ok && features_writers_end(&writer, 1, selection->n_keys, error);
    features_writer_clear(&writer);
    block->place = g_new(guint32, block->n + 1);
    if (ok) {
        note_places(block, from);
    }
    return ok;
}

void features_block_clear(FeaturesBlock *block)
{
    features_rows_clear(&block->rows);
    g_free(block->place);
    *block = (FeaturesBlock){0};
}

/* ---- no asking rows: all that there are
 * -------------------------------------------------------------------- */

/* The views that have all the keys give the rows; the others are joined to them. */
static bool has_all_keys(const FeaturesSelection *selection, const FeaturesUse *use)
{
    if (use->view->from == FEATURES_FROM_REQUEST || !use->view->time) {
        return false;
    }
    size_t n = 0;
    for (size_t k = 0; k < selection->n_keys; k++) {
        for (size_t i = 0; i < use->view->n_keys; i++) {
            n += g_str_equal(use->keys[i], selection->keys[k]);
        }
    }
    return n == selection->n_keys;
}

static bool append_all_of(GString *sql, EngineConn *conn, const FeaturesAsk *ask, const FeaturesUse *use,
                          GError **error)
{
    const FeaturesView *view = use->view;
    g_autoptr(GArray) columns = features_columns_of(conn, view->relation, error);
    const char *type = "";
    for (guint i = 0; columns && i < columns->len; i++) {
        const FeaturesAskColumn *column = &g_array_index(columns, FeaturesAskColumn, i);
        type = g_ascii_strcasecmp(column->name, view->time) == 0 ? column->type : type;
    }
    bool zone = false;
    g_autofree char *time = columns ? features_time_sql(view->time, type, &zone) : NULL;
    if (!time) {
        return columns &&
               base_fail(error, BASE_E_ENTITY_ROWS, "`%s` of view `%s` is no time", view->time, view->name);
    }
    g_string_append(sql, "SELECT DISTINCT ");
    for (size_t k = 0; k < ask->selection->n_keys; k++) {
        for (size_t i = 0; i < view->n_keys; i++) {
            if (g_str_equal(use->keys[i], ask->selection->keys[k])) {
                g_string_append(sql, "CAST(");
                engine_sql_append_name(sql, view->keys[i].name);
                g_string_append_printf(sql, " AS %s) AS ", features_type_sql(view->keys[i].type));
                engine_sql_append_name(sql, use->keys[i]);
                g_string_append(sql, ", ");
            }
        }
    }
    if (ask->snapshot) {
        features_append_time(sql, ask->end_us, true);
    } else {
        g_string_append_printf(sql, "CAST(%s AS TIMESTAMP WITH TIME ZONE)", time);
    }
    g_string_append_printf(sql, " AS " DEFAULT_TIME " FROM %s WHERE %s >= ", view->relation, time);
    features_append_time(sql, ask->start_us, zone);
    g_string_append_printf(sql, " AND %s <= ", time);
    features_append_time(sql, ask->end_us, zone);
    for (size_t i = 0; i < view->n_keys; i++) {
        g_string_append(sql, " AND ");
        engine_sql_append_name(sql, view->keys[i].name);
        g_string_append(sql, " IS NOT NULL");
    }
    return true;
}

char *features_asking_all(EngineConn *conn, const FeaturesAsk *ask, GError **error)
{
    const FeaturesSelection *selection = ask->selection;
    g_autoptr(GString) sql = g_string_new("(SELECT * FROM (");
    unsigned n = 0;
    for (size_t u = 0; u < selection->n_uses; u++) {
        if (has_all_keys(selection, &selection->uses[u])) {
            g_string_append(sql, n++ ? " UNION " : "");
            if (!append_all_of(sql, conn, ask, &selection->uses[u], error)) {
                return NULL;
            }
        }
    }
    if (n == 0) {
        base_fail(error, BASE_E_ENTITY_ROWS,
                  "no view has all the keys, so that the rows to ask for are not known");
        base_error_hint(error, "give asking rows");
        base_error_not_done(error, "Nothing was read.");
        return NULL;
    }
    g_string_append(sql, ") ORDER BY ALL)");
    return g_string_free(g_steal_pointer(&sql), FALSE);
}
