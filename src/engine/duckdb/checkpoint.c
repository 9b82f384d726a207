/* Checkpoints, which Weir takes, not the engine. */
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

bool engine_checkpoint(Engine *engine, GError **error)
{
    g_mutex_lock(&engine->control_lock);
    bool ok = engine_exec(engine->control, "CHECKPOINT", error);
    g_mutex_unlock(&engine->control_lock);
    return ok;
}
