/* Reports, alerts and the channels that they are sent to: what the table of keys cannot say of them. A report
 * shows something that can be sent, an alert watches something, whoever is to be told can be. Looked at when
 * all names and columns are known; what fails here would otherwise fail at night, when nobody looks. */
#include <string.h>

#include "base/text.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"

#define MAX_ADDRESS_BYTES 254 /* RFC 5321 */
#define TABLE_KINDS       (1u << CATALOG_TABLE | 1u << CATALOG_MODEL)

/* ---- texts ---------------------------------------------------------------------------------------- */

/* Goes into SMTP commands and headers: a plain address, nothing that has to be quoted there (RFC 5322 3.2.3).
 */
bool catalog_is_mail_address(const char *text)
{
    const char *at = strchr(text, '@');
    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > MAX_ADDRESS_BYTES) {
        return false;
    }
    for (const char *p = text; *p; p++) {
        if ((guchar)*p <= ' ' || strchr("()<>[]:;,\\\"\x7f", *p)) {
            return false;
        }
    }
    return true;
}

bool catalog_is_url(const char *text)
{
    return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

/* Two digits, a colon, two digits; 24:00 is the end of a day. */
static bool read_minute(const char *text, int *ret_minute)
{
    for (int i = 0; i < 5; i++) {
        if (i == 2 ? text[i] != ':' : !g_ascii_isdigit(text[i])) {
            return false;
        }
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *ret_minute = hour * 60 + minute;
    return minute < 60 && *ret_minute <= 24 * 60;
}

bool catalog_notice_hours(const char *text, int *ret_from, int *ret_to)
{
    int from, to;
    if (strlen(text) != strlen("08:00-22:00") || text[5] != '-' || !read_minute(text, &from) ||
        !read_minute(text + 6, &to)) {
        return false;
    }
    *ret_from = from;
    *ret_to = to;
    return true;
}

/* ---- looking at one definition ---------------------------------------------------------------------- */

typedef struct {
    CatalogBuild *build;
    CatalogItem *item;
} Notice;

static const BaseYaml *value_of(const Notice *notice, const char *key)
{
    const BaseYaml *node = base_yaml_get(notice->item->yaml, key, NULL);
    return node && node->type == BASE_YAML_SCALAR && base_yaml_is_null(node) ? NULL : node;
}

static const char *text_of(const Notice *notice, const char *key)
{
    const BaseYaml *node = value_of(notice, key);
    return node && node->type == BASE_YAML_SCALAR ? node->text : NULL;
}

static const BaseYaml *name_of(const Notice *notice)
{
    const BaseYaml *name = value_of(notice, "name");
    return name ? name : notice->item->yaml;
}

/* What is missing may be the word that was misspelt: where a mistake has been told, that one is enough. */
static void complain_missing(const Notice *notice, const char *message, const char *hint)
{
    if (!notice->item->failed) {
        BaseDiag *diag = catalog_complain(notice->build, notice->item, name_of(notice), BASE_E_KEY_MISSING,
                                          "%s `%s` %s", catalog_kind_name(notice->item->node->object.kind),
                                          notice->item->node->object.name, message);
        base_diag_hint(diag, "%s", hint);
    }
}

/* ---- receivers ---------------------------------------------------------------------------------------- */

static void complain_receiver(const Notice *notice, const BaseYaml *node, const json_t *channels)
{
    BaseDiag *diag =
        catalog_complain(notice->build, notice->item, node, BASE_E_CHANNEL_UNKNOWN,
                         strchr(node->text, '@') ? "`%s` is no mail address" : "no channel `%s`", node->text);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *name;
    json_t *channel;
    json_object_foreach ((json_t *)(guintptr)channels, name, channel) {
        g_ptr_array_add(names, (gpointer)(guintptr)name);
    }
    g_ptr_array_add(names, NULL);
    base_diag_hint(diag, "declare it under `channels:` of weir.yml, or name a mail address or an URL");
    base_diag_hint_nearest(diag, node->text, (const char *const *)names->pdata);
}

static void check_receiver(const Notice *notice, const BaseYaml *node)
{
    const json_t *channels = json_object_get(notice->build->settings, "channels");
    if (node->type != BASE_YAML_SCALAR || base_yaml_is_null(node) || json_object_get(channels, node->text) ||
        catalog_is_url(node->text) || catalog_is_mail_address(node->text) || strstr(node->text, "${")) {
        return; /* a variable of the environment is known when it is sent */
    }
    complain_receiver(notice, node, channels);
}

static void check_receivers(const Notice *notice)
{
    const BaseYaml *to = value_of(notice, "to");
    bool list = to && to->type == BASE_YAML_LIST;
    if (to && to->type == BASE_YAML_SCALAR) {
        check_receiver(notice, to);
    }
    for (guint i = 0; list && i < to->items->len; i++) {
        check_receiver(notice, g_ptr_array_index(to->items, i));
    }
    bool sent = notice->item->node->object.kind == CATALOG_ALERT || value_of(notice, "schedule");
    if (sent && (!to || (list && to->items->len == 0))) {
        complain_missing(notice, "names nobody in `to`",
                         "to: [a mail address, an URL, or a name under `channels:` of weir.yml]");
    }
}

/* ---- what can be shown ----------------------------------------------------------------------------------
 */

/* Why a metric cannot be had by these dimensions, as text that the caller frees; NULL = it can, or names
 * nothing (which was told). */
static char *metric_problem(const CatalogBuild *build, const char *name, const char *domain, const json_t *by)
{
    bool ambiguous = false;
    const CatalogObject *metric = catalog_ref_find(build, 1u << CATALOG_METRIC, name, domain, &ambiguous);
    if (!metric) {
        return NULL;
    }
    if (!g_str_equal(base_json_string(metric->definition, "type", ""), "atomic") ||
        !base_json_string(metric->definition, "agg", NULL)) {
        return g_strdup_printf("metric `%s` is not atomic", metric->full_name);
    }
    const CatalogObject *table = catalog_ref_find(
        build, TABLE_KINDS, base_json_string(metric->definition, "table", ""), metric->domain, &ambiguous);
    if (!table) {
        return g_strdup_printf("metric `%s` has no table", metric->full_name);
    }
    size_t i;
    json_t *dimension;
    json_array_foreach (by, i, dimension) {
        const char *column = json_is_string(dimension) ? json_string_value(dimension) : "";
        if (table->columns && !catalog_node(table)->columns_open &&
            !catalog_columns_find(table->columns, column)) {
            return g_strdup_printf("`%s` is no column of `%s`, the table of metric `%s`", column,
                                   table->full_name, metric->full_name);
        }
    }
    return NULL;
}

static void complain_metric(const Notice *notice, const BaseYaml *node, const char *problem)
{
    BaseDiag *diag =
        catalog_complain(notice->build, notice->item, node, BASE_E_METRIC_UNSUPPORTED, "%s", problem);
    base_diag_hint(diag, "give the %s a `query`", catalog_kind_name(notice->item->node->object.kind));
}

static void check_metric(const Notice *notice, const BaseYaml *node, const json_t *by)
{
    bool named = node->type == BASE_YAML_SCALAR && !base_yaml_is_null(node);
    g_autofree char *problem =
        named ? metric_problem(notice->build, node->text, notice->item->node->object.domain, by) : NULL;
    if (problem) {
        complain_metric(notice, node, problem);
    }
}

/* A text or a list of texts. */
static void check_metrics(const Notice *notice, const BaseYaml *node)
{
    for (guint i = 0; node && node->type == BASE_YAML_LIST && i < node->items->len; i++) {
        check_metric(notice, g_ptr_array_index(node->items, i), NULL);
    }
    if (node && node->type == BASE_YAML_SCALAR) {
        check_metric(notice, node, NULL);
    }
}

/* ---- dashboards -------------------------------------------------------------------------------------------
 */

/* Why a tile cannot be sent; NULL = it can. Caller frees. */
static char *tile_problem(const CatalogBuild *build, const json_t *tile, const char *domain)
{
    static const char *const live[] = {"compare", "time"}; /* they need the metric's time, kept by no tile */
    bool query = json_object_get(tile, "query") != NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(live); i++) {
        if (json_object_get(tile, live[i])) {
            return g_strdup_printf("`%s` cannot be sent", live[i]);
        }
    }
    if (query && json_object_get(tile, "by")) {
        return g_strdup("`by` goes with a metric, not with a query");
    }
    const json_t *by = json_object_get(tile, "by"), *names = json_object_get(tile, "metrics");
    g_autoptr(json_t) one = json_is_string(by) ? json_pack("[O]", by) : json_incref((json_t *)(guintptr)by);
    const char *metric =
        base_json_string(tile, "metric", json_is_string(names) ? json_string_value(names) : NULL);
    char *problem = metric ? metric_problem(build, metric, domain, one) : NULL;
    for (size_t i = 0; !problem && i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        problem = json_is_string(name) ? metric_problem(build, json_string_value(name), domain, one) : NULL;
    }
    return problem;
}

/* The tile's place: rows of tiles, or tiles. */
static void check_tile(const Notice *notice, const CatalogItem *dashboard, const BaseYaml *tile)
{
    const CatalogObject *object = &dashboard->node->object;
    g_autoptr(json_t) json = tile->type == BASE_YAML_MAP ? base_yaml_to_json(tile) : NULL;
    g_autofree char *problem = json ? tile_problem(notice->build, json, object->domain) : NULL;
    if (problem) {
        BaseDiag *diag = catalog_complain(
            notice->build, notice->item, value_of(notice, "dashboard"), BASE_E_METRIC_UNSUPPORTED,
            "a tile of dashboard `%s` cannot be sent: %s", object->full_name, problem);
        base_diag_hint(diag, "give the tile at %s:%u:%u a `query`, or send another dashboard", object->file,
                       tile->line, tile->column);
    }
}

static void check_dashboard(const Notice *notice)
{
    const char *name = text_of(notice, "dashboard");
    bool ambiguous = false;
    const CatalogObject *object = name ? catalog_ref_find(notice->build, 1u << CATALOG_DASHBOARD, name,
                                                          notice->item->node->object.domain, &ambiguous)
                                       : NULL;
    const CatalogItem *dashboard = object ? g_hash_table_lookup(notice->build->by_node, object) : NULL;
    const BaseYaml *rows = dashboard ? base_yaml_get(dashboard->yaml, "rows", NULL) : NULL;
    for (guint i = 0; rows && rows->type == BASE_YAML_LIST && i < rows->items->len; i++) {
        const BaseYaml *row = g_ptr_array_index(rows->items, i);
        for (guint j = 0; row->type == BASE_YAML_LIST && j < row->items->len; j++) {
            check_tile(notice, dashboard, g_ptr_array_index(row->items, j));
        }
        check_tile(notice, dashboard, row);
    }
}

/* ---- reports, alerts -------------------------------------------------------------------------------------
 */

static void check_report(const Notice *notice)
{
    if (!value_of(notice, "query") && !value_of(notice, "dashboard") && !value_of(notice, "metrics")) {
        complain_missing(notice, "shows nothing", "give it a `query`, `metrics` or a `dashboard`");
    }
    check_metrics(notice, value_of(notice, "metrics"));
    check_dashboard(notice);
}

/* An alert that looks at runs, tables or deadlines has no rows to judge. */
static void check_watched(const Notice *notice, const char *on)
{
    static const char *const keys[] = {"query", "metric", "when", "by"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const BaseYaml *node = value_of(notice, keys[i]);
        if (node) {
            catalog_complain(notice->build, notice->item, node, BASE_E_VALUE_INVALID,
                             "`%s` is not looked at with `on: %s`", keys[i], on);
        }
    }
}

static void check_rows(const Notice *notice, const char *on)
{
    const BaseYaml *query = value_of(notice, "query"), *metric = value_of(notice, "metric"),
                   *of = value_of(notice, "of"), *by = value_of(notice, "by");
    const char *needed = !query && !metric                         ? "watches nothing"
                         : g_strcmp0(on, "query") == 0 && !query   ? "has `on: query` and no `query`"
                         : g_strcmp0(on, "metric") == 0 && !metric ? "has `on: metric` and no `metric`"
                         : !query && !value_of(notice, "when")     ? "has a `metric` and no `when`"
                                                                   : NULL;
    if (needed) {
        complain_missing(notice, needed,
                         "a `query`, a `metric` with `when`, or `on: run`, check, freshness or deadline");
    }
    if (of) {
        catalog_complain(notice->build, notice->item, of, BASE_E_VALUE_INVALID,
                         "`of` goes with `on: run`, check, freshness or deadline");
    }
    g_autoptr(json_t) written = by ? base_yaml_to_json(by) : NULL;
    g_autoptr(json_t) list = json_is_string(written) ? json_pack("[O]", written) : json_incref(written);
    if (metric && !query) {
        check_metric(notice, metric, list);
    }
}

static void check_alert(const Notice *notice)
{
    const char *on = text_of(notice, "on");
    if (on && !g_str_equal(on, "query") && !g_str_equal(on, "metric")) {
        check_watched(notice, on);
    } else {
        check_rows(notice, on);
    }
}

void catalog_check_notices(CatalogBuild *build)
{
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        Notice notice = {build, item};
        if (!item->yaml) {
            continue;
        }
        if (item->node->object.kind == CATALOG_REPORT) {
            check_report(&notice);
            check_receivers(&notice);
        } else if (item->node->object.kind == CATALOG_ALERT) {
            check_alert(&notice);
            check_receivers(&notice);
        }
    }
}

/* ---- channels of weir.yml --------------------------------------------------------------------------------
 */

static void check_channel(CatalogBuild *build, CatalogItem *place, const BaseYaml *name, const BaseYaml *node)
{
    const BaseYaml *type = node->type == BASE_YAML_MAP ? base_yaml_get(node, "type", NULL) : NULL;
    static const char *const TYPES[] = {"mail", "webhook", "feishu", "dingtalk", "slack", NULL};
    if (!type || type->type != BASE_YAML_SCALAR || !g_strv_contains(TYPES, type->text)) {
        return; /* told */
    }
    const char *needed = g_str_equal(type->text, "mail") ? "to" : "url";
    if (!base_yaml_get(node, needed, NULL)) {
        catalog_complain(build, place, name, BASE_E_KEY_MISSING, "channel `%s` of type %s has no `%s`",
                         name->text, type->text, needed);
    }
}

void catalog_check_channels(CatalogBuild *build, CatalogItem *place, const BaseYaml *doc)
{
    const BaseYaml *channels = base_yaml_get(doc, "channels", NULL);
    for (guint i = 0; channels && channels->type == BASE_YAML_MAP && i < channels->items->len; i++) {
        check_channel(build, place, g_ptr_array_index(channels->keys, i),
                      g_ptr_array_index(channels->items, i));
    }
}
