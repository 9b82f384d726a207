/* The answer: the asking rows as they are, beside them the values that were found, in the order asked for.
 *
 * Values come as a feed that stands beside the asking rows, row by row (POSITIONAL JOIN); what is in
 * temporary tables is joined by place. Under names that no one else uses, each on-demand feature is a
 * projection over what it needs; the last projection gives columns their names. */
#include "features/offline_int.h"

#include <string.h>

#include "engine/sql.h"

typedef struct {
    EngineFeed feed;
    const FeaturesRetrieval *r;
    size_t next;
    const char **names;
    EngineType *types;
    const FeaturesWanted **columns; /* [0] is the place */
} AnswerFeed;

/* ---- the feed --------------------------------------------------------------------------------------------
 */

static void put_values(EngineBatch *batch, size_t column, const FeaturesWanted *wanted, size_t from, size_t n)
{
    if (!engine_batch_wanted(batch, column)) {
        return;
    }
    if (wanted->width) {
        memcpy(engine_batch_data(batch, column), wanted->data + from * wanted->width, n * wanted->width);
    }
    for (size_t i = 0; i < n; i++) {
        if (!wanted->has[from + i]) {
            engine_batch_set_null(batch, column, i);
        } else if (!wanted->width) {
            engine_batch_set_bytes(batch, column, i, wanted->heap.bytes + wanted->offsets[from + i],
                                   wanted->lens[from + i]);
        }
    }
}

static bool answer_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    AnswerFeed *answer = (AnswerFeed *)feed;
    size_t from = answer->next, n = MIN((size_t)ENGINE_CHUNK_ROWS, answer->r->block.n - from);
    gint64 *place = engine_batch_wanted(batch, 0) ? engine_batch_data(batch, 0) : NULL;
    for (size_t i = 0; place && i < n; i++) {
        place[i] = (gint64)(from + i);
    }
    for (size_t c = 1; c < feed->n_columns; c++) {
        put_values(batch, c, answer->columns[c], from, n);
    }
    answer->next += n;
    engine_batch_set_rows(batch, n);
    return true;
}

static void answer_init(AnswerFeed *answer, const FeaturesRetrieval *r)
{
    *answer = (AnswerFeed){.r = r,
                           .names = g_new0(const char *, r->n_wanted + 1),
                           .types = g_new0(EngineType, r->n_wanted + 1),
                           .columns = g_new0(const FeaturesWanted *, r->n_wanted + 1)};
    answer->names[0] = g_strdup("_weir_n");
    answer->types[0].id = ENGINE_INT64;
    size_t n = 1;
    for (size_t i = 0; i < r->n_wanted; i++) {
        if (r->wanted[i].how == FEATURES_BY_ARRAY) {
            answer->names[n] = g_strdup_printf("_weir_v%zu", i);
            answer->types[n].id = r->wanted[i].id;
            answer->columns[n++] = &r->wanted[i];
        }
    }
    answer->feed = (EngineFeed){.n_columns = n,
                                .names = answer->names,
                                .types = answer->types,
                                .max_threads = 1, /* rows stay in order */
                                .rows_estimate = (gint64)r->block.n,
                                .next = answer_next};
}

static void answer_clear(AnswerFeed *answer)
{
    for (size_t i = 0; i < answer->feed.n_columns; i++) {
        g_free((char *)(guintptr)answer->names[i]);
    }
    g_free(answer->names);
    g_free(answer->types);
    g_free(answer->columns);
}

/* ---- projections -----------------------------------------------------------------------------------------
 */

static void append_value(GString *sql, const FeaturesFeature *feature, const char *value, size_t wanted)
{
    if (feature->missing.type != FEATURES_INVALID) {
        g_string_append_printf(sql, ", coalesce(%s, ", value);
        features_value_append_sql(&feature->missing, sql);
        g_string_append_printf(sql, ") AS _weir_f%zu", wanted);
    } else {
        g_string_append_printf(sql, ", %s AS _weir_f%zu", value, wanted);
    }
}

static const FeaturesFeature *feature_of(const FeaturesRetrieval *r, size_t wanted)
{
    const FeaturesWanted *w = &r->wanted[wanted];
    return &r->selection->uses[w->use].view->features[w->feature];
}

static size_t find_wanted(const FeaturesRetrieval *r, size_t use, size_t feature)
{
    size_t i = 0;
    while (r->wanted[i].use != use || r->wanted[i].feature != feature) {
        i++;
    }
    return i;
}

/* _weir_a<i>: asking columns, _weir_f<i>: what is wanted. `inner` gets their names. */
static void append_found(const FeaturesRetrieval *r, GString *sql, GString *inner, gint64 from, guint64 feed)
{
    g_autoptr(GHashTable) joined = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) joins = g_string_new(NULL);
    g_string_append(sql, "SELECT ");
    for (guint i = 0; i < r->asking.columns->len; i++) {
        g_string_append(sql, i ? ", _weir_e." : "_weir_e.");
        engine_sql_append_name(sql, g_array_index(r->asking.columns, FeaturesAskColumn, i).name);
        g_string_append_printf(sql, " AS _weir_a%u", i);
        g_string_append_printf(inner, "%s_weir_a%u", i ? ", " : "", i);
    }
    for (size_t i = 0; i < r->n_wanted; i++) {
        const FeaturesWanted *w = &r->wanted[i];
        if (w->how == FEATURES_BY_EXPR) {
            continue;
        }
        g_autofree char *value = w->how == FEATURES_BY_ARRAY
                                     ? g_strdup_printf("_weir_v%zu", i)
                                     : g_strdup_printf("CASE WHEN %s._weir_n IS NULL THEN %s ELSE %s END",
                                                       w->table, w->missing, w->column);
        append_value(sql, feature_of(r, i), value, i);
        g_string_append_printf(inner, ", _weir_f%zu", i);
        if (w->table && g_hash_table_add(joined, w->table)) {
            g_string_append_printf(joins, " LEFT JOIN temp.main.%s ON %s._weir_n = _weir_p._weir_n", w->table,
                                   w->table);
        }
    }
    bool whole = from == 0 && (gint64)r->block.n == r->asking.n_rows;
    if (whole) {
        g_string_append_printf(sql, " FROM %s AS _weir_e", r->asking.relation);
    } else {
        g_string_append_printf(sql,
                               " FROM (SELECT * FROM %s WHERE %s >= %" G_GINT64_FORMAT
                               " AND %s < %" G_GINT64_FORMAT ") AS _weir_e",
                               r->asking.relation, r->asking.rowid, from, r->asking.rowid,
                               from + (gint64)r->block.n);
    }
    g_string_append_printf(sql, " POSITIONAL JOIN weir_feed(%" G_GINT64_FORMAT ") AS _weir_p%s%s",
                           (gint64)feed, joins->str, joins->len ? " ORDER BY _weir_p._weir_n" : "");
}

static size_t asking_column(const FeaturesRetrieval *r, const char *name)
{
    for (guint i = 0; i < r->asking.columns->len; i++) {
        if (g_ascii_strcasecmp(g_array_index(r->asking.columns, FeaturesAskColumn, i).name, name) == 0) {
            return i;
        }
    }
    return 0; /* never: checked when the asking rows were looked at */
}

/* One level more: `sql` becomes a projection over itself that has wanted[i] too. */
static void add_expr(const FeaturesRetrieval *r, GString **sql, GString *inner, size_t i)
{
    const FeaturesUse *use = &r->selection->uses[r->wanted[i].use];
    const FeaturesView *view = use->view;
    GString *outer = g_string_new("SELECT ");
    g_autofree char *value = features_feature_sql(feature_of(r, i));
    g_string_append(outer, inner->str);
    append_value(outer, feature_of(r, i), value, i);
    g_string_append(outer, " FROM (SELECT *");
    for (size_t k = 0; k < view->n_inputs; k++) {
        g_string_append_printf(outer, ", _weir_f%zu AS ",
                               find_wanted(r, use->inputs[k].use, use->inputs[k].feature));
        engine_sql_append_name(outer, view->inputs[k].name);
    }
    for (size_t k = 0; k < view->n_request; k++) {
        g_string_append_printf(outer, ", CAST(_weir_a%zu AS %s) AS ", asking_column(r, view->request[k].name),
                               features_type_sql(view->request[k].type));
        engine_sql_append_name(outer, view->request[k].name);
    }
    g_string_append_printf(outer, " FROM (%s))", (*sql)->str);
    g_string_append_printf(inner, ", _weir_f%zu", i);
    g_string_free(*sql, TRUE);
    *sql = outer;
}

static char *answer_sql(const FeaturesRetrieval *r, gint64 from, const char *into, guint64 feed)
{
    GString *found = g_string_new(NULL);
    g_autoptr(GString) inner = g_string_new(NULL);
    append_found(r, found, inner, from, feed);
    for (size_t i = 0; i < r->n_wanted; i++) {
        if (r->wanted[i].how == FEATURES_BY_EXPR) {
            add_expr(r, &found, inner, i);
        }
    }
    GString *sql = g_string_new(from == 0 ? "CREATE OR REPLACE TEMP TABLE " : "INSERT INTO temp.main.");
    engine_sql_append_name(sql, into);
    g_string_append(sql, from == 0 ? " AS SELECT " : " SELECT ");
    for (guint i = 0; i < r->asking.columns->len; i++) {
        g_string_append_printf(sql, "%s_weir_a%u AS ", i ? ", " : "", i);
        engine_sql_append_name(sql, g_array_index(r->asking.columns, FeaturesAskColumn, i).name);
    }
    for (size_t i = 0; i < r->selection->n_picks; i++) {
        const FeaturesPick *pick = &r->selection->picks[i];
        g_string_append_printf(sql, ", _weir_f%zu AS ", find_wanted(r, pick->use, pick->feature));
        engine_sql_append_name(sql, pick->name);
    }
    g_string_append_printf(sql, " FROM (%s)", found->str);
    g_string_free(found, TRUE);
    return g_string_free(sql, FALSE);
}

/* Each asking row gives exactly one: functions that make several rows of one have no place in a feature. */
static bool check_count(const FeaturesRetrieval *r, gint64 from, const char *into, GError **error)
{
    gint64 n = 0, expected = from + (gint64)r->block.n;
    g_autoptr(GString) sql = g_string_new("SELECT count(*) FROM temp.main.");
    engine_sql_append_name(sql, into);
    if (!engine_query_int(r->conn, sql->str, &n, error)) {
        return false;
    }
    return n == expected || base_fail(error, BASE_E_VALUE_INVALID,
                                      "an expression of an on-demand feature does not give one value a row: "
                                      "%" G_GINT64_FORMAT " rows for %" G_GINT64_FORMAT,
                                      n, expected);
}

bool features_answer(FeaturesRetrieval *r, gint64 from, const char *into, GError **error)
{
    AnswerFeed answer;
    answer_init(&answer, r);
    Engine *engine = engine_conn_engine(r->conn);
    guint64 id = engine_feed_add(engine, &answer.feed);
    g_autofree char *sql = answer_sql(r, from, into, id);
    bool ok = engine_exec(r->conn, sql, error);
    engine_feed_remove(engine, id);
    answer_clear(&answer);
    return ok && check_count(r, from, into, error);
}
