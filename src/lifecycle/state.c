/* What lifecycle remembers, in the engine beside the data and in the same transactions:
 *   _weir.archives   one row an archive file: archived (its rows are in it alone), restored (they are back in
 *                    the table too), replaced (a newer file holds what became of them)
 *   _weir.lifecycle  what was done, for good */
#include "lifecycle/lifecycle_int.h"

#include <string.h>

static bool make_tables(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(
        conn,
        "CREATE SCHEMA IF NOT EXISTS _weir;"
        "CREATE TABLE IF NOT EXISTS _weir.archives (tbl VARCHAR NOT NULL, first_day BIGINT NOT NULL, "
        "last_day "
        "BIGINT NOT NULL, part BIGINT NOT NULL, path VARCHAR NOT NULL, n_rows BIGINT NOT NULL, n_bytes "
        "BIGINT "
        "NOT NULL, checksum VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, state VARCHAR NOT NULL, at_us BIGINT "
        "NOT NULL);"
        "CREATE TABLE IF NOT EXISTS _weir.lifecycle (at_us BIGINT NOT NULL, plan VARCHAR, tbl VARCHAR NOT "
        "NULL, action VARCHAR NOT NULL, first_day BIGINT, last_day BIGINT, n_rows BIGINT NOT NULL, path "
        "VARCHAR, detail VARCHAR, user_name VARCHAR)",
        error);
}

bool lifecycle_state_open(Lifecycle *lifecycle, GError **error)
{
    return intake_transact(lifecycle->intake, make_tables, NULL, error);
}

Lifecycle *lifecycle_open(Engine *engine, Intake *intake, const char *data_dir, GError **error)
{
    g_autoptr(Lifecycle) lifecycle = g_new0(Lifecycle, 1);
    g_mutex_init(&lifecycle->lock);
    lifecycle->engine = engine;
    lifecycle->intake = intake;
    lifecycle->archive_dir = g_build_filename(data_dir, "archive", NULL);
    lifecycle->spool_dir = g_build_filename(data_dir, "spool", NULL);
    return lifecycle_state_open(lifecycle, error) ? g_steal_pointer(&lifecycle) : NULL;
}

void lifecycle_close(Lifecycle *lifecycle)
{
    if (!lifecycle) {
        return;
    }
    g_free(lifecycle->archive_dir);
    g_free(lifecycle->spool_dir);
    g_mutex_clear(&lifecycle->lock);
    g_free(lifecycle);
}

static EngineValue day_value(gint64 day)
{
    return day == LIFECYCLE_NEVER ? (EngineValue){.id = ENGINE_NULL} : engine_value_int(day);
}

bool lifecycle_state_event(EngineConn *conn, const LifecycleEvent *event, GError **error)
{
    EngineValue values[] = {engine_value_int(base_time_now_us()), engine_value_text(event->plan),
                            engine_value_text(event->table),      engine_value_text(event->action),
                            day_value(event->first_day),          day_value(event->last_day),
                            engine_value_int(event->rows),        engine_value_text(event->path),
                            engine_value_text(event->detail),     engine_value_text(event->user)};
    return engine_exec_values(conn,
                              "INSERT INTO _weir.lifecycle VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

json_t *lifecycle_state_archives(EngineConn *conn, const char *table, GError **error)
{
    EngineValue value = engine_value_text(table);
    return engine_query_json(
        conn,
        "SELECT * FROM _weir.archives WHERE state <> 'replaced' AND (CAST($1 AS VARCHAR) IS "
        "NULL OR tbl = $1) ORDER BY tbl, first_day, part",
        &value, 1, LIFECYCLE_MAX_ARCHIVES, error);
}

/* ---- as people read it ------------------------------------------------------------------------------ */

static void show_day(json_t *row, const char *from, const char *to)
{
    const json_t *day = json_object_get(row, from);
    g_autofree char *text = json_is_integer(day) ? lifecycle_day_text(json_integer_value(day)) : NULL;
    base_json_set_string(row, to, text);
    json_object_del(row, from);
}

static json_t *shown(json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        g_autofree char *at = base_time_format_iso(base_json_int(row, "at_us", 0));
        json_object_del(row, "at_us");
        base_json_set_string(row, "at", at);
        show_day(row, "first_day", "first");
        show_day(row, "last_day", "last");
    }
    return rows;
}

json_t *lifecycle_archives(Lifecycle *lifecycle, const CatalogObject *table, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(lifecycle->engine, error);
    EngineValue value = engine_value_text(table ? table->full_name : NULL);
    json_t *rows =
        conn ? engine_query_json(
                   conn,
                   "SELECT tbl AS \"table\", first_day, last_day, part, path, n_rows "
                   "AS rows, n_bytes AS bytes, state, at_us FROM _weir.archives WHERE "
                   "CAST($1 AS VARCHAR) IS NULL OR tbl = $1 ORDER BY tbl, _weir.archives.first_day, "
                   "part",
                   &value, 1, LIFECYCLE_MAX_ARCHIVES, error)
             : NULL;
    return rows ? shown(rows) : NULL;
}

json_t *lifecycle_history(Lifecycle *lifecycle, size_t limit, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(lifecycle->engine, error);
    g_autofree char *sql =
        g_strdup_printf("SELECT at_us, plan, tbl AS \"table\", action, first_day, last_day, n_rows AS rows, "
                        "path, detail, user_name AS \"user\" FROM _weir.lifecycle ORDER BY at_us DESC, "
                        "rowid DESC LIMIT %zu",
                        limit);
    json_t *rows = conn ? engine_query_json(conn, sql, NULL, 0, limit, error) : NULL;
    return rows ? shown(rows) : NULL;
}
