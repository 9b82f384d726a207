/* Checkpoints, which Weir takes, not the engine.
 *
 * Plain CHECKPOINT, never FORCE: it takes the checkpoint lock or fails at once, so that no reader and no open
 * writer can hold it up. Before it, undo.c copies what it may overwrite; after it, the copy goes. If it
 * fails in the middle the engine invalidates itself, the copy stays, and the next open uses it. */
#include <sys/stat.h>

#include "base/fault.h"
#include "base/fs.h"
#include "engine/duckdb/duckdb_int.h"

static int64_t file_bytes(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 ? status.st_size : 0;
}

int64_t engine_wal_bytes(Engine *engine)
{
    return file_bytes(engine->wal_path);
}

int64_t engine_file_bytes(Engine *engine)
{
    return file_bytes(engine->path);
}

bool engine_checkpoint_due(Engine *engine)
{
    return engine_wal_bytes(engine) >= engine->checkpoint_wal_bytes;
}

static bool run_checkpoint(Engine *engine, GError **error)
{
    int fault = BASE_FAULT("checkpoint.run");
    if (fault) {
        return base_fs_fail(error, fault, "write", engine->path);
    }
    return engine_exec(engine->control, "CHECKPOINT", error);
}

/* The engine reports a full disk inside a checkpoint as a fatal error whose text alone says why. */
static bool checkpoint_file(Engine *engine, GError **error)
{
    if (!engine_int_undo_write(engine->control, engine->fd, engine->path, error)) {
        bool removed = engine_int_undo_remove(engine->path, NULL);
        (void)removed; /* if it stays: it is not valid, and the next open removes it */
        return false;
    }
    int fault = BASE_FAULT("checkpoint.undo_written");
    if (fault) {
        return base_fs_fail(error, fault, "write", engine->path);
    }
    bool ok = run_checkpoint(engine, error);
    if (!ok && engine_poisoned(engine)) {
        return false;
    }
    fault = BASE_FAULT("checkpoint.done");
    if (fault) {
        return base_fs_fail(error, fault, "remove", engine->path);
    }
    return engine_int_undo_remove(engine->path, ok ? error : NULL) && ok;
}

bool engine_checkpoint(Engine *engine, GError **error)
{
    g_mutex_lock(&engine->control_lock);
    bool ok = engine->path ? checkpoint_file(engine, error) : run_checkpoint(engine, error);
    g_mutex_unlock(&engine->control_lock);
    return ok;
}
