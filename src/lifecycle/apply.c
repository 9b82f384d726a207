/* A plan carried out, and archives brought back.
 *
 * Each range: its partitions are archived, one file each; then one transaction of the committer makes sure
 * that the rows are still those of the archive, deletes them and writes the records. A process killed before
 * that transaction leaves files that no record names: the next apply writes them again. */
#include <unistd.h>

#include "lifecycle/lifecycle_int.h"

static void archive_free(gpointer archive)
{
    lifecycle_archive_clear(archive);
    g_free(archive);
}

typedef struct {
    const LifecycleRange *range;
    const char *plan, *user;
    GPtrArray *archives; /* LifecycleArchive*; empty = dropped without */
} End;

static const LifecyclePartition *partition_at(const End *end, guint i)
{
    return &g_array_index(end->range->table->partitions, LifecyclePartition, i);
}

/* ---- the transaction --------------------------------------------------------------------------------------
 */

static bool changed(const End *end, gint64 first_day, GError **error)
{
    g_autofree char *day = lifecycle_day_text(first_day);
    base_fail(error, BASE_E_CONFLICT, "the partition %s of `%s` changed after it was planned", day,
              end->range->table->object->full_name);
    base_error_hint(error, "run `weir lifecycle apply` again");
    base_error_not_done(error, "Nothing of this range was deleted.");
    return false;
}

/* The rows are still those that were archived, or that were counted. */
static bool check_unchanged(EngineConn *conn, const End *end, guint i, GError **error)
{
    const LifecycleTable *table = end->range->table;
    const LifecyclePartition *one = partition_at(end, i);
    g_autofree char *where = lifecycle_range_sql(table, one->first_day, one->last_day);
    g_autofree char *checksum = NULL;
    gint64 rows = 0;
    if (!lifecycle_checksum(conn, table->columns, table->relation, where, &rows, &checksum, error)) {
        return false;
    }
    const LifecycleArchive *archive =
        end->archives->len > 0 ? end->archives->pdata[i - end->range->from] : NULL;
    bool same =
        archive ? rows == archive->rows && g_str_equal(checksum, archive->checksum) : rows == one->rows;
    return same || changed(end, one->first_day, error);
}

static bool delete_range(EngineConn *conn, const End *end, gint64 *ret_rows, GError **error)
{
    const LifecycleTable *table = end->range->table;
    *ret_rows = 0;
    g_autofree char *where = lifecycle_range_sql(table, partition_at(end, end->range->from)->first_day,
                                                 partition_at(end, end->range->to)->last_day);
    g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE %s", table->relation, where);
    return engine_exec_values(conn, sql, NULL, 0, ret_rows, error);
}

static bool record(EngineConn *conn, const End *end, GError **error)
{
    const LifecycleRange *range = end->range;
    const CatalogObject *object = range->table->object;
    for (guint i = 0; i < end->archives->len; i++) {
        if (!lifecycle_archive_record(conn, object->full_name, end->archives->pdata[i], error)) {
            return false;
        }
    }
    bool archived = end->archives->len > 0;
    g_autofree char *why =
        lifecycle_why_text(&range->table->policy, range->verdict.why[LIFECYCLE_BY_MATRIX], false);
    g_autofree char *detail = g_strdup_printf("%s; %s", why, lifecycle_proof_name(range->verdict.proof));
    g_autofree char *path = archived ? g_strdup_printf("%s/%s", object->domain, object->name) : NULL;
    LifecycleEvent event = {.plan = end->plan,
                            .table = object->full_name,
                            .action = lifecycle_decision_name(range->verdict.decision),
                            .path = path,
                            .detail = detail,
                            .user = end->user,
                            .first_day = partition_at(end, range->from)->first_day,
                            .last_day = partition_at(end, range->to)->last_day,
                            .rows = range->rows};
    return lifecycle_state_event(conn, &event, error);
}

static bool end_rows(EngineConn *conn, void *user, GError **error)
{
    const End *end = user;
    gint64 rows = 0;
    for (guint i = end->range->from; i <= end->range->to; i++) {
        if (!check_unchanged(conn, end, i, error)) {
            return false;
        }
    }
    if (BASE_FAULT("lifecycle.delete") != 0) {
        return base_fail(error, BASE_E_FILE_IO, "lifecycle.delete");
    }
    if (!delete_range(conn, end, &rows, error)) {
        return false;
    }
    if (rows != end->range->rows) {
        return changed(end, partition_at(end, end->range->from)->first_day, error);
    }
    return record(conn, end, error);
}

bool lifecycle_transact_on(Lifecycle *lifecycle, const CatalogObject *table, IntakeWork work, void *user,
                           GError **error)
{
    g_autofree char *key = intake_table_key(table->domain, table->name);
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    g_ptr_array_add(tables, key);
    return intake_transact_on(lifecycle->intake, tables, work, user, error);
}

/* ---- ranges
 * -------------------------------------------------------------------------------------------------- */

static bool archive_range(Lifecycle *lifecycle, LifecyclePlan *plan, End *end, GError **error)
{
    const json_t *known = json_object_get(plan->world.archives, end->range->table->object->full_name);
    for (guint i = end->range->from; i <= end->range->to; i++) {
        const LifecyclePartition *one = partition_at(end, i);
        LifecycleArchive *archive = g_new0(LifecycleArchive, 1);
        g_ptr_array_add(end->archives, archive);
        if (!lifecycle_archive_write(lifecycle, plan->world.conn, end->range->table, one->first_day,
                                     one->last_day, known, archive, error)) {
            return false;
        }
        if (BASE_FAULT("lifecycle.archived") != 0) {
            return base_fail(error, BASE_E_FILE_IO, "lifecycle.archived");
        }
    }
    return true;
}

static bool apply_range(Lifecycle *lifecycle, LifecyclePlan *plan, const LifecycleRange *range,
                        const char *user, json_t *done, GError **error)
{
    g_autoptr(GPtrArray) archives = g_ptr_array_new_with_free_func(archive_free);
    End end = {range, base_json_string(plan->json, "id", ""), user, archives};
    bool to_archive =
        range->verdict.decision == LIFECYCLE_ARCHIVE || range->verdict.proof == LIFECYCLE_PROOF_ARCHIVED;
    if ((to_archive && !archive_range(lifecycle, plan, &end, error)) ||
        !lifecycle_transact_on(lifecycle, range->table->object, end_rows, &end, error)) {
        return false;
    }
    g_autofree char *first = lifecycle_day_text(partition_at(&end, range->from)->first_day),
                    *last = lifecycle_day_text(partition_at(&end, range->to)->last_day);
    json_array_append_new(
        done,
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "table", range->table->object->full_name, "action",
                  lifecycle_decision_name(range->verdict.decision), "first", first, "last", last,
                  "partitions", (json_int_t)(range->to - range->from + 1), "rows", (json_int_t)range->rows));
    return true;
}

static bool apply_plan(Lifecycle *lifecycle, LifecyclePlan *plan, const LifecycleAsk *ask,
                       const char *plan_id, json_t *done, GError **error)
{
    const char *id = base_json_string(plan->json, "id", "");
    if (plan_id && !g_str_equal(plan_id, id)) {
        base_fail(error, BASE_E_PLAN_STALE, "the plan is `%s` now, not `%s`", id, plan_id);
        base_error_hint(error, "look at it again: weir lifecycle plan");
        base_error_not_done(error, "Nothing was archived or deleted.");
        return false;
    }
    if (plan->world.today > plan->world.clock_day) {
        base_fail(error, BASE_E_INTERVAL_INVALID,
                  "a plan for a day to come can be looked at, not carried out");
        base_error_not_done(error, "Nothing was archived or deleted.");
        return false;
    }
    for (guint i = 0; i < plan->ranges->len; i++) {
        const LifecycleRange *range = plan->ranges->pdata[i];
        if (range->verdict.decision != LIFECYCLE_KEEP &&
            !apply_range(lifecycle, plan, range, ask->user, done, error)) {
            return false;
        }
    }
    return true;
}

/* Day and table of a plan's id; the day alone is in it: "20261122-...". */
static const char *day_of_id(const char *plan_id, char *ret_day)
{
    gint64 day = 0;
    g_strlcpy(ret_day, plan_id, 9);
    return catalog_day_parse(ret_day, &day) ? ret_day : NULL;
}

bool lifecycle_apply(Lifecycle *lifecycle, const LifecycleAsk *ask, const char *plan_id, json_t **ret,
                     GError **error)
{
    LifecyclePlan plan;
    LifecycleAsk as_planned = *ask;
    char day[9];
    if (plan_id && !ask->at) {
        as_planned.at = day_of_id(plan_id, day);
    }
    g_mutex_lock(&lifecycle->lock);
    g_autoptr(json_t) done = json_array();
    bool ok = lifecycle_plan_make(&plan, lifecycle, &as_planned, error) &&
              apply_plan(lifecycle, &plan, ask, plan_id, done, error);
    if (ok) {
        const json_t *totals = json_object_get(plan.json, "totals");
        *ret =
            json_pack("{s:s, s:s, s:O, s:O, s:O}", "id", base_json_string(plan.json, "id", ""), "at",
                      base_json_string(plan.json, "at", ""), "archived", json_object_get(totals, "archive"),
                      "dropped", json_object_get(totals, "drop"), "done", done);
    }
    lifecycle_plan_clear(&plan);
    g_mutex_unlock(&lifecycle->lock);
    return ok;
}

/* ---- restoring
 * --------------------------------------------------------------------------------------------------- */

typedef struct {
    Lifecycle *lifecycle;
    const LifecycleAsk *ask;
    LifecycleTable *table;
    json_t *archives; /* rows of _weir.archives: parts of the day that are not in the table */
    GPtrArray *parts; /* Part*, of those archives */
    json_t *left_out;
    gint64 rows;
} Restore;

/* Rows of a table with a key are not put beside newer rows of their key. */
static bool keys_free(EngineConn *conn, const Restore *restore, const char *select, GError **error)
{
    const CatalogTable *table = restore->table->object->table;
    if (!table || table->model == CATALOG_DUPLICATE) {
        return true;
    }
    g_autoptr(GString) sql = g_string_new("SELECT count(*) FROM ");
    g_string_append_printf(sql, "%s AS a WHERE EXISTS (SELECT 1 FROM %s AS t WHERE true", select,
                           restore->table->relation);
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (column->key) {
            g_string_append(sql, " AND a.");
            engine_sql_append_name(sql, column->name);
            g_string_append(sql, " IS NOT DISTINCT FROM t.");
            engine_sql_append_name(sql, column->name);
        }
    }
    g_string_append(sql, ")");
    gint64 taken = 0;
    if (!engine_query_int(conn, sql->str, &taken, error)) {
        return false;
    }
    return taken == 0 || base_fail(error, BASE_E_CONFLICT,
                                   "%" G_GINT64_FORMAT " keys of the archive have newer rows in `%s`", taken,
                                   restore->table->object->full_name);
}

/* INSERT, then compare what is there with what the file gave. */
static bool insert_part(EngineConn *conn, Restore *restore, const char *select, const GPtrArray *columns,
                        gint64 want, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < columns->len; i++) {
        g_string_append(names, i ? ", " : "");
        engine_sql_append_name(names, ((const LifecycleColumn *)columns->pdata[i])->name);
    }
    g_autofree char *sql = g_strdup_printf("INSERT INTO %s (%s) SELECT %s FROM %s", restore->table->relation,
                                           names->str, names->str, select);
    gint64 rows = 0;
    if (!engine_exec_values(conn, sql, NULL, 0, &rows, error)) {
        return false;
    }
    restore->rows += rows;
    return rows == want ||
           base_fail(error, BASE_E_ARCHIVE_DIFFERS,
                     "the archive gives %" G_GINT64_FORMAT " rows, not %" G_GINT64_FORMAT, rows, want);
}

/* A file in the spool, and what reads it. */
typedef struct {
    char *path, *select;
    GPtrArray *columns;
    gint64 rows;
} Part;

static void part_free(gpointer data)
{
    Part *part = data;
    if (part->path) {
        unlink(part->path);
    }
    g_free(part->path);
    g_free(part->select);
    g_ptr_array_unref(part->columns);
    g_free(part);
}

static bool restore_rows(EngineConn *conn, void *user, GError **error)
{
    Restore *restore = user;
    const char *table = restore->table->object->full_name;
    const json_t *archive = json_array_get(restore->archives, 0);
    gint64 first_day = base_json_int(archive, "first_day", 0);
    for (guint i = 0; i < restore->parts->len; i++) {
        const Part *part = restore->parts->pdata[i];
        if (!keys_free(conn, restore, part->select, error) ||
            !insert_part(conn, restore, part->select, part->columns, part->rows, error)) {
            return false;
        }
    }
    EngineValue values[] = {engine_value_text(table), engine_value_int(first_day),
                            engine_value_int(base_time_now_us())};
    LifecycleEvent event = {.table = table,
                            .action = "restore",
                            .user = restore->ask->user,
                            .first_day = first_day,
                            .last_day = base_json_int(archive, "last_day", 0),
                            .rows = restore->rows};
    return engine_exec_values(conn,
                              "UPDATE _weir.archives SET state = 'restored', at_us = $3 WHERE tbl = $1 AND "
                              "first_day = $2 AND state = 'archived'",
                              values, 3, NULL, error) &&
           lifecycle_state_event(conn, &event, error);
}

/* Before the transaction: files are copied and compared while others commit. */
static bool fetch_parts(Restore *restore, EngineConn *conn, GError **error)
{
    size_t i;
    const json_t *archive;
    json_array_foreach (restore->archives, i, archive) {
        Part *part = g_new0(Part, 1);
        part->columns = g_ptr_array_new();
        part->rows = base_json_int(archive, "n_rows", -1);
        g_ptr_array_add(restore->parts, part);
        if (!lifecycle_archive_read(restore->lifecycle, conn, restore->table->columns, archive, &part->path,
                                    &part->select, part->columns, restore->left_out, error)) {
            return false;
        }
    }
    return true;
}

/* The archived parts of the partition that holds the day. */
static json_t *find_parts(EngineConn *conn, const char *table, gint64 day, GError **error)
{
    EngineValue values[] = {engine_value_text(table), engine_value_int(day)};
    return engine_query_json(
        conn,
        "SELECT * FROM _weir.archives WHERE tbl = $1 AND first_day <= $2 AND last_day >= $2 "
        "AND state = 'archived' ORDER BY part",
        values, 2, LIFECYCLE_MAX_ARCHIVES, error);
}

static bool restore_day(Restore *restore, gint64 day, json_t **ret, GError **error)
{
    const CatalogObject *object = restore->ask->table;
    g_autoptr(EngineConn) conn = engine_connect(restore->lifecycle->engine, error);
    if (!conn || !(restore->archives = find_parts(conn, object->full_name, day, error)) ||
        !lifecycle_table_read(restore->table, conn, catalog_project_timezone(restore->ask->snapshot),
                              error)) {
        return false;
    }
    g_autofree char *text = lifecycle_day_text(day);
    if (json_array_size(restore->archives) == 0) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no archived partition %s of `%s`", text,
                  object->full_name);
        base_error_hint(error, "weir lifecycle archives %s", object->name);
        return false;
    }
    if (!fetch_parts(restore, conn, error) ||
        !lifecycle_transact_on(restore->lifecycle, object, restore_rows, restore, error)) {
        return false;
    }
    *ret = json_pack("{s:s, s:s, s:I, s:I, s:O}", "table", object->full_name, "partition", text, "rows",
                     (json_int_t)restore->rows, "parts", (json_int_t)json_array_size(restore->archives),
                     "left_out", restore->left_out);
    return true;
}

bool lifecycle_restore(Lifecycle *lifecycle, const LifecycleAsk *ask, const char *day, json_t **ret,
                       GError **error)
{
    gint64 number = 0;
    if (!catalog_day_parse(day, &number)) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no day: 2026-11-22", day);
    }
    LifecycleTable table = {.object = ask->table};
    Restore restore = {.lifecycle = lifecycle, .ask = ask, .table = &table, .left_out = json_array()};
    restore.parts = g_ptr_array_new_with_free_func(part_free);
    lifecycle_table_place(&table);
    g_mutex_lock(&lifecycle->lock);
    bool ok = restore_day(&restore, number, ret, error);
    g_mutex_unlock(&lifecycle->lock);
    g_ptr_array_unref(restore.parts);
    json_decref(restore.left_out);
    json_decref(restore.archives);
    lifecycle_table_release(&table);
    return ok;
}
