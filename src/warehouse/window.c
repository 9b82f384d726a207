/* Units of models, and how far what a model reads reaches into what it makes. */
#include "base/text.h"
#include "engine/sql.h"
#include "warehouse/intervals.h"

bool warehouse_has_intervals(const CatalogObject *model)
{
    const CatalogModelInfo *info = model->model;
    return info && info->kind == CATALOG_MODEL_INCREMENTAL &&
           (info->time || info->uses_interval || info->strategy == CATALOG_STRATEGY_MICROBATCH);
}

BasePeriod warehouse_unit(const CatalogObject *model)
{
    const json_t *definition = model->definition;
    const char *const words[] = {base_json_string(definition, "batch_size", NULL),
                                 base_json_string(definition, "grain", NULL),
                                 base_json_string(json_object_get(definition, "partition"), "unit", NULL)};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        BasePeriod unit;
        if (words[i] && base_period_by_name(words[i], &unit)) {
            return unit;
        }
    }
    return BASE_PERIOD_DAY;
}

gint64 warehouse_lookback_units(const CatalogObject *model)
{
    const CatalogModelInfo *info = model->model;
    if (info->lookback_batches > 0) {
        return info->lookback_batches;
    }
    gint64 length_us = base_period_length_us(warehouse_unit(model));
    length_us = warehouse_unit(model) == BASE_PERIOD_DAY ? BASE_TIME_DAY_US : length_us;
    return (info->lookback_us + length_us - 1) / length_us;
}

gint64 warehouse_history_start(const CatalogObject *model, GTimeZone *zone)
{
    static const char *const keys[] = {"begin", "start"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        gint64 us;
        const char *text = base_json_string(model->definition, keys[i], NULL);
        if (text && base_time_parse(text, zone, &us)) {
            return us;
        }
    }
    return 0;
}

/* ---- how far the SQL reads back -------------------------------------------------------------------------
 */

static gint64 span_us(gint64 n, const char *word)
{
    BasePeriod period;
    if (g_str_has_prefix(word, "second") || !base_period_by_name(word, &period)) {
        return n * BASE_TIME_SECOND_US;
    }
    return n * (period == BASE_PERIOD_DAY ? BASE_TIME_DAY_US : base_period_length_us(period));
}

/* INTERVAL 6 DAY, INTERVAL '6' DAY, INTERVAL '6 days', INTERVAL (6) DAY: its length; 0 when it is not plain.
 */
static gint64 interval_literal(const GPtrArray *tokens, guint at)
{
    gint64 n = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = at; i < tokens->len && i < at + 4; i++) {
        const EngineToken *token = tokens->pdata[i];
        g_string_append_printf(text, "%s ", token->text);
    }
    g_auto(GStrv) words = g_strsplit_set(text->str, " '()", -1);
    bool has_number = false;
    for (size_t i = 0; words[i]; i++) {
        if (!*words[i]) {
            continue;
        }
        if (has_number) {
            return span_us(n, words[i]);
        }
        if (!base_text_to_int(words[i], 0, 1000000, &n)) {
            return 0;
        }
        has_number = true;
    }
    return 0;
}

/* The largest INTERVAL that is taken from $start. */
gint64 warehouse_sql_reach_us(const CatalogObject *model)
{
    const char *sql = model->model->sql_resolved;
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL);
    gint64 most = 0;
    for (guint i = 0; tokens && i + 3 < tokens->len; i++) {
        const EngineToken *param = tokens->pdata[i], *minus = tokens->pdata[i + 1],
                          *word = tokens->pdata[i + 2];
        if (param->type == ENGINE_TOKEN_PARAM && g_str_equal(param->text, "$start") &&
            g_str_equal(minus->text, "-") && g_ascii_strcasecmp(word->text, "interval") == 0) {
            most = MAX(most, interval_literal(tokens, i + 3));
        }
    }
    return most;
}

gint64 warehouse_reach_us(const CatalogObject *model)
{
    if (!warehouse_has_intervals(model)) {
        return 0;
    }
    return MAX(warehouse_sql_reach_us(model),
               warehouse_lookback_units(model) * base_period_length_us(warehouse_unit(model)));
}

GArray *warehouse_window(const CatalogObject *reader, const GArray *ranges, GTimeZone *zone)
{
    if (!warehouse_has_intervals(reader)) {
        return warehouse_ranges_copy(ranges); /* built whole: what changed in it lies where it changed */
    }
    BasePeriod unit = warehouse_unit(reader);
    gint64 back_us = warehouse_sql_reach_us(reader), back_units = warehouse_lookback_units(reader);
    g_autoptr(GArray) reached = warehouse_ranges_copy(ranges);
    for (guint i = 0; i < reached->len; i++) {
        WarehouseInterval *range = &g_array_index(reached, WarehouseInterval, i);
        gint64 end_us = range->end_us + back_us;
        /* The unit of the last changed instant, and as many after it as are read again. */
        range->end_us = MAX(end_us, base_period_shift(range->end_us - 1, back_units + 1, unit, zone));
    }
    warehouse_ranges_normalise(reached);
    g_autoptr(GArray) units = warehouse_units_touching(reached, unit, zone);
    return warehouse_units_ranges(units, unit, zone);
}

/* ---- all that depends on it -----------------------------------------------------------------------------
 */

static void affected_clear(gpointer data)
{
    g_clear_pointer(&((WarehouseAffected *)data)->ranges, g_array_unref);
}

GArray *warehouse_read_ranges(CatalogSnapshot *snapshot, const CatalogObject *model, GHashTable *ranges)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, model, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogEdge *edge = edges->pdata[i];
        const GArray *read = g_hash_table_lookup(ranges, edge->from);
        if (read && !edge->from_column && !edge->to_column && edge->from != model && read->len > 0) {
            g_array_append_vals(all, read->data, read->len);
        }
    }
    warehouse_ranges_normalise(all);
    return all;
}

GArray *warehouse_affected(CatalogSnapshot *snapshot, const CatalogObject *origin, const GArray *ranges,
                           GTimeZone *zone, GError **error)
{
    g_autoptr(GPtrArray) below = catalog_downstream(snapshot, origin);
    g_autoptr(GHashTable) set = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) by_object = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(WarehouseAffected));
    g_array_set_clear_func(list, affected_clear);
    for (guint i = 0; below && i < below->len; i++) {
        if (((const CatalogObject *)below->pdata[i])->kind == CATALOG_MODEL) {
            g_hash_table_add(set, below->pdata[i]);
        }
    }
    if (g_hash_table_size(set) == 0) {
        return g_steal_pointer(&list);
    }
    g_autoptr(GPtrArray) order = catalog_model_order(snapshot, error);
    if (!order) {
        return NULL;
    }
    g_hash_table_insert(by_object, (gpointer)(guintptr)origin, (gpointer)(guintptr)ranges);
    for (guint i = 0; i < order->len; i++) {
        if (order->pdata[i] == origin || !g_hash_table_contains(set, order->pdata[i])) {
            continue;
        }
        g_autoptr(GArray) read = warehouse_read_ranges(snapshot, order->pdata[i], by_object);
        if (read->len > 0) {
            WarehouseAffected affected = {order->pdata[i], warehouse_window(order->pdata[i], read, zone)};
            g_array_append_val(list, affected);
            g_hash_table_insert(by_object, order->pdata[i], affected.ranges);
        }
    }
    return g_steal_pointer(&list);
}
