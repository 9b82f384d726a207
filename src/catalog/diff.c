/* What changes between two snapshots: per object a text diff, whether it breaks what others read, whether a
 * model's data must be made again, and what is reached downstream.
 *
 * Breaking: a table or model that others read goes; a column goes or takes another type; the key, the grain
 * (time), the table model or the layer's object kind changes; for other kinds, an object that others name
 * goes or changes what it computes. Rebuild: the SQL means something else (comments and white space do not
 * count), the kind, key or time changed, or an input's columns changed or an input is rebuilt itself. */
#include <stdarg.h>

#include "base/text.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"

#define DIFF_CONTEXT 2

static void free_change(gpointer data)
{
    CatalogChange *change = data;
    g_free(change->diff);
    g_free(change->breaking_reason);
    g_clear_pointer(&change->reaches, g_ptr_array_unref);
    g_free(change);
}

void catalog_diff_free(CatalogDiff *diff)
{
    if (diff) {
        g_free(diff->id);
        g_clear_pointer(&diff->changes, g_ptr_array_unref);
        catalog_snapshot_unref(diff->before);
        catalog_snapshot_unref(diff->after);
        g_free(diff);
    }
}

/* ---- breaking -------------------------------------------------------------------------------------------
 */

static void set_breaking(CatalogChange *change, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void set_breaking(CatalogChange *change, const char *format, ...)
{
    if (change->breaking) {
        return; /* the first reason is the one that is told */
    }
    va_list args;
    va_start(args, format);
    change->breaking_reason = g_strdup_vprintf(format, args);
    va_end(args);
    change->breaking = true;
}

/* Who reads a column, for the reason: the nearest one by name. */
static const CatalogObject *reader_of(const CatalogSnapshot *snapshot, const CatalogObject *object,
                                      const char *column, guint *ret_n)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_down(snapshot, object, column);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    const CatalogObject *first = NULL;
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (g_hash_table_add(seen, (gpointer)(guintptr)edge->to) && !first) {
            first = edge->to;
        }
    }
    *ret_n = g_hash_table_size(seen);
    return first;
}

static void column_breaks(CatalogChange *change, const CatalogSnapshot *before, const char *column,
                          const char *what)
{
    guint n = 0;
    const CatalogObject *reader = reader_of(before, change->before, column, &n);
    if (!reader) {
        set_breaking(change, "column `%s` %s", column, what);
    } else if (n == 1) {
        set_breaking(change, "column `%s` %s; %s reads it", column, what, reader->full_name);
    } else {
        set_breaking(change, "column `%s` %s; %s and %u more read it", column, what, reader->full_name,
                     n - 1);
    }
}

static void compare_columns(CatalogChange *change, const CatalogSnapshot *before)
{
    const GPtrArray *old = change->before->columns;
    const GPtrArray *new = change->after->columns;
    for (guint i = 0; old && new && i < old->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(old, i);
        const CatalogColumn *now = catalog_columns_find(new, column->name);
        if (!now && !catalog_node(change->after)->columns_open) {
            column_breaks(change, before, column->name, "goes");
        } else if (now && *column->type && *now->type && !g_str_equal(column->type, now->type)) {
            g_autofree char *what = g_strdup_printf("turns from %s into %s", column->type, now->type);
            column_breaks(change, before, column->name, what);
        }
    }
}

static bool same_member(const CatalogChange *change, const char *key)
{
    const json_t *a = json_object_get(change->before->definition, key);
    const json_t *b = json_object_get(change->after->definition, key);
    return (!a && !b) || (a && b && json_equal(a, b));
}

static void compare_keys(CatalogChange *change)
{
    static const char *const grain[] = {"key", "time", "model", "sequence", NULL};
    for (size_t i = 0; grain[i]; i++) {
        if (!same_member(change, grain[i])) {
            set_breaking(change, "`%s` changes: rows mean something else", grain[i]);
        }
    }
}

/* What a metric, feature or stream computes is its meaning for whoever uses it. */
static void compare_meaning(CatalogChange *change, const CatalogSnapshot *before)
{
    static const char *const keys[] = {"expr", "agg",      "table",  "of",  "where",    "window", "offset",
                                       "type", "entities", "source", "key", "features", "schema", NULL};
    g_autoptr(GPtrArray) readers = catalog_downstream(before, change->before);
    for (size_t i = 0; keys[i] && readers->len > 0; i++) {
        if (!same_member(change, keys[i])) {
            const CatalogObject *reader = g_ptr_array_index(readers, 0);
            set_breaking(change, "`%s` changes; %s uses it", keys[i], reader->full_name);
        }
    }
}

static void judge_removed(CatalogChange *change, const CatalogDiff *diff)
{
    g_autoptr(GPtrArray) readers = catalog_downstream(diff->before, change->before);
    for (guint i = 0; i < readers->len; i++) {
        const CatalogObject *reader = g_ptr_array_index(readers, i);
        if (catalog_by_id(diff->after, reader->id)) {
            set_breaking(change, "it goes; %s uses it", reader->full_name);
        }
    }
    if (change->before->kind == CATALOG_TABLE || change->before->kind == CATALOG_MODEL) {
        set_breaking(change, "the table goes");
    }
}

static void judge_changed(CatalogChange *change, const CatalogDiff *diff)
{
    if (change->before->columns) {
        compare_columns(change, diff->before);
        compare_keys(change);
        return;
    }
    compare_meaning(change, diff->before);
}

/* ---- rebuilding
 * -------------------------------------------------------------------------------------------- */

char *catalog_sql_meaning(const char *sql)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL);
    GString *out = g_string_new(NULL);
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        g_autofree char *folded = token->type == ENGINE_TOKEN_WORD ? g_ascii_strdown(token->text, -1) : NULL;
        g_string_append_printf(out, "%d%s\n", (int)token->type,
                               folded        ? folded
                               : token->text ? token->text
                                             : "");
    }
    if (!tokens) {
        g_string_append(out, sql);
    }
    return g_string_free(out, FALSE);
}

static bool same_sql(const CatalogModelInfo *a, const CatalogModelInfo *b)
{
    if (g_str_equal(a->sql_resolved, b->sql_resolved)) {
        return true;
    }
    g_autofree char *x = catalog_sql_meaning(a->sql_resolved);
    g_autofree char *y = catalog_sql_meaning(b->sql_resolved);
    return g_str_equal(x, y);
}

static bool model_needs_rebuild(const CatalogChange *change)
{
    const CatalogModelInfo *a = change->before->model, *b = change->after->model;
    return a && b && !(b->keeps_history && a->kind == b->kind) &&
           (a->kind != b->kind || !same_sql(a, b) || !same_member(change, "key") ||
            !same_member(change, "time"));
}

static bool same_columns(const CatalogObject *a, const CatalogObject *b)
{
    const GPtrArray *x = a->columns, *y = b->columns;
    if (!x || !y || x->len != y->len) {
        return x == y;
    }
    for (guint i = 0; i < x->len; i++) {
        const CatalogColumn *c = g_ptr_array_index(x, i), *d = g_ptr_array_index(y, i);
        if (g_ascii_strcasecmp(c->name, d->name) != 0 || !g_str_equal(c->type, d->type)) {
            return false;
        }
    }
    return true;
}

static CatalogChange *add_change(CatalogDiff *diff, CatalogChangeType type, const CatalogObject *before,
                                 const CatalogObject *after)
{
    CatalogChange *change = g_new0(CatalogChange, 1);
    change->type = type;
    change->before = before;
    change->after = after;
    change->diff = base_text_diff(before ? before->text : "", after ? after->text : "", DIFF_CONTEXT);
    g_ptr_array_add(diff->changes, change);
    return change;
}

/* Models below that were not touched themselves but whose input means something else are changes too: their
 * data must be made again. The meaning of a model goes on to all that read it. */
static void spread_rebuilds(CatalogDiff *diff)
{
    g_autoptr(GHashTable) by_object = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < diff->changes->len; i++) {
        CatalogChange *change = g_ptr_array_index(diff->changes, i);
        if (change->after) {
            g_hash_table_insert(by_object, (gpointer)(guintptr)change->after, change);
        }
    }
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = g_ptr_array_index(diff->changes, i);
        bool moves = change->type == CATALOG_CHANGED && change->after->columns &&
                     (change->rebuild || !same_columns(change->before, change->after));
        g_autoptr(GPtrArray) below =
            moves ? catalog_downstream(diff->after, change->after) : g_ptr_array_new();
        for (guint k = 0; k < below->len; k++) {
            const CatalogObject *object = g_ptr_array_index(below, k);
            const CatalogObject *before = catalog_by_id(diff->before, object->id);
            if (object->kind != CATALOG_MODEL || !before) {
                continue;
            }
            CatalogChange *own = g_hash_table_lookup(by_object, object);
            if (!own) {
                own = add_change(diff, CATALOG_CHANGED, before, object);
                g_hash_table_insert(by_object, (gpointer)(guintptr)object, own);
                judge_changed(own, diff);
                diff->n_changed++;
            }
            own->rebuild =
                own->rebuild || (object->model->kind != CATALOG_MODEL_VIEW && !object->model->keeps_history);
        }
    }
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------ */

static void compare(CatalogDiff *diff, const CatalogObject *before, const CatalogObject *after)
{
    if (before && after && g_str_equal(before->hash, after->hash) && same_columns(before, after)) {
        return;
    }
    CatalogChange *change = add_change(diff,
                                       !before  ? CATALOG_ADDED
                                       : !after ? CATALOG_REMOVED
                                                : CATALOG_CHANGED,
                                       before, after);
    if (change->type == CATALOG_ADDED) {
        diff->n_added++;
        change->rebuild = after->model && after->model->kind != CATALOG_MODEL_VIEW;
    } else if (change->type == CATALOG_REMOVED) {
        diff->n_removed++;
        judge_removed(change, diff);
    } else {
        diff->n_changed++;
        judge_changed(change, diff);
        change->rebuild = model_needs_rebuild(change) && after->model->kind != CATALOG_MODEL_VIEW;
    }
}

static char *diff_id(const CatalogSnapshot *before, const CatalogSnapshot *after)
{
    g_autofree char *both =
        g_strdup_printf("%s %s", catalog_snapshot_hash(before), catalog_snapshot_hash(after));
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
    return g_strndup(hash, 8);
}

static gint by_object(gconstpointer a, gconstpointer b)
{
    const CatalogChange *x = *(const CatalogChange *const *)a, *y = *(const CatalogChange *const *)b;
    const CatalogObject *p = x->after ? x->after : x->before, *q = y->after ? y->after : y->before;
    return p->kind != q->kind ? (p->kind < q->kind ? -1 : 1) : strcmp(p->full_name, q->full_name);
}

CatalogDiff *catalog_diff(CatalogSnapshot *before, CatalogSnapshot *after)
{
    CatalogDiff *diff = g_new0(CatalogDiff, 1);
    diff->before = catalog_snapshot_ref(before);
    diff->after = catalog_snapshot_ref(after);
    diff->changes = g_ptr_array_new_with_free_func(free_change);
    diff->id = diff_id(before, after);
    for (guint i = 0; i < after->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(after->objects, i);
        compare(diff, catalog_by_id(before, object->id), object);
    }
    for (guint i = 0; i < before->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(before->objects, i);
        if (!catalog_by_id(after, object->id)) {
            compare(diff, object, NULL);
        }
    }
    spread_rebuilds(diff);
    g_ptr_array_sort(diff->changes, by_object);
    for (guint i = 0; i < diff->changes->len; i++) {
        CatalogChange *change = g_ptr_array_index(diff->changes, i);
        change->reaches = change->after ? catalog_downstream(after, change->after)
                                        : catalog_downstream(before, change->before);
    }
    return diff;
}
