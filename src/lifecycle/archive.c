/* Archives: Parquet files that were read back before anything was deleted.
 *
 * The engine may touch files of the spool folder only. A file is written there, fsynced, read back through
 * the engine and compared with the rows by count and by the sum of the rows' hashes; then its digest is taken
 * and it is moved to <data>/archive/<domain>/<table>/dt=<day>/part-<n>.parquet, with part-<n>.json beside it
 * that says columns, rows, checksum and digest, so that it can be read without Weir. The sum of hashes is the
 * engine's own and compared within one process; what is kept for years is SHA-256 of the file.
 *
 * Parquet has no form for some types (128-bit integers, intervals, enums): they are written as text and cast
 * back; the comparison is over the values as they were. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "lifecycle/lifecycle_int.h"

#define DIGEST_READ_BYTES ((size_t)1 << 20)

void lifecycle_archive_clear(LifecycleArchive *archive)
{
    g_clear_pointer(&archive->path, g_free);
    g_clear_pointer(&archive->checksum, g_free);
    g_clear_pointer(&archive->sha256, g_free);
}

char *lifecycle_spool_path(Lifecycle *lifecycle)
{
    g_autofree char *name = g_strdup_printf("lifecycle-%d.parquet", g_atomic_int_add(&lifecycle->spooled, 1));
    return g_build_filename(lifecycle->spool_dir, name, NULL);
}

/* ---- columns as SQL ------------------------------------------------------------------------------------ */

/* Whether Parquet holds values of the type as they are. */
static bool held_by_parquet(const char *type)
{
    static const char *const HELD[] = {"BOOLEAN",
                                       "TINYINT",
                                       "SMALLINT",
                                       "INTEGER",
                                       "BIGINT",
                                       "UTINYINT",
                                       "USMALLINT",
                                       "UINTEGER",
                                       "UBIGINT",
                                       "FLOAT",
                                       "DOUBLE",
                                       "VARCHAR",
                                       "BLOB",
                                       "DATE",
                                       "TIME",
                                       "UUID",
                                       "TIMESTAMP",
                                       "JSON",
                                       "TIMESTAMP WITH TIME ZONE",
                                       NULL};
    return g_strv_contains(HELD, type) || g_str_has_prefix(type, "DECIMAL(");
}

/* Values of nested types are held when their parts are; else they go as text. */
static bool goes_as_text(const char *type)
{
    static const char *const NOT_HELD[] = {"HUGEINT", "INTERVAL", "ENUM",       "BIT",       "UNION",
                                           "VARIANT", "BIGNUM",   "TIMESTAMP_", "TIME WITH", "GEOMETRY"};
    if (held_by_parquet(type)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(NOT_HELD); i++) {
        if (strstr(type, NOT_HELD[i])) {
            return true;
        }
    }
    return !strchr(type, '[') && !g_str_has_prefix(type, "STRUCT") && !g_str_has_prefix(type, "MAP");
}

typedef enum { AS_IS, AS_FILE, AS_TYPE } Form;

/* The columns as they are, as they are written, or cast to the types of the table. */
static char *column_list(const GPtrArray *columns, Form form)
{
    GString *sql = g_string_new(NULL);
    for (guint i = 0; i < columns->len; i++) {
        const LifecycleColumn *column = columns->pdata[i];
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, column->name);
        g_string_append(sql, i ? ", " : "");
        if (form == AS_TYPE) {
            g_string_append_printf(sql, "CAST(%s AS %s) AS %s", name->str, column->type, name->str);
        } else if (form == AS_FILE && goes_as_text(column->type)) {
            g_string_append_printf(sql, "CAST(%s AS VARCHAR) AS %s", name->str, name->str);
        } else {
            g_string_append(sql, name->str);
        }
    }
    return g_string_free(sql, FALSE);
}

bool lifecycle_checksum(EngineConn *conn, const GPtrArray *columns, const char *relation, const char *where,
                        gint64 *ret_rows, char **ret_checksum, GError **error)
{
    g_autofree char *list = column_list(columns, AS_IS);
    g_autofree char *sql =
        g_strdup_printf("SELECT CAST(count(*) AS VARCHAR) || ':' || "
                        "CAST(coalesce(sum(CAST(hash(%s) AS HUGEINT)), 0) AS VARCHAR) FROM "
                        "%s%s%s",
                        list, relation, where ? " WHERE " : "", where ? where : "");
    g_autofree char *text = NULL;
    if (!engine_query_text(conn, sql, &text, error)) {
        return false;
    }
    char *colon = strchr(text, ':');
    *ret_rows = g_ascii_strtoll(text, NULL, 10);
    *ret_checksum = g_strdup(colon + 1);
    return true;
}

/* ---- files ------------------------------------------------------------------------------------------------
 */

/* Digest and size of a file; fsynced on the way when `sync`. */
static bool digest(const char *path, bool sync, char **ret_sha256, gint64 *ret_bytes, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return base_fs_fail(error, errno, "open", path);
    }
    g_autofree guchar *buffer = g_malloc(DIGEST_READ_BYTES);
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    gint64 bytes = 0;
    ssize_t n;
    while ((n = read(fd, buffer, DIGEST_READ_BYTES)) > 0) {
        g_checksum_update(sum, buffer, n);
        bytes += n;
    }
    bool ok = n == 0 || base_fs_fail(error, errno, "read", path);
    if (ok && sync && fsync(fd) != 0) {
        ok = base_fs_fail(error, errno, "fsync", path);
    }
    if (ok) {
        *ret_sha256 = g_strdup(g_checksum_get_string(sum));
        *ret_bytes = bytes;
    }
    g_checksum_free(sum);
    close(fd);
    return ok;
}

/* base_fs_mkdir, and every folder on the way down to the disk. */
static bool make_dirs(Lifecycle *lifecycle, const char *relative, GError **error)
{
    g_autofree char *dir = g_build_filename(lifecycle->archive_dir, relative, NULL);
    if (!base_fs_mkdir(dir, error)) {
        return false;
    }
    g_autofree char *data = g_path_get_dirname(lifecycle->archive_dir);
    for (g_autofree char *at = g_strdup(dir); strlen(at) > strlen(data);) {
        g_autofree char *up = g_path_get_dirname(at);
        if (!base_fs_sync_dir(up, error)) {
            return false;
        }
        g_free(at);
        at = g_steal_pointer(&up);
    }
    return true;
}

static json_t *manifest(const char *table, const GPtrArray *columns, const LifecycleArchive *archive)
{
    json_t *list = json_array();
    for (guint i = 0; i < columns->len; i++) {
        const LifecycleColumn *column = columns->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", column->name, "type", column->type,
                                              "as_text", (int)goes_as_text(column->type)));
    }
    g_autofree char *first = lifecycle_day_text(archive->first_day),
                    *last = lifecycle_day_text(archive->last_day);
    return json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:o}", "version", 1, "table", table,
                     "first", first, "last", last, "rows", (json_int_t)archive->rows, "bytes",
                     (json_int_t)archive->bytes, "checksum", archive->checksum, "sha256", archive->sha256,
                     "engine", engine_version(), "columns", list);
}

static bool write_manifest(Lifecycle *lifecycle, const char *table, const GPtrArray *columns,
                           const LifecycleArchive *archive, GError **error)
{
    g_autoptr(json_t) json = manifest(table, columns, archive);
    g_autofree char *text = base_json_text_pretty(json);
    g_autofree char *stem = g_strndup(archive->path, strlen(archive->path) - strlen(".parquet"));
    g_autofree char *name = g_strconcat(stem, ".json", NULL);
    g_autofree char *path = g_build_filename(lifecycle->archive_dir, name, NULL);
    return base_fs_write(path, text, strlen(text), 0600, error);
}

/* From the spool to its place, down to the disk. */
static bool place(Lifecycle *lifecycle, const char *from, const LifecycleArchive *archive, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(archive->path);
    g_autofree char *to = g_build_filename(lifecycle->archive_dir, archive->path, NULL);
    g_autofree char *dir = g_path_get_dirname(to);
    if (!make_dirs(lifecycle, folder, error)) {
        return false;
    }
    if (g_rename(from, to) != 0) {
        return base_fs_fail(error, errno, "rename", to);
    }
    return base_fs_sync_dir(dir, error);
}

/* ---- writing
 * ------------------------------------------------------------------------------------------------- */

static char *read_sql(const GPtrArray *columns, const char *path)
{
    g_autofree char *list = column_list(columns, AS_TYPE), *quoted = engine_sql_text(path);
    return g_strdup_printf("(SELECT %s FROM read_parquet(%s))", list, quoted);
}

static bool copy_out(EngineConn *conn, const GPtrArray *columns, const char *relation, const char *where,
                     const char *path, GError **error)
{
    g_autofree char *list = column_list(columns, AS_FILE);
    g_autoptr(GString) sql = g_string_new("COPY (SELECT ");
    g_string_append_printf(sql, "%s FROM %s%s%s) TO ", list, relation, where ? " WHERE " : "",
                           where ? where : "");
    engine_sql_append_text(sql, path);
    g_string_append(sql, " (FORMAT parquet, COMPRESSION zstd)");
    return engine_exec(conn, sql->str, error);
}

/* What was written reads as what was to be written. */
static bool compare(EngineConn *conn, const GPtrArray *columns, const char *path,
                    const LifecycleArchive *want, GError **error)
{
    gint64 rows = 0;
    g_autofree char *checksum = NULL, *relation = read_sql(columns, path);
    if (!lifecycle_checksum(conn, columns, relation, NULL, &rows, &checksum, error)) {
        return false;
    }
    if (BASE_FAULT("lifecycle.compare") != 0 || rows != want->rows ||
        !g_str_equal(checksum, want->checksum)) {
        base_fail(error, BASE_E_ARCHIVE_DIFFERS,
                  "the archive `%s` reads as %" G_GINT64_FORMAT
                  " rows with another checksum than the %" G_GINT64_FORMAT " rows of the table",
                  want->path, rows, want->rows);
        base_error_not_done(error, "Nothing was deleted.");
        return false;
    }
    return true;
}

static bool write_checked(Lifecycle *lifecycle, EngineConn *conn, const char *table, const GPtrArray *columns,
                          const char *relation, const char *where, const char *spooled,
                          LifecycleArchive *archive, GError **error)
{
    return copy_out(conn, columns, relation, where, spooled, error) &&
           digest(spooled, true, &archive->sha256, &archive->bytes, error) &&
           compare(conn, columns, spooled, archive, error) && place(lifecycle, spooled, archive, error) &&
           write_manifest(lifecycle, table, columns, archive, error);
}

bool lifecycle_archive_put(Lifecycle *lifecycle, EngineConn *conn, const char *domain, const char *name,
                           const GPtrArray *columns, const char *relation, const char *where,
                           LifecycleArchive *archive, GError **error)
{
    g_autofree char *day = lifecycle_day_text(archive->first_day);
    g_autofree char *table = g_strconcat(domain, ".", name, NULL);
    g_autofree char *spooled = lifecycle_spool_path(lifecycle);
    g_free(archive->path);
    archive->path =
        g_strdup_printf("%s/%s/dt=%s/part-%" G_GINT64_FORMAT ".parquet", domain, name, day, archive->part);
    bool ok = lifecycle_checksum(conn, columns, relation, where, &archive->rows, &archive->checksum, error) &&
              write_checked(lifecycle, conn, table, columns, relation, where, spooled, archive, error);
    unlink(spooled);
    return ok;
}

/* ---- an archive that is there already --------------------------------------------------------------------
 */

/* Its file is what it was. */
static bool unharmed(Lifecycle *lifecycle, const json_t *known)
{
    g_autofree char *sha256 = NULL;
    g_autofree char *path =
        g_build_filename(lifecycle->archive_dir, base_json_string(known, "path", ""), NULL);
    gint64 bytes = 0;
    return digest(path, false, &sha256, &bytes, NULL) &&
           g_str_equal(sha256, base_json_string(known, "sha256", ""));
}

/* An archive of just these rows, restored before and unchanged since. */
static const json_t *same_archive(Lifecycle *lifecycle, const json_t *known, gint64 first_day, gint64 rows,
                                  const char *checksum)
{
    size_t i;
    const json_t *one;
    json_array_foreach (known, i, one) {
        if (g_str_equal(base_json_string(one, "state", ""), "restored") &&
            base_json_int(one, "first_day", 0) == first_day && base_json_int(one, "n_rows", -1) == rows &&
            g_str_equal(base_json_string(one, "checksum", ""), checksum) && unharmed(lifecycle, one)) {
            return one;
        }
    }
    return NULL;
}

gint64 lifecycle_archive_next(EngineConn *conn, const char *table, gint64 first_day, GError **error)
{
    EngineValue values[] = {engine_value_text(table), engine_value_int(first_day)};
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT coalesce(max(part), 0) + 1 AS n FROM _weir.archives WHERE tbl = $1 AND first_day = $2",
        values, 2, 1, error);
    return rows ? base_json_int(json_array_get(rows, 0), "n", 1) : 0;
}

bool lifecycle_archive_write(Lifecycle *lifecycle, EngineConn *conn, const LifecycleTable *table,
                             gint64 first_day, gint64 last_day, const json_t *known, LifecycleArchive *ret,
                             GError **error)
{
    const CatalogObject *object = table->object;
    g_autofree char *where = lifecycle_range_sql(table, first_day, last_day);
    *ret = (LifecycleArchive){.first_day = first_day, .last_day = last_day};
    if (!lifecycle_checksum(conn, table->columns, table->relation, where, &ret->rows, &ret->checksum,
                            error)) {
        return false;
    }
    const json_t *same = same_archive(lifecycle, known, first_day, ret->rows, ret->checksum);
    if (same) {
        ret->part = base_json_int(same, "part", 0);
        ret->bytes = base_json_int(same, "n_bytes", 0);
        ret->path = g_strdup(base_json_string(same, "path", ""));
        ret->sha256 = g_strdup(base_json_string(same, "sha256", ""));
        ret->reused = true;
        return true;
    }
    g_clear_pointer(&ret->checksum, g_free);
    ret->part = lifecycle_archive_next(conn, object->full_name, first_day, error);
    return ret->part > 0 && lifecycle_archive_put(lifecycle, conn, object->domain, object->name,
                                                  table->columns, table->relation, where, ret, error);
}

bool lifecycle_archive_record(EngineConn *conn, const char *table, const LifecycleArchive *archive,
                              GError **error)
{
    gint64 now_us = base_time_now_us();
    EngineValue found[] = {engine_value_text(table), engine_value_int(archive->first_day),
                           engine_value_int(archive->part), engine_value_int(now_us)};
    if (archive->reused) {
        return engine_exec_values(
            conn,
            "UPDATE _weir.archives SET state = CASE WHEN part = $3 THEN 'archived' ELSE "
            "'replaced' END, at_us = $4 WHERE tbl = $1 AND first_day = $2 AND state = "
            "'restored'",
            found, 4, NULL, error);
    }
    EngineValue values[] = {engine_value_text(table),
                            engine_value_int(archive->first_day),
                            engine_value_int(archive->last_day),
                            engine_value_int(archive->part),
                            engine_value_text(archive->path),
                            engine_value_int(archive->rows),
                            engine_value_int(archive->bytes),
                            engine_value_text(archive->checksum),
                            engine_value_text(archive->sha256),
                            engine_value_int(now_us)};
    return engine_exec_values(
               conn,
               "UPDATE _weir.archives SET state = 'replaced' WHERE tbl = $1 AND first_day = $2 "
               "AND state = 'restored'",
               values, 2, NULL, error) &&
           engine_exec_values(
               conn,
               "INSERT INTO _weir.archives VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'archived', $10)",
               values, G_N_ELEMENTS(values), NULL, error);
}

/* ---- reading back
 * ------------------------------------------------------------------------------------------ */

static const LifecycleColumn *column_named(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; i < columns->len; i++) {
        if (g_ascii_strcasecmp(((const LifecycleColumn *)columns->pdata[i])->name, name) == 0) {
            return columns->pdata[i];
        }
    }
    return NULL;
}

/* The columns of the file that the table has. */
static bool shared_columns(EngineConn *conn, const char *path, const GPtrArray *columns, GPtrArray *ret,
                           json_t *left_out, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(");
    engine_sql_append_text(sql, path);
    g_string_append(sql, "))");
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 10000, error);
    size_t i;
    const json_t *row;
    if (!rows) {
        return false;
    }
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "column_name", "");
        const LifecycleColumn *column = column_named(columns, name);
        if (column) {
            g_ptr_array_add(ret, (gpointer)(guintptr)column);
        } else if (left_out) {
            json_array_append_new(left_out, json_string(name));
        }
    }
    return true;
}

bool lifecycle_archive_read(Lifecycle *lifecycle, EngineConn *conn, const GPtrArray *columns,
                            const json_t *archive, char **ret_path, char **ret_select, GPtrArray *ret_columns,
                            json_t *left_out, GError **error)
{
    const char *name = base_json_string(archive, "path", "");
    g_autofree char *from = g_build_filename(lifecycle->archive_dir, name, NULL);
    g_autofree char *path = lifecycle_spool_path(lifecycle), *sha256 = NULL;
    gint64 bytes = 0;
    bool ok = base_fs_copy(from, path, error) && digest(path, false, &sha256, &bytes, error);
    if (ok && !g_str_equal(sha256, base_json_string(archive, "sha256", ""))) {
        ok = base_fail(error, BASE_E_ARCHIVE_DIFFERS, "the file `%s` is not the one that was archived", name);
    }
    ok = ok && shared_columns(conn, path, columns, ret_columns, left_out, error);
    if (!ok) {
        unlink(path);
        return false;
    }
    *ret_select = read_sql(ret_columns, path);
    *ret_path = g_steal_pointer(&path);
    return true;
}
