/* What a change costs. Rows and seconds of a rebuild come from the model's last run where there is one; else
 * rows from what it reads and seconds from the rate of all runs so far (a million rows a second before the
 * first). They are estimates and are shown as such. */
#include "warehouse/warehouse_int.h"

#define DEFAULT_ROWS_PER_SECOND 1000000.0

typedef struct {
    json_t *sizes;     /* "schema.name" -> rows */
    json_t *last_runs; /* model id -> {rows, elapsed_us} */
    double rows_per_second;
} Costs;

static bool costs_read(Warehouse *warehouse, Costs *costs, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    if (!conn) {
        return false;
    }
    g_autoptr(json_t) sizes = engine_query_json(conn,
                                                "SELECT schema_name || '.' || table_name AS name, "
                                                "estimated_size AS n FROM duckdb_tables() WHERE NOT internal",
                                                NULL, 0, 1000000, error);
    g_autoptr(json_t) last_runs = sizes ? warehouse_state_last_runs(conn, error) : NULL;
    if (!last_runs) {
        return false;
    }
    costs->sizes = json_object();
    size_t i;
    json_t *row;
    json_array_foreach (sizes, i, row) {
        base_json_set_int(costs->sizes, base_json_string(row, "name", ""), base_json_int(row, "n", 0));
    }
    double rows = 0, seconds = 0;
    const char *model;
    json_object_foreach (last_runs, model, row) {
        rows += (double)base_json_int(row, "rows", 0);
        seconds += (double)base_json_int(row, "elapsed_us", 0) / 1e6;
    }
    costs->rows_per_second = rows > 0 && seconds > 0 ? rows / seconds : DEFAULT_ROWS_PER_SECOND;
    costs->last_runs = g_steal_pointer(&last_runs);
    return true;
}

static void costs_clear(Costs *costs)
{
    g_clear_pointer(&costs->sizes, json_decref);
    g_clear_pointer(&costs->last_runs, json_decref);
}

static gint64 size_of(const Costs *costs, const CatalogObject *object)
{
    g_autofree char *table = warehouse_table_of(object);
    g_autofree char *name = g_strdup_printf("%s.%s", object->domain, table);
    return base_json_int(costs->sizes, name, 0);
}

/* Rows of a table that stands in the engine, -1 = there is none. */
static gint64 rows_standing(const Costs *costs, const CatalogObject *object)
{
    g_autofree char *table = warehouse_table_of(object);
    g_autofree char *name = g_strdup_printf("%s.%s", object->domain, table);
    json_t *rows = json_object_get(costs->sizes, name);
    return rows ? (gint64)json_integer_value(rows) : -1;
}

/* The largest table that a model reads, through views. */
static gint64 rows_read(const Costs *costs, CatalogSnapshot *snapshot, const CatalogObject *model)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, model, NULL);
    gint64 most = 0;
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogEdge *edge = edges->pdata[i];
        gint64 rows = edge->from == model ? 0 : size_of(costs, edge->from);
        most = MAX(most, rows);
    }
    return most;
}

static void set_cost(json_t *json, const Costs *costs, CatalogSnapshot *after, const CatalogChange *change)
{
    json_object_set_new(json, "rows", json_null());
    json_object_set_new(json, "seconds", json_null());
    const CatalogObject *model = change->after;
    bool builds = model && model->kind == CATALOG_MODEL && model->model->kind != CATALOG_MODEL_VIEW &&
                  (change->type == CATALOG_ADDED || change->rebuild);
    if (!builds) {
        return;
    }
    json_t *last = json_object_get(costs->last_runs, model->id);
    gint64 rows =
        last ? MAX(base_json_int(last, "rows", 0), size_of(costs, model)) : rows_read(costs, after, model);
    double seconds = last && change->type == CATALOG_CHANGED && base_json_int(last, "rows", 0) >= rows
                         ? (double)base_json_int(last, "elapsed_us", 0) / 1e6
                         : (double)rows / costs->rows_per_second;
    base_json_set_int(json, "rows", rows);
    json_object_set_new(json, "seconds", json_real((double)(gint64)(seconds * 100 + 0.5) / 100));
}

/* Columns that `before` has and `after` lacks. */
static bool loses_columns(const CatalogObject *before, const CatalogObject *after)
{
    for (guint i = 0; before->table && after->table && i < before->table->columns->len; i++) {
        const CatalogColumn *column = before->table->columns->pdata[i];
        if (!catalog_table_column(after->table, column->name)) {
            return true;
        }
    }
    return false;
}

bool warehouse_change_drops(const CatalogChange *change)
{
    const CatalogObject *before = change->before;
    if (!before || (before->kind != CATALOG_TABLE && before->kind != CATALOG_MODEL)) {
        return false;
    }
    if (before->kind == CATALOG_MODEL && before->model->kind == CATALOG_MODEL_VIEW) {
        return false;
    }
    if (change->type == CATALOG_REMOVED) {
        return true;
    }
    return change->type == CATALOG_CHANGED && before->kind == CATALOG_TABLE &&
           loses_columns(before, change->after);
}

bool warehouse_change_can(const CatalogChange *change, GError **error)
{
    const CatalogObject *before = change->before, *after = change->after;
    bool tables =
        change->type == CATALOG_CHANGED && before->kind == CATALOG_TABLE && before->table && after->table;
    return !tables || intake_table_can_alter(before->table, after->table, error);
}

static bool same_columns(const CatalogObject *a, const CatalogObject *b)
{
    if (!a->columns || !b->columns || a->columns->len != b->columns->len || a->columns->len == 0) {
        return false;
    }
    for (guint i = 0; i < a->columns->len; i++) {
        const CatalogColumn *left = a->columns->pdata[i], *right = b->columns->pdata[i];
        if (g_ascii_strcasecmp(left->name, right->name) != 0) {
            return false;
        }
    }
    return true;
}

/* What the other half of a rename would be: an object of the same kind and columns that goes when this one
 * comes. */
static const CatalogObject *renamed(const CatalogDiff *diff, const CatalogChange *change)
{
    CatalogChangeType other = change->type == CATALOG_ADDED ? CATALOG_REMOVED : CATALOG_ADDED;
    const CatalogObject *object = change->type == CATALOG_ADDED ? change->after : change->before;
    for (guint i = 0; change->type != CATALOG_CHANGED && i < diff->changes->len; i++) {
        const CatalogChange *candidate = diff->changes->pdata[i];
        const CatalogObject *found = candidate->after ? candidate->after : candidate->before;
        if (candidate->type == other && found->kind == object->kind && same_columns(found, object)) {
            return found;
        }
    }
    return NULL;
}

static json_t *reaches(const CatalogChange *change)
{
    json_t *list = json_array();
    for (guint i = 0; change->reaches && i < change->reaches->len; i++) {
        const CatalogObject *object = change->reaches->pdata[i];
        json_array_append_new(list, json_string(object->id));
    }
    return list;
}

static const char *type_name(CatalogChangeType type)
{
    return type == CATALOG_ADDED ? "added" : type == CATALOG_CHANGED ? "changed" : "removed";
}

static json_t *change_to_json(const Costs *costs, const CatalogDiff *diff, const CatalogChange *change)
{
    const CatalogObject *object = change->after ? change->after : change->before;
    json_t *json = json_object();
    base_json_set_string(json, "type", type_name(change->type));
    base_json_set_string(json, "kind", catalog_kind_name(object->kind));
    base_json_set_string(json, "id", object->id);
    base_json_set_string(json, "name", object->full_name);
    base_json_set_string(json, "diff", change->diff);
    json_object_set_new(json, "breaking", json_boolean(change->breaking));
    base_json_set_string(json, "reason", change->breaking_reason);
    json_object_set_new(json, "rebuild", json_boolean(change->rebuild));
    json_object_set_new(json, "reaches", reaches(change));
    set_cost(json, costs, diff->after, change);
    bool drops = warehouse_change_drops(change) && rows_standing(costs, object) > 0;
    json_object_set_new(json, "drops_data", json_boolean(drops));
    if (drops) {
        base_json_set_int(json, "rows", rows_standing(costs, object));
    }
    g_autoptr(GError) why = NULL;
    if (!warehouse_change_can(change, &why)) {
        base_json_set_string(json, "impossible", why->message);
    }
    const CatalogObject *other =
        object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL ? renamed(diff, change) : NULL;
    if (other) {
        g_autofree char *note = g_strdup_printf(
            change->type == CATALOG_ADDED ? "a rename of `%s`? It is made anew; data is not carried over"
                                          : "renamed to `%s`? It is dropped; data is not carried over",
            other->full_name);
        base_json_set_string(json, "note", note);
    }
    return json;
}

json_t *warehouse_plan_to_json(Warehouse *warehouse, const CatalogDiff *diff, GError **error)
{
    Costs costs = {0};
    if (!costs_read(warehouse, &costs, error)) {
        return NULL;
    }
    json_t *changes = json_array();
    for (guint i = 0; i < diff->changes->len; i++) {
        json_array_append_new(changes, change_to_json(&costs, diff, diff->changes->pdata[i]));
    }
    costs_clear(&costs);
    json_t *plan = json_object();
    base_json_set_string(plan, "id", diff->id);
    json_object_set_new(plan, "changes", changes);
    base_json_set_int(plan, "added", (gint64)diff->n_added);
    base_json_set_int(plan, "changed", (gint64)diff->n_changed);
    base_json_set_int(plan, "removed", (gint64)diff->n_removed);
    return plan;
}
