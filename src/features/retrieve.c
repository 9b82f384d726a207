/* Training rows. Asking rows are taken in blocks; for each block, each view's source is fetched (in passes by
 * a hash of its keys where it is too large), joined, and the winners' values are put at the asking rows'
 * places. What arrays cannot hold, and windows, go through the engine (windows.c); then the engine makes the
 * answer (answer.c). Everything sees one state of the warehouse. */
#include "features/offline_int.h"

#include <string.h>

#include "base/text.h"
#include "engine/sql.h"

#define MIN_BUDGET_BYTES ((gint64)1 << 20)
#define MIN_BLOCK_ROWS   65536
#define MAX_BLOCK_ROWS   ((gint64)1 << 30)
#define MAX_MODULUS      ((guint64)1 << 20)
#define TABLE_SELECT     "(SELECT * FROM "

/* ---- what is wanted -------------------------------------------------------------------------------------
 */

static FeaturesHow how_of(const FeaturesUse *use, const FeaturesFeature *feature, FeaturesWanted *wanted)
{
    if (use->view->from == FEATURES_FROM_REQUEST) {
        return FEATURES_BY_EXPR;
    }
    if (feature->window_us > 0) {
        return FEATURES_BY_WINDOW;
    }
    return features_column_type(feature->type, &wanted->id, &wanted->width) ? FEATURES_BY_ARRAY
                                                                            : FEATURES_BY_ROW;
}

static void want(const FeaturesSelection *selection, GArray *list, size_t use, size_t feature)
{
    for (guint i = 0; i < list->len; i++) {
        const FeaturesWanted *known = &g_array_index(list, FeaturesWanted, i);
        if (known->use == use && known->feature == feature) {
            return;
        }
    }
    const FeaturesUse *from = &selection->uses[use];
    FeaturesWanted wanted = {.use = use, .feature = feature};
    wanted.how = how_of(from, &from->view->features[feature], &wanted);
    for (size_t i = 0; wanted.how == FEATURES_BY_EXPR && i < from->view->n_inputs; i++) {
        want(selection, list, from->inputs[i].use, from->inputs[i].feature);
    }
    g_array_append_val(list, wanted);
}

static void want_all(FeaturesRetrieval *r)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FeaturesWanted));
    for (size_t i = 0; i < r->selection->n_picks; i++) {
        want(r->selection, list, r->selection->picks[i].use, r->selection->picks[i].feature);
    }
    r->n_wanted = list->len;
    r->wanted = (FeaturesWanted *)(void *)g_array_free(list, FALSE);
}

static size_t count_how(const FeaturesRetrieval *r, size_t use, FeaturesHow how)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_wanted; i++) {
        n += r->wanted[i].use == use && r->wanted[i].how == how;
    }
    return n;
}

/* ---- a use's source ---------------------------------------------------------------------------------------
 */

static char *type_of(const GArray *columns, const char *name)
{
    for (guint i = 0; i < columns->len; i++) {
        const FeaturesAskColumn *column = &g_array_index(columns, FeaturesAskColumn, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column->type;
        }
    }
    return NULL;
}

static char *source_time(const FeaturesView *view, const GArray *columns, const char *name, bool *ret_zone,
                         GError **error)
{
    const char *type = type_of(columns, name);
    char *sql = type ? features_time_sql(name, type, ret_zone) : NULL;
    if (!sql) {
        base_fail(error, BASE_E_ENTITY_ROWS, "column `%s` of view `%s` is %s, not a time", name, view->name,
                  type ? type : "not there");
    }
    return sql;
}

void features_stored_order(EngineConn *conn, const FeaturesView *view, const GArray *columns,
                           char **ret_relation, char **ret_rowid)
{
    g_autofree char *relation = g_strdup(view->relation);
    const char *name = "rowid";
    *ret_relation = *ret_rowid = NULL;
    if (g_str_has_prefix(relation, TABLE_SELECT) && view->from == FEATURES_FROM_TABLE) {
        char *numbered =
            g_strconcat("(SELECT rowid AS _weir_rowid, * FROM ", relation + strlen(TABLE_SELECT), NULL);
        g_free(relation);
        relation = numbered;
        name = "_weir_rowid";
    } else if (*relation == '(' || type_of(columns, "rowid")) {
        return;
    }
    g_autofree char *sql = g_strdup_printf("SELECT %s FROM %s", name, relation);
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql, NULL);
    if (stmt && engine_stmt_n_columns(stmt) == 1 && engine_stmt_column_type(stmt, 0).id == ENGINE_INT64) {
        *ret_relation = g_steal_pointer(&relation);
        *ret_rowid = g_strdup(name);
    }
}

static void find_rowid(FeaturesUsed *used, const FeaturesRetrieval *r, const GArray *columns)
{
    char *relation = NULL;
    features_stored_order(r->conn, used->use->view, columns, &relation, &used->rowid);
    if (relation) {
        g_free(used->relation);
        used->relation = relation;
    }
}

static char *source_key(const FeaturesKey *key)
{
    g_autoptr(GString) name = g_string_new(NULL);
    engine_sql_append_name(name, key->name);
    if (key->type == FEATURES_TIMESTAMP) {
        return g_strdup_printf("epoch_us(%s)", name->str);
    }
    const char *type = key->type == FEATURES_STRING  ? "VARCHAR"
                       : key->type == FEATURES_BYTES ? "BLOB"
                                                     : "BIGINT";
    return g_strdup_printf("CAST(%s AS %s)", name->str, type);
}

static bool used_open(FeaturesUsed *used, const FeaturesRetrieval *r, const FeaturesUse *use, GError **error)
{
    const FeaturesView *view = use->view;
    *used = (FeaturesUsed){.use = use, .relation = g_strdup(view->relation)};
    g_autoptr(GArray) columns = features_columns_of(r->conn, view->relation, error);
    if (!columns) {
        return false;
    }
    if (!(used->time_sql = source_time(view, columns, view->time, &used->time_zone, error)) ||
        (view->created &&
         !(used->created_sql = source_time(view, columns, view->created, &used->created_zone, error)))) {
        return false;
    }
    used->keys = g_new0(char *, view->n_keys + 1);
    for (size_t k = 0; k < view->n_keys; k++) {
        used->keys[k] = source_key(&view->keys[k]);
    }
    used->keys_sql = g_strjoinv(", ", used->keys);
    find_rowid(used, r, columns);
    return true;
}

static void used_clear(FeaturesUsed *used)
{
    g_free(used->relation);
    g_free(used->time_sql);
    g_free(used->created_sql);
    g_free(used->keys_sql);
    g_strfreev(used->keys);
    g_free(used->rowid);
    *used = (FeaturesUsed){0};
}

void features_append_feature(GString *sql, const FeaturesFeature *feature)
{
    if (feature->expr) {
        g_string_append_printf(sql, "(%s)", feature->expr);
    } else {
        engine_sql_append_name(sql, feature->name);
    }
}

char *features_feature_sql(const FeaturesFeature *feature)
{
    g_autoptr(GString) sql = g_string_new("CAST(");
    features_append_feature(sql, feature);
    g_string_append_printf(sql, " AS %s)", features_type_sql(feature->type));
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

/* ---- one source: fetch, join, gather
 * ------------------------------------------------------------------------ */

/* What is fetched of a use: keys, time, [created], order, features. */
typedef struct {
    FeaturesRetrieval *r;
    const FeaturesUsed *used;
    size_t use, n_keys, time, created, order, first_feature;
    GString *select, *where;
    gint64 *winners;    /* BY_ROW: rowid of the winner by place; else NULL */
    GPtrArray *fetched; /* FeaturesWanted*, by array */
    guint32 *won;
} Source;

static void append_hash(GString *sql, const FeaturesView *view)
{
    g_string_append(sql, "hash(0");
    for (size_t i = 0; i < view->n_features; i++) {
        if (view->features[i].window_us == 0) {
            g_autofree char *value = features_feature_sql(&view->features[i]);
            g_string_append_printf(sql, ", %s", value);
        }
    }
    g_string_append_c(sql, ')');
}

void features_append_hash_order(GString *sql, const FeaturesView *view)
{
    g_string_append(sql, "CAST(");
    append_hash(sql, view);
    g_string_append(sql, " >> 1 AS BIGINT)");
}

static void append_order(Source *s)
{
    if (s->used->rowid) {
        g_string_append_printf(s->select, ", %s", s->used->rowid);
        return;
    }
    g_string_append(s->select, ", ");
    features_append_hash_order(s->select, s->used->use->view);
}

static void append_where(Source *s)
{
    const FeaturesRetrieval *r = s->r;
    const FeaturesView *view = s->used->use->view;
    gint64 oldest;
    g_string_append_printf(s->where, "%s <= ", s->used->time_sql);
    features_append_time(s->where, r->block.max_us, s->used->time_zone);
    if (view->ttl_us > 0 && !__builtin_sub_overflow(r->block.min_us, view->ttl_us, &oldest)) {
        g_string_append_printf(s->where, " AND %s >= ", s->used->time_sql);
        features_append_time(s->where, oldest, s->used->time_zone);
    }
}

static void source_init(Source *s, FeaturesRetrieval *r, const FeaturesUsed *used, size_t use)
{
    *s = (Source){.r = r, .used = used, .use = use, .n_keys = used->use->view->n_keys};
    s->select = g_string_new(used->keys_sql);
    s->where = g_string_new(NULL);
    s->fetched = g_ptr_array_new();
    g_string_append_printf(s->select, "%s%s", s->n_keys ? ", " : "", used->time_sql);
    s->time = s->n_keys;
    s->created = used->created_sql ? s->time + 1 : 0;
    s->order = s->time + (s->created ? 2 : 1);
    s->first_feature = s->order + 1;
    if (s->created) {
        g_string_append_printf(s->select, ", %s", used->created_sql);
    }
    append_order(s);
    for (size_t i = 0; i < r->n_wanted; i++) {
        FeaturesWanted *wanted = &r->wanted[i];
        if (wanted->use == use && wanted->how == FEATURES_BY_ARRAY) {
            g_autofree char *sql = features_feature_sql(&used->use->view->features[wanted->feature]);
            g_string_append_printf(s->select, ", %s", sql);
            g_ptr_array_add(s->fetched, wanted);
        }
    }
    append_where(s);
    s->won = g_new(guint32, r->block.n + 1);
}

static void source_clear(Source *s)
{
    g_string_free(s->select, TRUE);
    g_string_free(s->where, TRUE);
    g_ptr_array_unref(s->fetched);
    g_free(s->won);
}

static EngineTypeId column_id_of_key(FeaturesType type)
{
    return type == FEATURES_STRING ? ENGINE_TEXT : type == FEATURES_BYTES ? ENGINE_BLOB : ENGINE_INT64;
}

static void set_columns(const Source *s, FeaturesRows *rows)
{
    const FeaturesView *view = s->used->use->view;
    features_rows_init(rows, s->first_feature + s->fetched->len);
    for (size_t k = 0; k < s->n_keys; k++) {
        features_rows_set(rows, k, column_id_of_key(view->keys[k].type), false);
    }
    features_rows_set(rows, s->time, s->used->time_zone ? ENGINE_TIMESTAMP_TZ : ENGINE_TIMESTAMP, true);
    if (s->created) {
        features_rows_set(rows, s->created, s->used->created_zone ? ENGINE_TIMESTAMP_TZ : ENGINE_TIMESTAMP,
                          true);
    }
    features_rows_set(rows, s->order, ENGINE_INT64, false);
    for (guint i = 0; i < s->fetched->len; i++) {
        const FeaturesWanted *wanted = g_ptr_array_index(s->fetched, i);
        features_rows_set(rows, s->first_feature + i, wanted->id, false);
    }
}

/* The block's keys as this use names them. */
static void block_keys(const Source *s, FeaturesJoinKeys *keys)
{
    const FeaturesSelection *selection = s->r->selection;
    for (size_t i = 0; i < s->n_keys; i++) {
        for (size_t k = 0; k < selection->n_keys; k++) {
            if (g_str_equal(selection->keys[k], s->used->use->keys[i])) {
                keys[i] = features_rows_keys(&s->r->block.rows, k);
            }
        }
    }
}

static const gint64 *longs(const FeaturesRows *rows, size_t i)
{
    return (const gint64 *)(const void *)rows->columns[i].data;
}

static bool join_rows(const Source *s, const FeaturesRows *rows, GError **error)
{
    const FeaturesRetrieval *r = s->r;
    const FeaturesView *view = s->used->use->view;
    g_autofree FeaturesJoinKeys *asking_keys = g_new0(FeaturesJoinKeys, s->n_keys + 1);
    g_autofree FeaturesJoinKeys *source_keys = g_new0(FeaturesJoinKeys, s->n_keys + 1);
    g_autofree gint64 *bounds = NULL;
    block_keys(s, asking_keys);
    for (size_t k = 0; k < s->n_keys; k++) {
        source_keys[k] = features_rows_keys(rows, k);
    }
    FeaturesJoinSide asking = {.n_rows = r->block.n,
                               .n_keys = s->n_keys,
                               .keys = asking_keys,
                               .time_us = features_block_times(&r->block)};
    if (r->ask->known_at && s->created) {
        bounds = r->ask->known_at_us == G_MININT64 ? NULL : g_new(gint64, r->block.n + 1);
        for (size_t i = 0; bounds && i < r->block.n; i++) {
            bounds[i] = r->ask->known_at_us;
        }
        asking.created_us = bounds ? bounds : asking.time_us;
    }
    const FeaturesJoinSide source = {.n_rows = rows->n_rows,
                                     .n_keys = s->n_keys,
                                     .keys = source_keys,
                                     .time_us = longs(rows, s->time),
                                     .created_us = s->created ? longs(rows, s->created) : NULL,
                                     .order = longs(rows, s->order)};
    const FeaturesJoinRules rules = {
        .ttl_us = view->ttl_us, .exclusive = view->exclusive, .n_threads = r->readers.threads};
    return features_join(&asking, &source, &rules, r->cancel, s->won, error);
}

static bool gather_texts(const Source *s, const FeaturesColumn *from, FeaturesWanted *to, GError **error)
{
    for (size_t i = 0; i < s->r->block.n; i++) {
        guint32 row = s->won[i], place = s->r->block.place[i];
        if (row == FEATURES_NO_ROW || !(from->valid[row / 64] >> (row % 64) & 1)) {
            continue;
        }
        size_t len = from->offsets[row + 1] - from->offsets[row];
        if (!features_heap_add(&to->heap, from->heap.bytes + from->offsets[row], len, error)) {
            return false;
        }
        to->offsets[place] = to->heap.len - len;
        to->lens[place] = (guint32)len;
        to->has[place] = 1;
    }
    return true;
}

#define GATHER(type)                                                                                         \
    for (size_t i = 0; i < n; i++) {                                                                         \
        guint32 row = won[i];                                                                                \
        if (row != FEATURES_NO_ROW && (!valid || (valid[row / 64] >> (row % 64) & 1))) {                     \
            ((type *)(void *)to->data)[place[i]] = ((const type *)(const void *)from->data)[row];            \
            to->has[place[i]] = 1;                                                                           \
        }                                                                                                    \
    }

static void gather_values(const Source *s, const FeaturesColumn *from, FeaturesWanted *to)
{
    const guint32 *won = s->won, *place = s->r->block.place;
    const guint64 *valid = from->has_null ? from->valid : NULL;
    size_t n = s->r->block.n;
    if (from->width == 8) {
        GATHER(guint64)
    } else if (from->width == 4) {
        GATHER(guint32)
    } else {
        GATHER(guint8)
    }
}

static bool gather(const Source *s, const FeaturesRows *rows, GError **error)
{
    for (guint i = 0; i < s->fetched->len; i++) {
        FeaturesWanted *to = g_ptr_array_index(s->fetched, i);
        const FeaturesColumn *from = &rows->columns[s->first_feature + i];
        if (from->width) {
            gather_values(s, from, to);
        } else if (!gather_texts(s, from, to, error)) {
            return false;
        }
    }
    for (size_t i = 0; s->winners && i < s->r->block.n; i++) {
        if (s->won[i] != FEATURES_NO_ROW) {
            s->winners[s->r->block.place[i]] = longs(rows, s->order)[s->won[i]];
        }
    }
    return true;
}

/* One pass; *ret_full = its rows do not fit. */
static bool join_pass(const Source *s, const FeaturesPass *pass, bool *ret_full, GError **error)
{
    FeaturesRows rows;
    const FeaturesSource source = {.select = s->select->str,
                                   .relation = s->used->relation,
                                   .where = s->where->str,
                                   .keys = s->used->keys_sql,
                                   .rowid = s->used->rowid,
                                   .local = s->used->local,
                                   .time = s->time};
    set_columns(s, &rows);
    bool ok = features_fetch(&s->r->readers, &source, pass, s->r->budget_bytes, s->r->cancel, &rows, ret_full,
                             error);
    if (ok && !*ret_full) {
        ok = join_rows(s, &rows, error) && gather(s, &rows, error);
    }
    features_rows_clear(&rows);
    return ok;
}

/* A pass that is too large becomes two of half its keys each. */
static bool join_passes(const Source *s, GError **error)
{
    g_autoptr(GArray) passes = g_array_new(FALSE, FALSE, sizeof(FeaturesPass));
    FeaturesPass pass = {.modulus = 1};
    g_array_append_val(passes, pass);
    while (passes->len > 0) {
        bool full = false;
        pass = g_array_index(passes, FeaturesPass, passes->len - 1);
        g_array_set_size(passes, passes->len - 1);
        if (!join_pass(s, &pass, &full, error)) {
            return false;
        }
        if (!full) {
            continue;
        }
        if (s->n_keys == 0 || pass.modulus >= MAX_MODULUS) {
            base_fail(error, BASE_E_MEMORY, "the rows of one key of view `%s` do not fit in memory",
                      s->used->use->view->name);
            base_error_hint(error, "give the retrieval more memory, or the view a ttl");
            return false;
        }
        FeaturesPass halves[] = {{pass.modulus * 2, pass.remainder},
                                 {pass.modulus * 2, pass.remainder + pass.modulus}};
        g_array_append_vals(passes, halves, 2);
    }
    return true;
}

/* ---- a block ----------------------------------------------------------------------------------------------
 */

/* Values of queries are looked up by row later: their rows must stay as they are. */
static bool keep_query(FeaturesRetrieval *r, FeaturesUsed *used, size_t use, GError **error)
{
    if (used->rowid) {
        return true;
    }
    char *name = g_strdup_printf("_weir_features_source_%zu", use);
    g_ptr_array_add(r->temps, name);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "CREATE OR REPLACE TEMP TABLE %s AS SELECT row_number() OVER (ORDER BY ", name);
    append_hash(sql, used->use->view);
    g_string_append_printf(sql, ") - 1 AS _weir_rowid, * FROM %s", used->relation);
    g_free(used->relation);
    used->relation = g_strdup_printf("temp.main.%s", name);
    used->rowid = g_strdup("_weir_rowid");
    used->local = true;
    return engine_exec(r->conn, sql->str, error);
}

static bool join_use(FeaturesRetrieval *r, size_t use, GError **error)
{
    FeaturesUsed used;
    size_t by_row = count_how(r, use, FEATURES_BY_ROW), by_window = count_how(r, use, FEATURES_BY_WINDOW);
    size_t by_array = count_how(r, use, FEATURES_BY_ARRAY);
    g_autofree gint64 *winners = NULL;
    bool ok = used_open(&used, r, &r->selection->uses[use], error);
    bool any = r->block.min_us <= r->block.max_us;
    if (ok && by_row > 0) {
        winners = g_new(gint64, r->block.n + 1);
        for (size_t i = 0; i < r->block.n; i++) {
            winners[i] = G_MININT64;
        }
    }
    if (ok && any && by_array + by_row > 0) {
        Source s;
        ok = by_row == 0 || keep_query(r, &used, use, error);
        source_init(&s, r, &used, use);
        s.winners = winners;
        ok = ok && join_passes(&s, error);
        source_clear(&s);
    }
    ok = ok && (by_row == 0 || features_lookup(r, &used, use, winners, error)) &&
         (by_window == 0 || features_windows(r, &used, use, error));
    used_clear(&used);
    return ok;
}

static bool reserve_wanted(FeaturesRetrieval *r, GError **error)
{
    size_t n = r->block.n + 1;
    for (size_t i = 0; i < r->n_wanted; i++) {
        FeaturesWanted *wanted = &r->wanted[i];
        if (wanted->how != FEATURES_BY_ARRAY) {
            continue;
        }
        wanted->has = g_try_malloc0(n);
        wanted->data = wanted->width ? g_try_malloc(n * wanted->width) : NULL;
        wanted->offsets = wanted->width ? NULL : g_try_new(guint64, n);
        wanted->lens = wanted->width ? NULL : g_try_new(guint32, n);
        if (!wanted->has || !(wanted->width ? wanted->data != NULL : wanted->offsets && wanted->lens)) {
            return base_fail(error, BASE_E_MEMORY, "not enough memory for %zu training rows", r->block.n);
        }
    }
    return true;
}

static void clear_wanted(FeaturesRetrieval *r)
{
    for (size_t i = 0; i < r->n_wanted; i++) {
        FeaturesWanted *wanted = &r->wanted[i];
        g_clear_pointer(&wanted->data, g_free);
        g_clear_pointer(&wanted->offsets, g_free);
        g_clear_pointer(&wanted->lens, g_free);
        g_clear_pointer(&wanted->has, g_free);
        g_clear_pointer(&wanted->heap.bytes, g_free);
        g_clear_pointer(&wanted->table, g_free);
        g_clear_pointer(&wanted->column, g_free);
        g_clear_pointer(&wanted->missing, g_free);
        wanted->heap = (FeaturesHeap){0};
    }
}

static bool drop_temps(FeaturesRetrieval *r, GError **error)
{
    for (guint i = 0; i < r->temps->len; i++) {
        g_autofree char *sql = g_strdup_printf("DROP TABLE IF EXISTS temp.main.%s",
                                               (const char *)g_ptr_array_index(r->temps, i));
        if (!engine_exec(r->conn, sql, error)) {
            return false;
        }
    }
    g_ptr_array_set_size(r->temps, 0);
    return true;
}

typedef struct {
    FeaturesTell tell;
    void *user;
    gint64 asked, done;
} Teller;

static void tell(const Teller *teller, const char *phase, gint64 done)
{
    const FeaturesProgress progress = {.asked = teller->asked, .done = done, .phase = phase};
    if (teller->tell) {
        teller->tell(&progress, teller->user);
    }
}

static bool do_block(FeaturesRetrieval *r, const char *into, gint64 from, gint64 n, Teller *teller,
                     GError **error)
{
    size_t steps = r->selection->n_uses + 1;
    bool ok = features_block_read(&r->block, r->conn, &r->asking, r->selection, from, n, r->cancel, error) &&
              reserve_wanted(r, error);
    for (size_t u = 0; ok && u < r->selection->n_uses; u++) {
        bool read = r->selection->uses[u].view->from != FEATURES_FROM_REQUEST;
        tell(teller, "joining", from + n * (gint64)u / (gint64)steps);
        ok = !read || join_use(r, u, error);
    }
    if (ok) {
        tell(teller, "writing", from + n * (gint64)(steps - 1) / (gint64)steps);
        ok = features_answer(r, from, into, error) && drop_temps(r, error);
    }
    clear_wanted(r);
    features_block_clear(&r->block);
    return ok;
}

/* ---- all of it
 * ---------------------------------------------------------------------------------------------- */

static bool choose_budget(FeaturesRetrieval *r, GError **error)
{
    r->budget_bytes = r->ask->memory_bytes;
    if (r->budget_bytes <= 0) {
        g_autofree char *text = NULL;
        if (!engine_query_text(r->conn, "SELECT current_setting('memory_limit')", &text, error)) {
            return false;
        }
        gint64 bytes = 0;
        g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1); /* "13.9 GiB" */
        g_autofree char *plain = g_strjoinv("", words);
        r->budget_bytes = base_text_to_bytes(plain, &bytes) ? bytes / 4 : MIN_BUDGET_BYTES;
    }
    r->budget_bytes = MAX(r->budget_bytes, MIN_BUDGET_BYTES);
    return true;
}

/* A third of the memory for asking rows and their answers, the rest for sources. */
static gint64 block_rows(const FeaturesRetrieval *r)
{
    gint64 bytes = 24 + 16 * (gint64)r->selection->n_keys;
    for (size_t i = 0; i < r->n_wanted; i++) {
        bytes += r->wanted[i].how == FEATURES_BY_ARRAY
                     ? 1 + (gint64)(r->wanted[i].width ? r->wanted[i].width : 32)
                     : 8;
    }
    return CLAMP(r->budget_bytes / 3 / bytes, MIN_BLOCK_ROWS, MAX_BLOCK_ROWS);
}

static bool check_views(const FeaturesSelection *selection, GError **error)
{
    for (size_t u = 0; u < selection->n_uses; u++) {
        const FeaturesView *view = selection->uses[u].view;
        if (view->from != FEATURES_FROM_REQUEST && !features_view_readable(view, error)) {
            return false;
        }
    }
    return true;
}

static bool retrieve(FeaturesRetrieval *r, const char *into, FeaturesTell tell_to, void *tell_user,
                     GError **error)
{
    Teller teller = {.tell = tell_to, .user = tell_user, .asked = -1};
    tell(&teller, "reading", 0);
    if (!check_views(r->selection, error) || !features_asking_open(&r->asking, r->conn, r->ask, error) ||
        !choose_budget(r, error)) {
        return false;
    }
    want_all(r);
    teller.asked = r->asking.n_rows;
    gint64 step = block_rows(r), from = 0;
    r->budget_bytes -= MIN(step, teller.asked) < step ? r->budget_bytes / 8 : r->budget_bytes / 3;
    do {
        gint64 n = MIN(step, teller.asked - from);
        if (!do_block(r, into, from, n, &teller, error)) {
            return false;
        }
        from += n;
    } while (from < teller.asked);
    if (r->asking.staged) {
        g_autofree char *sql = g_strdup_printf("DROP TABLE IF EXISTS %s", r->asking.relation);
        return engine_exec(r->conn, sql, error);
    }
    return true;
}

bool features_retrieve(EngineConn *conn, const FeaturesAsk *ask, const char *into, FeaturesTell tell_to,
                       void *tell_user, const gint *cancel, GError **error)
{
    FeaturesRetrieval r = {.conn = conn,
                           .ask = ask,
                           .selection = ask->selection,
                           .cancel = cancel,
                           .temps = g_ptr_array_new_with_free_func(g_free)};
    bool ok = features_readers_open(&r.readers, conn, error) && retrieve(&r, into, tell_to, tell_user, error);
    ok = features_readers_close(&r.readers, ok, ok ? error : NULL) && ok;
    features_asking_clear(&r.asking);
    g_ptr_array_unref(r.temps);
    g_free(r.wanted);
    return ok;
}
