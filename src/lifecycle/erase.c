/* Rows of a person, or for which a condition holds, taken out of tables and archives.
 *
 * Which columns: those that say `entity:`, the key of the entity's own table, and every column that lineage
 * says has the same value. Tables first, in one transaction; then each archive is written anew without the
 * rows, as any archive is written, and the old file is removed once the record names the new one. Files that
 * no record names (an apply was killed before it deleted anything) go: their rows are in the table. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "lifecycle/lifecycle_int.h"

/* One table that is concerned. */
typedef struct {
    const CatalogObject *object;
    GPtrArray *columns; /* char* names; empty with a condition */
    char *relation;     /* the engine's table */
    char *condition;    /* SQL over a row */
    gint64 rows;
} Place;

typedef struct {
    Lifecycle *lifecycle;
    const LifecycleErase *erase;
    GPtrArray *places; /* Place* */
    char *subject;     /* for the record: without the key */
    json_t *archives, *not_possible;
    gint64 archived_rows;
} Erasing;

static void place_free(gpointer data)
{
    Place *place = data;
    g_ptr_array_unref(place->columns);
    g_free(place->relation);
    g_free(place->condition);
    g_free(place);
}

static void note(Erasing *erasing, const char *en, const char *zh)
{
    json_array_append_new(erasing->not_possible, json_pack("{s:s, s:s}", "en", en, "zh", zh));
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
    size_t i;
    const json_t *one;
    json_array_foreach (erasing->not_possible, i, one) {
        if (g_str_equal(base_json_string(one, "en", ""), en)) {
            return;
        }
    }
    note(erasing, en, zh);
}

/* Every column with the same value, however far; views pass it on. The list grows while it is walked. */
static void spread(Erasing *erasing, GPtrArray *carriers)
{
    for (guint i = 0; i < carriers->len; i++) {
        const Carrier *carrier = carriers->pdata[i];
        g_autoptr(GPtrArray) edges =
            catalog_lineage_down(erasing->erase->ask.snapshot, carrier->object, carrier->column);
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

static bool find_carriers(Erasing *erasing, GPtrArray *carriers, GError **error)
{
    CatalogSnapshot *snapshot = erasing->erase->ask.snapshot;
    const CatalogObject *entity = erasing->erase->entity;
    const json_t *key = json_object_get(entity->definition, "key");
    if (json_array_size(key) != 1) {
        base_fail(error, BASE_E_VALUE_INVALID, "entity `%s` has a key of %zu columns", entity->name,
                  json_array_size(key));
        base_error_hint(error, "name tables and conditions: weir erase TABLE --where SQL");
        return false;
    }
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
        add_carrier(carriers, own, json_string_value(json_array_get(key, 0)));
    }
    spread(erasing, carriers);
    return carriers->len > 0 ||
           base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no column says `entity: %s`", entity->name);
}

/* ---- places -------------------------------------------------------------------------------------------- */

static Place *place_of(Erasing *erasing, const CatalogObject *object)
{
    for (guint i = 0; i < erasing->places->len; i++) {
        Place *one = erasing->places->pdata[i];
        if (one->object == object) {
            return one;
        }
    }
    bool history = object->model && object->model->kind == CATALOG_MODEL_SCD2;
    g_autofree char *name = history ? catalog_history_table(object->name) : g_strdup(object->name);
    Place *place = g_new0(Place, 1);
    place->object = object;
    place->columns = g_ptr_array_new_with_free_func(g_free);
    place->relation = engine_sql_table(object->domain, name);
    g_ptr_array_add(erasing->places, place);
    return place;
}

static char *key_condition(const Place *place, const char *key)
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

static bool stands(EngineConn *conn, const Place *place, bool *ret, GError **error)
{
    bool history = place->object->model && place->object->model->kind == CATALOG_MODEL_SCD2;
    g_autofree char *name =
        history ? catalog_history_table(place->object->name) : g_strdup(place->object->name);
    g_autoptr(GPtrArray) columns = lifecycle_columns(conn, place->object->domain, name, error);
    *ret = columns && columns->len > 0;
    return columns != NULL;
}

/* Tables that were never built have no rows. */
static bool drop_absent(Erasing *erasing, EngineConn *conn, GError **error)
{
    for (guint i = erasing->places->len; i-- > 0;) {
        bool there = false;
        if (!stands(conn, erasing->places->pdata[i], &there, error)) {
            return false;
        }
        if (!there) {
            g_ptr_array_remove_index(erasing->places, i);
        }
    }
    return true;
}

static bool find_places(Erasing *erasing, EngineConn *conn, GError **error)
{
    const LifecycleErase *erase = erasing->erase;
    if (!erase->entity) {
        Place *place = place_of(erasing, erase->ask.table);
        place->condition = g_strdup(erase->where);
        erasing->subject = g_strdup_printf("%s, by a condition", erase->ask.table->full_name);
        return drop_absent(erasing, conn, error);
    }
    g_autoptr(GPtrArray) carriers = g_ptr_array_new_with_free_func(carrier_free);
    if (!find_carriers(erasing, carriers, error)) {
        return false;
    }
    for (guint i = 0; i < carriers->len; i++) {
        const Carrier *carrier = carriers->pdata[i];
        if (!carrier->object->model || carrier->object->model->kind != CATALOG_MODEL_VIEW) {
            g_ptr_array_add(place_of(erasing, carrier->object)->columns, g_strdup(carrier->column));
        }
    }
    for (guint i = 0; i < erasing->places->len; i++) {
        Place *place = erasing->places->pdata[i];
        place->condition = key_condition(place, erase->key);
    }
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, erase->key, -1);
    erasing->subject = g_strdup_printf("%s sha256:%.16s", erase->entity->name, digest);
    return drop_absent(erasing, conn, error);
}

/* ---- tables
 * ------------------------------------------------------------------------------------------------ */

/* Keys that were deleted before leave a mark beside a table with a sequence: it goes too. */
static bool delete_marks(EngineConn *conn, const Place *place, GError **error)
{
    g_autofree char *name = g_strdup_printf("del:%s.%s", place->object->domain, place->object->name);
    g_autoptr(GPtrArray) columns = lifecycle_columns(conn, "_weir", name, error);
    if (!columns) {
        return false;
    }
    for (guint i = 0; i < columns->len; i++) {
        const LifecycleColumn *column = columns->pdata[i];
        if (place->columns->len > 0 && g_ascii_strcasecmp(column->name, place->columns->pdata[0]) == 0) {
            g_autofree char *relation = engine_sql_table("_weir", name);
            g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE %s", relation, place->condition);
            return engine_exec(conn, sql, error);
        }
    }
    return true;
}

static bool delete_rows(EngineConn *conn, void *user, GError **error)
{
    Erasing *erasing = user;
    for (guint i = 0; i < erasing->places->len; i++) {
        Place *place = erasing->places->pdata[i];
        g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE %s", place->relation, place->condition);
        if (!engine_exec_values(conn, sql, NULL, 0, &place->rows, error) ||
            !delete_marks(conn, place, error)) {
            return false;
        }
        LifecycleEvent event = {.table = place->object->full_name,
                                .action = "erase",
                                .detail = erasing->subject,
                                .user = erasing->erase->ask.user,
                                .first_day = LIFECYCLE_NEVER,
                                .last_day = LIFECYCLE_NEVER,
                                .rows = place->rows};
        if (place->rows > 0 && !lifecycle_state_event(conn, &event, error)) {
            return false;
        }
    }
    return true;
}

static bool count_rows(Erasing *erasing, EngineConn *conn, GError **error)
{
    for (guint i = 0; i < erasing->places->len; i++) {
        Place *place = erasing->places->pdata[i];
        g_autofree char *sql =
            g_strdup_printf("SELECT count(*) FROM %s WHERE %s", place->relation, place->condition);
        if (!engine_query_int(conn, sql, &place->rows, error)) {
            return false;
        }
    }
    return true;
}

/* ---- archives
 * ------------------------------------------------------------------------------------------------ */

static char *manifest_path(const Lifecycle *lifecycle, const char *path)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".parquet"));
    g_autofree char *name = g_strconcat(stem, ".json", NULL);
    return g_build_filename(lifecycle->archive_dir, name, NULL);
}

static void column_free(gpointer data)
{
    LifecycleColumn *column = data;
    g_free(column->name);
    g_free(column->type);
    g_free(column);
}

/* The columns as they were when it was archived. */
static GPtrArray *manifest_columns(const Lifecycle *lifecycle, const json_t *archive, GError **error)
{
    g_autofree char *path = manifest_path(lifecycle, base_json_string(archive, "path", ""));
    g_autoptr(json_t) manifest = base_json_read_file(path, error);
    if (!manifest) {
        return NULL;
    }
    GPtrArray *columns = g_ptr_array_new_with_free_func(column_free);
    size_t i;
    const json_t *one;
    json_array_foreach (json_object_get(manifest, "columns"), i, one) {
        LifecycleColumn *column = g_new0(LifecycleColumn, 1);
        column->name = g_strdup(base_json_string(one, "name", ""));
        column->type = g_strdup(base_json_string(one, "type", ""));
        g_ptr_array_add(columns, column);
    }
    return columns;
}

typedef struct {
    Erasing *erasing;
    const Place *place;
    const json_t *old;
    LifecycleArchive fresh;
    gint64 rows; /* taken out */
} Rewrite;

static bool switch_archive(EngineConn *conn, void *user, GError **error)
{
    const Rewrite *rewrite = user;
    const LifecycleArchive *fresh = &rewrite->fresh;
    const char *table = rewrite->place->object->full_name;
    EngineValue values[] = {engine_value_text(table),
                            engine_value_int(fresh->first_day),
                            engine_value_int(base_json_int(rewrite->old, "part", 0)),
                            engine_value_int(fresh->part),
                            engine_value_text(fresh->path),
                            engine_value_int(fresh->rows),
                            engine_value_int(fresh->bytes),
                            engine_value_text(fresh->checksum),
                            engine_value_text(fresh->sha256)};
    LifecycleEvent event = {.table = table,
                            .action = "erase",
                            .path = fresh->path,
                            .detail = rewrite->erasing->subject,
                            .user = rewrite->erasing->erase->ask.user,
                            .first_day = fresh->first_day,
                            .last_day = fresh->last_day,
                            .rows = rewrite->rows};
    return engine_exec_values(conn,
                              "UPDATE _weir.archives SET part = $4, path = $5, n_rows = $6, n_bytes = $7, "
                              "checksum = $8, sha256 = $9 WHERE tbl = $1 AND first_day = $2 AND part = $3",
                              values, G_N_ELEMENTS(values), NULL, error) &&
           lifecycle_state_event(conn, &event, error);
}

static bool remove_file(const char *path, GError **error)
{
    return g_unlink(path) == 0 || errno == ENOENT || base_fs_fail(error, errno, "remove", path);
}

static bool remove_archive(const Lifecycle *lifecycle, const char *relative, GError **error)
{
    g_autofree char *path = g_build_filename(lifecycle->archive_dir, relative, NULL);
    g_autofree char *manifest = manifest_path(lifecycle, relative), *dir = g_path_get_dirname(path);
    return remove_file(path, error) && remove_file(manifest, error) && base_fs_sync_dir(dir, error);
}

static bool rewrite_archive(Rewrite *rewrite, EngineConn *conn, const GPtrArray *columns, const char *select,
                            GError **error)
{
    Lifecycle *lifecycle = rewrite->erasing->lifecycle;
    const CatalogObject *object = rewrite->place->object;
    LifecycleArchive *fresh = &rewrite->fresh;
    fresh->first_day = base_json_int(rewrite->old, "first_day", 0);
    fresh->last_day = base_json_int(rewrite->old, "last_day", 0);
    fresh->part = lifecycle_archive_next(conn, object->full_name, fresh->first_day, error);
    g_autofree char *rest = g_strdup_printf("NOT coalesce((%s), false)", rewrite->place->condition);
    return fresh->part > 0 &&
           lifecycle_archive_put(lifecycle, conn, object->domain, object->name, columns, select, rest, fresh,
                                 error) &&
           intake_transact(lifecycle->intake, switch_archive, rewrite, error) &&
           remove_archive(lifecycle, base_json_string(rewrite->old, "path", ""), error);
}

static bool has_columns(const GPtrArray *columns, const Place *place)
{
    for (guint i = 0; i < place->columns->len; i++) {
        bool found = false;
        for (guint j = 0; j < columns->len; j++) {
            found = found || g_ascii_strcasecmp(((const LifecycleColumn *)columns->pdata[j])->name,
                                                place->columns->pdata[i]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* An archive that cannot be searched is told, not passed over. */
static void not_searched(Erasing *erasing, const json_t *archive, const char *why)
{
    const char *path = base_json_string(archive, "path", "");
    g_autofree char *en = g_strdup_printf("the archive %s: %s", path, why),
                    *zh = g_strdup_printf("归档 %s：%s", path, why);
    note(erasing, en, zh);
}

static bool erase_archive(Erasing *erasing, EngineConn *conn, const Place *place, const json_t *archive,
                          GError **error)
{
    g_autoptr(GError) failed = NULL;
    g_autoptr(GPtrArray) columns = manifest_columns(erasing->lifecycle, archive, &failed);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_autofree char *path = NULL, *select = NULL;
    if (!columns || !has_columns(columns, place) ||
        !lifecycle_archive_read(erasing->lifecycle, conn, columns, archive, &path, &select, found, NULL,
                                &failed)) {
        not_searched(erasing, archive, failed ? failed->message : "it has no such column");
        return true;
    }
    Rewrite rewrite = {.erasing = erasing, .place = place, .old = archive};
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s WHERE %s", select, place->condition);
    bool ok = true;
    if (!engine_query_int(conn, sql, &rewrite.rows, &failed)) {
        not_searched(erasing, archive, failed->message);
    } else if (rewrite.rows > 0) {
        ok = erasing->erase->dry || rewrite_archive(&rewrite, conn, found, select, error);
        g_autofree char *day = lifecycle_day_text(base_json_int(archive, "first_day", 0));
        json_array_append_new(erasing->archives,
                              json_pack("{s:s, s:s, s:I}", "table", place->object->full_name, "partition",
                                        day, "rows", (json_int_t)rewrite.rows));
        erasing->archived_rows += rewrite.rows;
    }
    lifecycle_archive_clear(&rewrite.fresh);
    unlink(path);
    return ok;
}

/* ---- files that no record names ---------------------------------------------------------------------------
 */

typedef struct {
    const Lifecycle *lifecycle;
    const json_t *archives;
    GPtrArray *paths; /* char*, relative to the archive folder */
    const char *prefix;
} Orphans;

static bool see_file(const char *path, const char *relative, gpointer user, GError **error)
{
    (void)path;
    (void)error;
    Orphans *orphans = user;
    g_autofree char *name = g_strdup_printf("%s/%s", orphans->prefix, relative);
    size_t i;
    const json_t *one;
    if (!g_str_has_suffix(name, ".parquet")) {
        return true;
    }
    json_array_foreach (orphans->archives, i, one) {
        if (g_str_equal(base_json_string(one, "path", ""), name)) {
            return true;
        }
    }
    g_ptr_array_add(orphans->paths, g_steal_pointer(&name));
    return true;
}

static bool remove_orphans(Erasing *erasing, const Place *place, const json_t *archives, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *prefix = g_strdup_printf("%s/%s", place->object->domain, place->object->name);
    g_autofree char *dir = g_build_filename(erasing->lifecycle->archive_dir, prefix, NULL);
    Orphans orphans = {erasing->lifecycle, archives, paths, prefix};
    if (erasing->erase->dry || !g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        return true;
    }
    if (!base_fs_walk(dir, see_file, &orphans, error)) {
        return false;
    }
    for (guint i = 0; i < paths->len; i++) {
        if (!remove_archive(erasing->lifecycle, paths->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

static bool erase_archives(Erasing *erasing, EngineConn *conn, GError **error)
{
    for (guint i = 0; i < erasing->places->len; i++) {
        const Place *place = erasing->places->pdata[i];
        EngineValue table = engine_value_text(place->object->full_name);
        g_autoptr(json_t) archives =
            engine_query_json(conn, "SELECT * FROM _weir.archives WHERE tbl = $1 ORDER BY first_day, part",
                              &table, 1, LIFECYCLE_MAX_ARCHIVES, error);
        if (!archives || !remove_orphans(erasing, place, archives, error)) {
            return false;
        }
        size_t j;
        const json_t *archive;
        json_array_foreach (archives, j, archive) {
            if (!erase_archive(erasing, conn, place, archive, error)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- the whole
 * ----------------------------------------------------------------------------------------------- */

static json_t *answer(const Erasing *erasing)
{
    json_t *tables = json_array();
    gint64 rows = 0;
    for (guint i = 0; i < erasing->places->len; i++) {
        const Place *place = erasing->places->pdata[i];
        json_t *columns = json_array();
        for (guint j = 0; j < place->columns->len; j++) {
            json_array_append_new(columns, json_string(place->columns->pdata[j]));
        }
        json_array_append_new(tables, json_pack("{s:s, s:o, s:I}", "table", place->object->full_name,
                                                "columns", columns, "rows", (json_int_t)place->rows));
        rows += place->rows;
    }
    return json_pack("{s:s, s:o, s:O, s:I, s:I, s:O, s:b}", "subject", erasing->subject, "tables", tables,
                     "archives", erasing->archives, "rows", (json_int_t)rows, "archived_rows",
                     (json_int_t)erasing->archived_rows, "not_possible", erasing->not_possible, "dry",
                     (int)erasing->erase->dry);
}

static bool erase_rows(Erasing *erasing, GError **error)
{
    g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < erasing->places->len; i++) {
        const CatalogObject *object = ((const Place *)erasing->places->pdata[i])->object;
        g_ptr_array_add(tables, intake_table_key(object->domain, object->name));
    }
    return intake_transact_on(erasing->lifecycle->intake, tables, delete_rows, erasing, error);
}

static bool erase_all(Erasing *erasing, EngineConn *conn, GError **error)
{
    bool rows = erasing->erase->dry ? count_rows(erasing, conn, error) : erase_rows(erasing, error);
    return rows && erase_archives(erasing, conn, error);
}

bool lifecycle_erase(Lifecycle *lifecycle, const LifecycleErase *erase, json_t **ret, GError **error)
{
    Erasing erasing = {.lifecycle = lifecycle,
                       .erase = erase,
                       .places = g_ptr_array_new_with_free_func(place_free),
                       .archives = json_array(),
                       .not_possible = json_array()};
    note(&erasing, "backups made before, and what was sent or exported",
         "此前的备份，以及已发送或导出的数据");
    note(&erasing, "rejected rows of loads (errors/), until they are removed",
         "导入时被拒绝的行（errors/），直至删除");
    note(&erasing, "rows that a source still holds: they come again with a full load",
         "源端仍保留的行：全量导入时会再次进入");
    g_mutex_lock(&lifecycle->lock);
    g_autoptr(EngineConn) conn = engine_connect(lifecycle->engine, error);
    bool ok = conn && find_places(&erasing, conn, error) && erase_all(&erasing, conn, error);
    if (ok) {
        *ret = answer(&erasing);
    }
    g_mutex_unlock(&lifecycle->lock);
    g_ptr_array_unref(erasing.places);
    json_decref(erasing.archives);
    json_decref(erasing.not_possible);
    g_free(erasing.subject);
    return ok;
}
