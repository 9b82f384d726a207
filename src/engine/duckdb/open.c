/* Opening and closing a warehouse.
 *
 * Weir owns checkpoints, so automatic ones are off: the threshold is out of reach and closing does
 * not take one by itself (engine_unref asks for one through engine_checkpoint, which keeps the undo
 * file). Order of the lock-down: the folder that may be read, then no other file and no network, then
 * no change of settings; afterwards even this file cannot undo it. What sessions may still set is
 * listed in allowed_configs: the time zone, and what conn.c sets itself. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/time.h"
#include "engine/duckdb/duckdb_int.h"
#include "engine/sql.h"

#define TEMP_MAX_DEFAULT_BYTES       (G_GINT64_CONSTANT(64) << 30)
#define MEMORY_MIN_BYTES             (G_GINT64_CONSTANT(64) << 20)
#define CHECKPOINT_WAL_DEFAULT_BYTES (G_GINT64_CONSTANT(32) << 20)

static int64_t machine_memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
    return pages > 0 && page > 0 ? (int64_t)pages * page : (int64_t)4 << 30;
}

static bool config_set(duckdb_config config, GError **error, const char *name, const char *value)
{
    if (duckdb_set_config(config, name, value) != DuckDBSuccess) {
        return base_fail(error, BASE_E_CONFIG_INVALID, "the engine refuses %s=`%s`", name, value);
    }
    return true;
}

static bool config_set_number(duckdb_config config, GError **error, const char *name, int64_t value,
                              const char *unit)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "%s", value, unit);
    return config_set(config, error, name, text);
}

static bool config_fill(duckdb_config config, const Engine *engine, const EngineOptions *options,
                        GError **error)
{
    int64_t memory = options->memory_bytes > 0 ? options->memory_bytes : machine_memory_bytes() / 10 * 6;
    int64_t temp = options->temp_max_bytes > 0 ? options->temp_max_bytes : TEMP_MAX_DEFAULT_BYTES;
    unsigned threads = engine->threads;
    g_autofree char *temp_dir = engine->path ? g_strconcat(engine->path, ".tmp", NULL) : g_strdup("");
    return config_set_number(config, error, "memory_limit", MAX(memory, MEMORY_MIN_BYTES) / 1024, "KiB") &&
           config_set_number(config, error, "threads", threads, "") &&
           config_set_number(config, error, "max_temp_directory_size", temp / 1024, "KiB") &&
           config_set(config, error, "temp_directory", temp_dir) &&
           config_set(config, error, "storage_compatibility_version", "latest") &&
           config_set(config, error, "preserve_insertion_order", "false") &&
           config_set(config, error, "checkpoint_threshold", "1000TB") &&
           config_set(config, error, "autoinstall_known_extensions", "false") &&
           config_set(config, error, "autoload_known_extensions", "false") &&
           config_set(config, error, "allow_community_extensions", "false") &&
           config_set(config, error, "allow_persistent_secrets", "false");
}

typedef struct {
    const char *path;
    duckdb_config config;
    int nice;
    duckdb_database database;
    char *message;
    duckdb_state state;
} Opening;

static gpointer run_opening(gpointer user)
{
    Opening *opening = user;
    int now = nice(opening->nice); /* giving way needs no right: it cannot fail */
    (void)now;
    opening->state = duckdb_open_ext(opening->path, &opening->database, opening->config, &opening->message);
    return NULL;
}

/* Priority is a thread's own on Linux, and that of its maker when it is made: the engine makes its threads
 * when it opens. */
static void open_nice(Opening *opening)
{
    GThread *thread = g_thread_new("weir-open", run_opening, opening);
    g_thread_join(thread);
}

static bool open_path(Engine *engine, const char *path, const EngineOptions *options, duckdb_database *ret,
                      GError **error)
{
    duckdb_config config;
    if (duckdb_create_config(&config) != DuckDBSuccess) {
        return base_fail(error, BASE_E_INTERNAL, "the engine gave no configuration");
    }
    Opening opening = {.path = path, .config = config, .nice = options->nice};
    bool ok = config_fill(config, engine, options, error);
    if (ok) {
        open_nice(&opening);
        *ret = opening.database;
    }
    if (ok && opening.state != DuckDBSuccess) {
        ok = engine_int_fail(engine, error, opening.message, NULL);
        base_error_not_done(error, "The warehouse was not opened.");
    }
    duckdb_free(opening.message);
    duckdb_destroy_config(&config);
    return ok;
}

/* ---- one Engine for a file in a process ------------------------------------------------------------ */

/* The engine's lock on its file keeps other processes out, not this one. */
static GMutex open_lock;
static GHashTable *open_paths; /* under open_lock */

static bool claim(Engine *engine, GError **error)
{
    g_mutex_lock(&open_lock);
    if (!open_paths) {
        open_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    engine->claimed = !g_hash_table_contains(open_paths, engine->path);
    if (engine->claimed) {
        g_hash_table_add(open_paths, g_strdup(engine->path));
    }
    g_mutex_unlock(&open_lock);
    return engine->claimed || base_fail(error, BASE_E_DATA_LOCKED, "`%s` is open already", engine->path);
}

static void release(const Engine *engine)
{
    g_mutex_lock(&open_lock);
    if (engine->claimed) {
        g_hash_table_remove(open_paths, engine->path);
    }
    g_mutex_unlock(&open_lock);
}

/* ---- a new file -------------------------------------------------------------------------------------- */

static bool sync_file(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return base_fs_fail(error, errno, "open", path);
    }
    bool ok = fsync(fd) == 0 || base_fs_fail(error, errno, "sync", path);
    close(fd);
    return ok;
}

/* A new warehouse is made beside its place and renamed when it is whole, so that a kill here leaves
 * either none or a valid one. */
static bool create_file(Engine *engine, const EngineOptions *options, GError **error)
{
    g_autofree char *fresh = g_strconcat(engine->path, ".new", NULL);
    g_autofree char *folder = g_path_get_dirname(engine->path);
    duckdb_database database = NULL;
    if (unlink(fresh) != 0 && errno != ENOENT) {
        return base_fs_fail(error, errno, "remove", fresh);
    }
    if (!open_path(engine, fresh, options, &database, error)) {
        return false;
    }
    duckdb_close(&database);
    if (!sync_file(fresh, error)) {
        return false;
    }
    if (rename(fresh, engine->path) != 0) {
        return base_fs_fail(error, errno, "rename", fresh);
    }
    return base_fs_sync_dir(folder, error);
}

static bool open_database(Engine *engine, const EngineOptions *options, GError **error)
{
    if (!engine->path) {
        return open_path(engine, NULL, options, &engine->database, error);
    }
    if (!claim(engine, error) || !engine_int_undo_recover(engine->path, &engine->recovery_note, error)) {
        return false;
    }
    if (!g_file_test(engine->path, G_FILE_TEST_EXISTS) && !create_file(engine, options, error)) {
        return false;
    }
    if (!open_path(engine, engine->path, options, &engine->database, error)) {
        return false;
    }
    engine->fd = open(engine->path, O_RDONLY | O_CLOEXEC);
    return engine->fd >= 0 || base_fs_fail(error, errno, "open", engine->path);
}

/* ---- settings ---------------------------------------------------------------------------------------- */

static bool lock_down(EngineConn *conn, const char *spool_dir, GError **error)
{
    g_autoptr(GString) sql =
        g_string_new("PRAGMA disable_checkpoint_on_shutdown; SET GLOBAL TimeZone='UTC'; ");
    if (spool_dir) {
        g_autofree char *absolute = g_canonicalize_filename(spool_dir, NULL);
        g_string_append(sql, "SET allowed_directories=[");
        engine_sql_append_text(sql, absolute);
        g_string_append(sql, "]; ");
    }
    g_string_append(sql,
                    "SET allowed_configs=['TimeZone','search_path','errors_as_json','enable_progress_bar',"
                    "'enable_progress_bar_print','preserve_insertion_order']; "
                    "SET enable_external_access=false; SET lock_configuration=true");
    return engine_exec(conn, sql->str, error);
}

/* The first transaction on a file of an older format, and a new file, need nothing more. */
static bool set_up(Engine *engine, const EngineOptions *options, GError **error)
{
    engine->control = engine_int_connect(engine, false, error);
    return engine->control && engine_int_feed_install(engine->control, engine, error) &&
           engine_functions_install(engine->control, error) &&
           lock_down(engine->control, options->spool_dir, error);
}

static void engine_free(Engine *engine)
{
    engine_disconnect(engine->control);
    if (engine->database) {
        duckdb_close(&engine->database);
    }
    if (engine->fd >= 0) {
        close(engine->fd);
    }
    release(engine);
    g_hash_table_unref(engine->feeds);
    g_mutex_clear(&engine->feeds_lock);
    g_mutex_clear(&engine->control_lock);
    g_free(engine->recovery_note);
    g_free(engine->path);
    g_free(engine->wal_path);
    g_free(engine);
}

static Engine *engine_new(const EngineOptions *options)
{
    Engine *engine = g_new0(Engine, 1);
    engine->threads = options->threads ? options->threads : g_get_num_processors();
    engine->refs = 1;
    engine->fd = -1;
    engine->checkpoint_wal_bytes =
        options->checkpoint_wal_bytes > 0 ? options->checkpoint_wal_bytes : CHECKPOINT_WAL_DEFAULT_BYTES;
    if (options->path) {
        engine->path = g_canonicalize_filename(options->path, NULL);
        engine->wal_path = g_strconcat(engine->path, ".wal", NULL);
    }
    g_mutex_init(&engine->feeds_lock);
    g_mutex_init(&engine->control_lock);
    engine->feeds = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return engine;
}

Engine *engine_open(const EngineOptions *options, GError **error)
{
    Engine *engine = engine_new(options);
    bool ok = open_database(engine, options, error) && set_up(engine, options, error);
    if (!ok) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

Engine *engine_ref(Engine *engine)
{
    g_atomic_int_inc(&engine->refs);
    return engine;
}

void engine_unref(Engine *engine)
{
    if (!engine || !g_atomic_int_dec_and_test(&engine->refs)) {
        return;
    }
    /* A clean close leaves no log to replay. If it cannot be (full disk, poisoned), the log stays and
     * the next open replays it: nothing is lost, so there is nobody to tell. */
    if (engine->path && !engine_poisoned(engine) && engine_wal_bytes(engine) > 0) {
        g_autoptr(GError) ignored = NULL;
        if (!engine_checkpoint(engine, &ignored)) {
            g_clear_error(&ignored);
        }
    }
    engine_free(engine);
}

const char *engine_version(void)
{
    static char *text;
    static gsize once;
    if (g_once_init_enter(&once)) {
        text = g_strdup_printf("DuckDB %s", duckdb_library_version());
        g_once_init_leave(&once, 1);
    }
    return text;
}

const char *engine_recovery_note(const Engine *engine)
{
    return engine->recovery_note;
}

bool engine_poisoned(Engine *engine)
{
    return g_atomic_int_get(&engine->poisoned) != 0;
}
