/* Where the rows of a person stand: tables with a column that says `entity:`, the entity's own table, every
 * column that lineage says has the same value; in production and in each environment that has tables of its
 * own. Of each of these tables also the build that a check held back, which a waiver would bring in, and the
 * keys that were deleted from it. */
#include "lifecycle/erase_int.h"

#define MAX_HELD 1000000

void erase_note(Erasing *erasing, const char *en, const char *zh)
{
    if (!base_json_find(erasing->not_possible, "en", en)) {
        json_array_append_new(erasing->not_possible, json_pack("{s:s, s:s}", "en", en, "zh", zh));
    }
}

/* ---- which tables and columns ------------------------------------------------------------------------- */

typedef struct {
    const CatalogObject *object;
    char *column;
} Carrier;

static void carrier_free(gpointer data)
{
    g_free(((Carrier *)data)->column);
    g_free(data);
}

static void add_carrier(GPtrArray *carriers, const CatalogObject *object, const char *column)
{
    for (guint i = 0; i < carriers->len; i++) {
        const Carrier *one = carriers->pdata[i];
        if (one->object == object && g_ascii_strcasecmp(one->column, column) == 0) {
            return;
        }
    }
    Carrier *carrier = g_new0(Carrier, 1);
    carrier->object = object;
    carrier->column = g_strdup(column);
    g_ptr_array_add(carriers, carrier);
}

static bool is_relation(const CatalogObject *object)
{
    return object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL;
}

static void add_declared(GPtrArray *carriers, const CatalogObject *object, const CatalogObject *entity)
{
    size_t i;
    const json_t *column;
    json_array_foreach (json_object_get(object->definition, "columns"), i, column) {
        const char *named = base_json_string(column, "entity", "");
        if (g_str_equal(named, entity->name) || g_str_equal(named, entity->full_name)) {
            add_carrier(carriers, object, base_json_string(column, "name", ""));
        }
    }
}

/* A column that is computed from the key may tell the person too; which rows, only its author knows. */
static void note_derived(Erasing *erasing, const CatalogEdge *edge)
{
    g_autofree char *en = g_strdup_printf(
                        "%s.%s is computed from the key: look at it, and erase by a condition",
                        edge->to->full_name, edge->to_column),
                    *zh = g_strdup_printf("%s.%s 由该键计算得出：请核查并按条件删除", edge->to->full_name,
                                          edge->to_column);
    erase_note(erasing, en, zh);
}

/* Every column with the same value, however far; views pass it on. The list grows while it is walked. */
static void spread(Erasing *erasing, CatalogSnapshot *snapshot, GPtrArray *carriers)
{
    for (guint i = 0; i < carriers->len; i++) {
        const Carrier *carrier = carriers->pdata[i];
        g_autoptr(GPtrArray) edges = catalog_lineage_down(snapshot, carrier->object, carrier->column);
        for (guint j = 0; j < edges->len; j++) {
            const CatalogEdge *edge = edges->pdata[j];
            if (!is_relation(edge->to) || !edge->to_column || !edge->how) {
                continue;
            }
            if (g_str_equal(edge->how, "direct")) {
                add_carrier(carriers, edge->to, edge->to_column);
            } else if (g_str_equal(edge->how, "derived")) {
                note_derived(erasing, edge);
            }
        }
    }
}

/* In one snapshot; carrier by carrier, those of an environment only where they are its own. */
static void find_carriers(Erasing *erasing, CatalogSnapshot *snapshot, const char *key, GPtrArray *carriers)
{
    const CatalogObject *entity = catalog_by_id(snapshot, erasing->erase->entity->id);
    entity = entity ? entity : erasing->erase->entity;
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (is_relation(object)) {
            add_declared(carriers, object, entity);
        }
    }
    const char *table = base_json_string(entity->definition, "table", NULL);
    const CatalogObject *own = table ? catalog_find(snapshot, table, entity->domain, NULL) : NULL;
    if (own && is_relation(own)) {
        add_carrier(carriers, own, key);
    }
    spread(erasing, snapshot, carriers);
}

/* The entity's one key column; NULL + error. */
static const char *key_of(const CatalogObject *entity, GError **error)
{
    const json_t *key = json_object_get(entity->definition, "key");
    if (base_json_n_entries(key) != 1) {
        base_fail(error, BASE_E_VALUE_INVALID, "entity `%s` has a key of %zu columns", entity->name,
                  base_json_n_entries(key));
        base_error_hint(error, "name tables and conditions: weir erase TABLE --where SQL");
        return NULL;
    }
    return json_string_value(base_json_entry(key, 0));
}

/* ---- places -------------------------------------------------------------------------------------------- */

void erase_place_free(gpointer data)
{
    ErasePlace *place = data;
    g_ptr_array_unref(place->columns);
    g_free(place->schema);
    g_free(place->name);
    g_free(place->relation);
    g_free(place->condition);
    g_free(place);
}

static ErasePlace *add_place(Erasing *erasing, const CatalogObject *object, ErasePart part,
                             const char *schema, const char *name)
{
    ErasePlace *place = g_new0(ErasePlace, 1);
    place->object = object;
    place->part = part;
    place->columns = g_ptr_array_new_with_free_func(g_free);
    place->schema = g_strdup(schema);
    place->name = g_strdup(name);
    place->relation = engine_sql_table(schema, name);
    g_ptr_array_add(erasing->places, place);
    return place;
}

static ErasePlace *table_place(Erasing *erasing, const CatalogObject *object)
{
    for (guint i = 0; i < erasing->places->len; i++) {
        ErasePlace *one = erasing->places->pdata[i];
        if (one->object == object && one->part == ERASE_TABLE) {
            return one;
        }
    }
    bool history = object->model && object->model->kind == CATALOG_MODEL_SCD2;
    g_autofree char *name = history ? catalog_history_table(object->name) : g_strdup(object->name);
    return add_place(erasing, object, ERASE_TABLE, object->domain, name);
}

/* A copy of the same rows: what holds for the table holds for it. */
static void add_copy(Erasing *erasing, const ErasePlace *of, ErasePart part, const char *schema,
                     const char *name)
{
    ErasePlace *copy = add_place(erasing, of->object, part, schema, name);
    for (guint i = 0; i < of->columns->len; i++) {
        g_ptr_array_add(copy->columns, g_strdup(of->columns->pdata[i]));
    }
}

static bool is_defined(const Erasing *erasing, const char *id)
{
    const GPtrArray *environments = erasing->erase->environments;
    bool defined = catalog_by_id(erasing->erase->ask.snapshot, id) != NULL;
    for (guint i = 0; environments && !defined && i < environments->len; i++) {
        defined = catalog_by_id(environments->pdata[i], id) != NULL;
    }
    return defined;
}

static void add_held(Erasing *erasing, const json_t *row, guint n_tables)
{
    const char *id = base_json_string(row, "model", ""), *table = base_json_string(row, "table_name", "");
    for (guint i = 0; i < n_tables; i++) {
        const ErasePlace *place = erasing->places->pdata[i];
        if (g_str_equal(place->object->id, id)) {
            add_copy(erasing, place, ERASE_HELD, base_json_string(row, "schema_name", ""), table);
            return;
        }
    }
    if (!is_defined(erasing, id)) {
        g_autofree char *en = g_strdup_printf("the held build of %s, which is defined no more", id),
                        *zh = g_strdup_printf("%s 被挂起的结果（其定义已不存在）", id);
        erase_note(erasing, en, zh);
    }
}

/* Of each table that is concerned: builds that are held, keys that were deleted. */
static bool add_copies(Erasing *erasing, EngineConn *conn, GError **error)
{
    guint n_tables = erasing->places->len;
    g_autoptr(json_t) held = engine_query_json(
        conn, "SELECT model, schema_name, table_name FROM _weir.held WHERE table_name IS NOT NULL", NULL, 0,
        MAX_HELD, error);
    if (!held) {
        return false;
    }
    size_t i;
    const json_t *row;
    json_array_foreach (held, i, row) {
        add_held(erasing, row, n_tables);
    }
    for (guint t = 0; t < n_tables; t++) {
        const ErasePlace *place = erasing->places->pdata[t];
        g_autofree char *name = intake_tombstones_name(place->schema, place->name);
        add_copy(erasing, place, ERASE_DELETED, "_weir", name);
    }
    return true;
}

/* ---- conditions ---------------------------------------------------------------------------------------- */

static char *key_condition(const ErasePlace *place, const char *key)
{
    GString *sql = g_string_new(NULL);
    for (guint i = 0; i < place->columns->len; i++) {
        g_string_append(sql, i ? " OR CAST(" : "CAST(");
        engine_sql_append_name(sql, place->columns->pdata[i]);
        g_string_append(sql, " AS VARCHAR) = ");
        engine_sql_append_text(sql, key);
    }
    return g_string_free(sql, FALSE);
}

static bool has_column(const GPtrArray *standing, const char *name)
{
    for (guint i = 0; i < standing->len; i++) {
        if (g_ascii_strcasecmp(((const LifecycleColumn *)standing->pdata[i])->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A table that was not built since its definition changed has other columns than it says. */
static void keep_columns(Erasing *erasing, ErasePlace *place, const GPtrArray *standing)
{
    for (guint i = place->columns->len; i-- > 0;) {
        const char *column = place->columns->pdata[i];
        if (has_column(standing, column)) {
            continue;
        }
        if (place->part != ERASE_DELETED) {
            g_autofree char *en = g_strdup_printf(
                                "%s.%s: the table as it stands has no such column; erase again "
                                "when it was built as it is defined",
                                place->object->full_name, column),
                            *zh = g_strdup_printf("%s.%s：现有的表没有该列；按定义重建后请再次删除",
                                                  place->object->full_name, column);
            erase_note(erasing, en, zh);
        }
        g_ptr_array_remove_index(place->columns, i);
    }
}

/* Whether the condition can be asked of a table that may lack what it names. */
static bool can_ask(Erasing *erasing, EngineConn *conn, const ErasePlace *place)
{
    static const char *const EN[] = {"", " (held build)", " (deleted keys)"};
    static const char *const ZH[] = {"", "（被挂起的结果）", "（已删除的键）"};
    g_autofree char *all = g_strdup_printf("SELECT count(*) FROM %s", place->relation),
                    *some = g_strdup_printf("%s WHERE %s", all, place->condition);
    g_autoptr(GError) why = NULL;
    gint64 rows = 0;
    if (engine_query_int(conn, some, &rows, &why)) {
        return true;
    }
    g_autoptr(GError) unread = NULL;
    if (!engine_query_int(conn, all, &rows, &unread) || rows > 0) {
        const char *name = place->object->full_name;
        g_autofree char *en = g_strdup_printf("%s%s: %s", name, EN[place->part], why->message),
                        *zh = g_strdup_printf("%s%s：%s", name, ZH[place->part], why->message);
        erase_note(erasing, en, zh);
    }
    return false;
}

/* *ret: it stands, and has what is asked for. */
static bool settle(Erasing *erasing, EngineConn *conn, ErasePlace *place, bool *ret, GError **error)
{
    const LifecycleErase *erase = erasing->erase;
    g_autoptr(GPtrArray) standing = lifecycle_columns(conn, place->schema, place->name, error);
    *ret = standing && standing->len > 0;
    if (!*ret) {
        return standing != NULL;
    }
    if (erase->entity) {
        keep_columns(erasing, place, standing);
        place->condition = key_condition(place, erase->key);
        *ret = place->columns->len > 0;
    } else {
        place->condition = g_strdup(erase->where);
        *ret = place->object == erase->ask.table && place->part == ERASE_TABLE
                   ? true
                   : can_ask(erasing, conn, place);
    }
    return true;
}

static bool settle_all(Erasing *erasing, EngineConn *conn, GError **error)
{
    for (guint i = erasing->places->len; i-- > 0;) {
        bool there = false;
        if (!settle(erasing, conn, erasing->places->pdata[i], &there, error)) {
            return false;
        }
        if (!there) {
            g_ptr_array_remove_index(erasing->places, i);
        }
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void add_carried(Erasing *erasing, CatalogSnapshot *snapshot, const char *key)
{
    bool environment = catalog_environment(snapshot) != NULL;
    g_autoptr(GPtrArray) carriers = g_ptr_array_new_with_free_func(carrier_free);
    find_carriers(erasing, snapshot, key, carriers);
    for (guint i = 0; i < carriers->len; i++) {
        const Carrier *carrier = carriers->pdata[i];
        const CatalogObject *object = carrier->object;
        bool view = object->model && object->model->kind == CATALOG_MODEL_VIEW;
        if (!view && (!environment || object->environment)) {
            g_ptr_array_add(table_place(erasing, object)->columns, g_strdup(carrier->column));
        }
    }
}

static bool find_person(Erasing *erasing, GError **error)
{
    const LifecycleErase *erase = erasing->erase;
    const char *key = key_of(erase->entity, error);
    if (!key) {
        return false;
    }
    add_carried(erasing, erase->ask.snapshot, key);
    for (guint i = 0; erase->environments && i < erase->environments->len; i++) {
        add_carried(erasing, erase->environments->pdata[i], key);
    }
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, erase->key, -1);
    erasing->subject = g_strdup_printf("%s sha256:%.16s", erase->entity->name, digest);
    return erasing->places->len > 0 ||
           base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no column says `entity: %s`", erase->entity->name);
}

/* The table, and what environments have of their own in its place. */
static void find_table(Erasing *erasing)
{
    const LifecycleErase *erase = erasing->erase;
    table_place(erasing, erase->ask.table);
    for (guint i = 0; erase->environments && i < erase->environments->len; i++) {
        const CatalogObject *own = catalog_by_id(erase->environments->pdata[i], erase->ask.table->id);
        if (own && own->environment && !(own->model && own->model->kind == CATALOG_MODEL_VIEW)) {
            table_place(erasing, own);
        }
    }
    erasing->subject = g_strdup_printf("%s, by a condition", erase->ask.table->full_name);
}

bool erase_find_places(Erasing *erasing, EngineConn *conn, GError **error)
{
    if (!erasing->erase->entity) {
        find_table(erasing);
    } else if (!find_person(erasing, error)) {
        return false;
    }
    return add_copies(erasing, conn, error) && settle_all(erasing, conn, error);
}
