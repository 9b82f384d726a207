/* All tables together: who reads what and how far back, and what can be built again from what is there.
 *
 * A reader that is built by interval needs the days that its SELECT looks back (`lifecycle.reads`, else its
 * lookback), and, when its grade says that it can be made again (P2, P3), as many days more as its own rows
 * are kept: else that grade would be a lie. A reader that is built whole needs everything, unless it says
 * `reads`. Through views to what reads them. */
#include "base/text.h"
#include "lifecycle/lifecycle_int.h"

#include <string.h>

#define MAX_DEPTH 64

static void table_free(gpointer table)
{
    lifecycle_table_release(table);
    g_free(table);
}

static bool is_view(const CatalogObject *object)
{
    return object->model && object->model->kind == CATALOG_MODEL_VIEW;
}

static bool holds_rows(const CatalogObject *object)
{
    return (object->kind == CATALOG_TABLE && object->table) ||
           (object->kind == CATALOG_MODEL && object->model && !is_view(object));
}

static void add_table(LifecycleWorld *world, const CatalogObject *object)
{
    LifecycleTable *table = g_new0(LifecycleTable, 1);
    table->object = object;
    table->reach_days = -1;
    StandardTable *standard = standard_table_by_name(world->catalog, object->full_name);
    table->standard = standard && standard->object == object ? standard : NULL;
    lifecycle_policy_init(&table->policy);
    lifecycle_policy_read(&table->policy, object, table->standard, world->catalog, world->profile);
    lifecycle_table_place(table);
    table->governed = table->policy.ruled && !table->policy.zipper && !table->policy.whole;
    g_ptr_array_add(world->tables, table);
    g_hash_table_insert(world->by_id, (gpointer)(guintptr)object->id, table);
}

static bool open_clock(LifecycleWorld *world, const LifecycleAsk *ask, GError **error)
{
    world->zone_name = catalog_project_timezone(ask->snapshot);
    world->zone = base_time_zone(world->zone_name, error);
    if (!world->zone) {
        return false;
    }
    g_autofree char *local = base_time_format(base_time_now_us(), world->zone);
    local[strlen("2026-11-22")] = '\0';
    if (!catalog_day_parse(local, &world->clock_day)) {
        return base_fail(error, BASE_E_INTERNAL, "no day in `%s`", local);
    }
    world->today = world->clock_day;
    return !ask->at || catalog_day_parse(ask->at, &world->today) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no day: 2026-11-22", ask->at);
}

/* {table: [its rows of _weir.archives]} */
static bool read_archives(LifecycleWorld *world, GError **error)
{
    g_autoptr(json_t) rows = lifecycle_state_archives(world->conn, NULL, error);
    size_t i;
    json_t *row;
    if (!rows) {
        return false;
    }
    world->archives = json_object();
    json_array_foreach (rows, i, row) {
        const char *table = base_json_string(row, "tbl", "");
        if (!json_object_get(world->archives, table)) {
            json_object_set_new(world->archives, table, json_array());
        }
        json_array_append(json_object_get(world->archives, table), row);
    }
    return true;
}

bool lifecycle_world_open(LifecycleWorld *world, Lifecycle *lifecycle, const LifecycleAsk *ask,
                          GError **error)
{
    memset(world, 0, sizeof *world);
    world->lifecycle = lifecycle;
    world->snapshot = catalog_snapshot_ref(ask->snapshot);
    world->catalog = standard_catalog_from_snapshot(ask->snapshot);
    world->tables = g_ptr_array_new_with_free_func(table_free);
    world->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    if (ask->usage) {
        standard_catalog_set_usage(world->catalog, ask->usage);
    }
    g_autoptr(StandardConfig) config = standard_config_new(catalog_project_settings(ask->snapshot));
    world->profile = g_ascii_strcasecmp(standard_config_profile(config), "aliyun") == 0 ? "aliyun" : "v4";
    if (!open_clock(world, ask, error) || !(world->conn = engine_connect(lifecycle->engine, error)) ||
        !read_archives(world, error)) {
        return false;
    }
    const GPtrArray *objects = catalog_objects(ask->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        if (holds_rows(objects->pdata[i])) {
            add_table(world, objects->pdata[i]);
        }
    }
    return true;
}

void lifecycle_world_close(LifecycleWorld *world)
{
    g_clear_pointer(&world->by_id, g_hash_table_unref);
    g_clear_pointer(&world->tables, g_ptr_array_unref);
    g_clear_pointer(&world->archives, json_decref);
    g_clear_pointer(&world->conn, engine_disconnect);
    g_clear_pointer(&world->catalog, standard_catalog_free);
    g_clear_pointer(&world->zone, g_time_zone_unref);
    g_clear_pointer(&world->snapshot, catalog_snapshot_unref);
}

/* ---- neighbours -------------------------------------------------------------------------------------- */

/* Tables and models next to `object`, through views; each once. */
static void add_neighbours(const LifecycleWorld *world, const CatalogObject *object, bool up, guint depth,
                           GPtrArray *to)
{
    g_autoptr(GPtrArray) edges = up ? catalog_lineage_up(world->snapshot, object, NULL)
                                    : catalog_lineage_down(world->snapshot, object, NULL);
    for (guint i = 0; depth < MAX_DEPTH && i < edges->len; i++) {
        const CatalogEdge *edge = edges->pdata[i];
        const CatalogObject *other = up ? edge->from : edge->to;
        if (other == object || (!holds_rows(other) && !is_view(other)) || g_ptr_array_find(to, other, NULL)) {
            continue;
        }
        g_ptr_array_add(to, (gpointer)(guintptr)other);
        if (is_view(other)) {
            add_neighbours(world, other, up, depth + 1, to);
        }
    }
}

/* LifecycleTable*; free the array. */
static GPtrArray *neighbours(const LifecycleWorld *world, const CatalogObject *object, bool up)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new();
    add_neighbours(world, object, up, 0, objects);
    GPtrArray *tables = g_ptr_array_new();
    for (guint i = 0; i < objects->len; i++) {
        LifecycleTable *table =
            g_hash_table_lookup(world->by_id, ((const CatalogObject *)objects->pdata[i])->id);
        if (table && table->object != object) {
            g_ptr_array_add(tables, table);
        }
    }
    return tables;
}

/* ---- readers ----------------------------------------------------------------------------------------------
 */

static gint64 whole_days(gint64 us)
{
    return (us + BASE_TIME_DAY_US - 1) / BASE_TIME_DAY_US;
}

/* `$start - INTERVAL ...`, `date_sub($start, ...)`: it looks back further than its interval. */
static bool looks_back(const CatalogModelInfo *model)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(model->sql, ENGINE_DIALECT_WEIR, NULL);
    for (guint i = 1; tokens && i + 1 < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i], *before = tokens->pdata[i - 1];
        bool start = token->type == ENGINE_TOKEN_PARAM && strstr(token->text, "start");
        bool called = engine_token_is(before, "(") && i > 1 &&
                      (g_str_has_prefix(((const EngineToken *)tokens->pdata[i - 2])->text, "date_") ||
                       g_str_has_suffix(((const EngineToken *)tokens->pdata[i - 2])->text, "date"));
        if (start && (called || engine_token_is(tokens->pdata[i + 1], "-"))) {
            return true;
        }
    }
    return tokens == NULL;
}

/* How far before the rows that it writes the SELECT of a reader looks. False: everything, for all we know. */
static bool window_days(const LifecycleTable *reader, gint64 *ret_days)
{
    const json_t *lifecycle = json_object_get(reader->object->definition, "lifecycle");
    const char *reads = base_json_string(lifecycle, "reads", NULL);
    const CatalogModelInfo *model = reader->object->model;
    gint64 us = 0;
    if (reads && base_text_to_duration(reads, &us)) {
        *ret_days = whole_days(us);
        return true;
    }
    bool by_interval = model->kind == CATALOG_MODEL_INCREMENTAL && (model->uses_interval || model->time) &&
                       !looks_back(model);
    *ret_days = whole_days(model->lookback_us) + model->lookback_batches;
    return by_interval;
}

static gint64 reach_of(LifecycleWorld *world, LifecycleTable *table, guint depth);

/* Days before today that `reader` needs of what it reads; LIFECYCLE_NEVER = all. */
static gint64 need_of(LifecycleWorld *world, LifecycleTable *reader, guint depth)
{
    gint64 window = 0;
    if (!window_days(reader, &window)) {
        return LIFECYCLE_NEVER;
    }
    bool recoverable = reader->policy.grade >= 2 && reader->policy.ruled && !reader->policy.whole;
    gint64 kept = recoverable ? reach_of(world, reader, depth + 1) : 0;
    return kept == LIFECYCLE_NEVER || depth >= MAX_DEPTH ? LIFECYCLE_NEVER : kept + window;
}

static void ask_readers(LifecycleWorld *world, LifecycleTable *table, guint depth)
{
    LifecyclePolicy *policy = &table->policy;
    g_autoptr(GPtrArray) readers = neighbours(world, table->object, false);
    gint64 need = -1;
    for (guint i = 0; i < readers->len; i++) {
        LifecycleTable *reader = readers->pdata[i];
        if (!reader->object->model) {
            continue;
        }
        policy->readers = true;
        gint64 own = need_of(world, reader, depth);
        if (own > need) {
            need = own;
            g_free(policy->readers_name);
            policy->readers_name = g_strdup(reader->object->full_name);
        }
    }
    policy->readers_all = need == LIFECYCLE_NEVER;
    policy->readers_from = need < 0 || policy->readers_all ? LIFECYCLE_NEVER : world->today - need;
}

/* How long rows of `table` are kept in truth: by its own rules, or because a reader needs them. */
static gint64 reach_of(LifecycleWorld *world, LifecycleTable *table, guint depth)
{
    if (table->reach_days < 0) {
        table->reach_days = lifecycle_policy_days(&table->policy);
        ask_readers(world, table, depth);
        const LifecyclePolicy *policy = &table->policy;
        gint64 asked = policy->readers_all                       ? LIFECYCLE_NEVER
                       : policy->readers_from == LIFECYCLE_NEVER ? 0
                                                                 : world->today - policy->readers_from;
        table->reach_days = MAX(table->reach_days, asked);
    }
    return table->reach_days;
}

/* ---- has every reader built a day? ------------------------------------------------------------------------
 */

static gint64 midnight(const LifecycleWorld *world, gint64 day)
{
    g_autofree char *text = lifecycle_day_text(day);
    gint64 us = 0;
    return base_time_parse(text, world->zone, &us) ? us : day * BASE_TIME_DAY_US;
}

static bool covered(const json_t *done, gint64 start_us, gint64 end_us)
{
    size_t i;
    const json_t *one;
    json_array_foreach (done, i, one) {
        if (base_json_int(one, "start_us", 0) <= start_us && base_json_int(one, "end_us", 0) >= end_us) {
            return true;
        }
    }
    return false;
}

/* Marks the partitions that `reader`, built by interval, has not built. */
static bool mark_behind(LifecycleWorld *world, LifecycleTable *table, const LifecycleTable *reader,
                        GError **error)
{
    EngineValue model = engine_value_text(reader->object->id);
    g_autoptr(json_t) done = engine_query_json(
        world->conn,
        "SELECT start_us, end_us FROM _weir.intervals WHERE model = $1 AND start_us < end_us ORDER BY 1",
        &model, 1, LIFECYCLE_MAX_PARTITIONS, error);
    if (!done) {
        return false;
    }
    for (guint i = 0; i < table->partitions->len; i++) {
        LifecyclePartition *one = &g_array_index(table->partitions, LifecyclePartition, i);
        one->behind = one->behind || one->undated ||
                      !covered(done, midnight(world, one->first_day), midnight(world, one->last_day + 1));
    }
    return true;
}

static bool look_behind(LifecycleWorld *world, LifecycleTable *table, GError **error)
{
    g_autoptr(GPtrArray) readers = neighbours(world, table->object, false);
    for (guint i = 0; i < readers->len; i++) {
        const LifecycleTable *reader = readers->pdata[i];
        const CatalogModelInfo *model = reader->object->model;
        if (model && model->kind == CATALOG_MODEL_INCREMENTAL && model->uses_interval &&
            !mark_behind(world, table, reader, error)) {
            return false;
        }
    }
    return true;
}

/* ---- what can be made again -------------------------------------------------------------------------------
 */

/* Days of archives count as there: they can be restored. */
static void add_archived_days(const LifecycleWorld *world, LifecycleTable *table)
{
    size_t i;
    const json_t *archive;
    json_array_foreach (json_object_get(world->archives, table->object->full_name), i, archive) {
        gint64 last = base_json_int(archive, "last_day", 0);
        for (gint64 day = base_json_int(archive, "first_day", 0); day <= last; day++) {
            g_hash_table_add(table->days, g_memdup2(&day, sizeof day));
        }
    }
}

/* Read once, with the days of its archives. */
static bool read_table(LifecycleWorld *world, LifecycleTable *table, GError **error)
{
    if (table->partitions) {
        return true;
    }
    if (!lifecycle_table_read(table, world->conn, world->zone_name, error)) {
        return false;
    }
    add_archived_days(world, table);
    return true;
}

static bool has_days(const LifecycleTable *input, gint64 first, gint64 last)
{
    for (gint64 day = first; day <= last; day++) {
        if (!g_hash_table_contains(input->days, &day)) {
            return false;
        }
    }
    return true;
}

/* Its definition gives the same rows whenever it runs over the same interval. */
static bool deterministic(const LifecycleTable *table)
{
    const CatalogModelInfo *model = table->object->model;
    if (!model || model->kind != CATALOG_MODEL_INCREMENTAL || !model->uses_interval || !table->standard) {
        return false;
    }
    const StandardSql *sql = standard_sql(table->standard);
    return sql->ok && !sql->moment && !sql->bare_limit && !sql->row_number_open && !sql->max_partition;
}

/* The partitions whose inputs are all there, for as far back as the definition looks. What it reads must have
 * days, or be a history that is kept for ever: of a table that only has today's state the past is gone. */
static bool mark_rebuildable(LifecycleWorld *world, LifecycleTable *table, GError **error)
{
    gint64 window = 0;
    g_autoptr(GPtrArray) inputs = neighbours(world, table->object, true);
    if (!deterministic(table) || inputs->len == 0 || !window_days(table, &window)) {
        return true;
    }
    for (guint i = 0; i < inputs->len; i++) {
        LifecycleTable *input = inputs->pdata[i];
        if (!read_table(world, input, error)) {
            return false;
        }
        if (!input->day_sql && !input->policy.zipper) {
            return true;
        }
    }
    for (guint i = 0; i < table->partitions->len; i++) {
        LifecyclePartition *one = &g_array_index(table->partitions, LifecyclePartition, i);
        one->rebuildable = !one->undated;
        for (guint j = 0; j < inputs->len && one->rebuildable; j++) {
            const LifecycleTable *input = inputs->pdata[j];
            one->rebuildable =
                input->policy.zipper || has_days(input, one->first_day - window, one->last_day);
        }
    }
    return true;
}

/* ---- archives of a partition --------------------------------------------------------------------------- */

static void mark_archived(LifecycleWorld *world, LifecycleTable *table)
{
    size_t i;
    const json_t *archive;
    json_array_foreach (json_object_get(world->archives, table->object->full_name), i, archive) {
        if (!g_str_equal(base_json_string(archive, "state", ""), "restored")) {
            continue;
        }
        gint64 restored = base_json_int(archive, "at_us", 0) / BASE_TIME_DAY_US;
        for (guint j = 0; j < table->partitions->len; j++) {
            LifecyclePartition *one = &g_array_index(table->partitions, LifecyclePartition, j);
            if (!one->undated && one->first_day == base_json_int(archive, "first_day", 0)) {
                one->restored_until = MAX(one->restored_until, restored + LIFECYCLE_RESTORED_DAYS);
                one->archived = one->archived || base_json_int(archive, "n_rows", -1) == one->rows;
            }
        }
    }
}

bool lifecycle_world_judge(LifecycleWorld *world, LifecycleTable *table, GError **error)
{
    reach_of(world, table, 0);
    if (!read_table(world, table, error)) {
        return false;
    }
    if (!table->day_sql) {
        return true;
    }
    mark_archived(world, table);
    return look_behind(world, table, error) && mark_rebuildable(world, table, error);
}
