/* Rows of a person, or for which a condition holds, taken out of tables and archives.
 *
 * Which tables and columns: erase_places.c. Nothing is built meanwhile: what a run read before, it would swap
 * in after. Tables first, in one transaction; then each archive is written anew without the rows, as any
 * archive is written, and the old file is removed once the record names the new one. Files that no record
 * names (an apply was killed before it deleted anything) go: their rows are in the table. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "lifecycle/erase_int.h"
#include "warehouse/warehouse.h"

/* ---- tables
 * ------------------------------------------------------------------------------------------------ */

/* The board says how many rows a held build has. */
static bool count_held(EngineConn *conn, const ErasePlace *place, GError **error)
{
    EngineValue values[] = {engine_value_int(place->rows), engine_value_text(place->schema),
                            engine_value_text(place->name)};
    return engine_exec_values(
        conn,
        "UPDATE _weir.held SET n_rows = greatest(n_rows - $1, 0) WHERE schema_name = $2 "
        "AND table_name = $3",
        values, G_N_ELEMENTS(values), NULL, error);
}

static bool delete_rows(EngineConn *conn, void *user, GError **error)
{
    Erasing *erasing = user;
    for (guint i = 0; i < erasing->places->len; i++) {
        ErasePlace *place = erasing->places->pdata[i];
        g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE %s", place->relation, place->condition);
        if (!engine_exec_values(conn, sql, NULL, 0, &place->rows, error) ||
            (place->part == ERASE_HELD && !count_held(conn, place, error))) {
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
        ErasePlace *place = erasing->places->pdata[i];
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
    const ErasePlace *place;
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

static bool has_columns(const GPtrArray *columns, const ErasePlace *place)
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
    erase_note(erasing, en, zh);
}

static bool erase_archive(Erasing *erasing, EngineConn *conn, const ErasePlace *place, const json_t *archive,
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

static bool remove_orphans(Erasing *erasing, const ErasePlace *place, const json_t *archives, GError **error)
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
        const ErasePlace *place = erasing->places->pdata[i];
        if (place->part != ERASE_TABLE || place->object->environment) {
            continue; /* they have none */
        }
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
    static const char *const PARTS[] = {"table", "held", "deleted"};
    json_t *tables = json_array();
    gint64 rows = 0;
    for (guint i = 0; i < erasing->places->len; i++) {
        const ErasePlace *place = erasing->places->pdata[i];
        json_t *columns = json_array();
        for (guint j = 0; j < place->columns->len; j++) {
            json_array_append_new(columns, json_string(place->columns->pdata[j]));
        }
        json_array_append_new(tables, json_pack("{s:s, s:s, s:o, s:I}", "table", place->object->full_name,
                                                "part", PARTS[place->part], "columns", columns, "rows",
                                                (json_int_t)place->rows));
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
        const ErasePlace *place = erasing->places->pdata[i];
        if (place->part ==
            ERASE_TABLE) { /* once each; nothing loads into the others but what loads into it */
            g_ptr_array_add(tables, intake_table_key(place->object->domain, place->object->name));
        }
    }
    return intake_transact_on(erasing->lifecycle->intake, tables, delete_rows, erasing, error);
}

static bool erase_all(Erasing *erasing, EngineConn *conn, GError **error)
{
    bool rows = erasing->erase->dry ? count_rows(erasing, conn, error) : erase_rows(erasing, error);
    return rows && erase_archives(erasing, conn, error);
}

/* What no erasure reaches. */
static void note_always(Erasing *erasing)
{
    static const char *const NOTES[][2] = {
        {"backups made before, and what was sent or exported", "此前的备份，以及已发送或导出的数据"},
        {"rejected rows of loads (errors/), until they are removed", "导入时被拒绝的行（errors/），直至删除"},
        {"rows that checks set aside or showed, and rejected rows of features (_weir.rejects, "
         "_weir.failed_rows, "
         "_weir.feature_rejects), until they are removed",
         "检查隔离或展示的行，以及特征被拒绝的行（_weir.rejects、_weir.failed_rows、_weir.feature_"
         "rejects），直至删除"},
        {"rows that a source still holds: they come again with a full load",
         "源端仍保留的行：全量导入时会再次进入"},
        {"loads that were begun and are not committed yet", "已开始但尚未提交的导入"},
        {"online values of feature views (weir features erase), and results of retrievals",
         "特征视图的在线值（weir features erase），以及取数结果"}};
    for (size_t i = 0; i < G_N_ELEMENTS(NOTES); i++) {
        erase_note(erasing, NOTES[i][0], NOTES[i][1]);
    }
    const GPtrArray *unread = erasing->erase->unread;
    for (guint i = 0; unread && i < unread->len; i++) {
        const char *name = unread->pdata[i];
        g_autofree char *en = g_strdup_printf("tables of environment `%s`, whose definitions cannot be read",
                                              name),
                        *zh = g_strdup_printf("环境 `%s` 的表：无法读取其定义", name);
        erase_note(erasing, en, zh);
    }
}

bool lifecycle_erase(Lifecycle *lifecycle, const LifecycleErase *erase, json_t **ret, GError **error)
{
    Erasing erasing = {.lifecycle = lifecycle,
                       .erase = erase,
                       .places = g_ptr_array_new_with_free_func(erase_place_free),
                       .archives = json_array(),
                       .not_possible = json_array()};
    note_always(&erasing);
    if (!erase->dry) {
        warehouse_claim_all(erase->warehouse);
    }
    g_mutex_lock(&lifecycle->lock);
    g_autoptr(EngineConn) conn = engine_connect(lifecycle->engine, error);
    bool ok = conn && erase_find_places(&erasing, conn, error) && erase_all(&erasing, conn, error);
    if (ok) {
        *ret = answer(&erasing);
    }
    g_mutex_unlock(&lifecycle->lock);
    if (!erase->dry) {
        warehouse_release_all(erase->warehouse);
    }
    g_ptr_array_unref(erasing.places);
    json_decref(erasing.archives);
    json_decref(erasing.not_possible);
    g_free(erasing.subject);
    return ok;
}
