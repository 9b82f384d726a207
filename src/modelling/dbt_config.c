/* Config of dbt as keys of Weir. dbt_project.yml says it for folders, properties for one object, config() in
 * the file; the nearest word counts. */
#include <string.h>

#include "modelling/dbt_int.h"

static const char *const SECTIONS[] = {"models", "snapshots", "seeds", "sources"};

/* ---- dbt_project.yml -------------------------------------------------------------------------------------
 */

/* Keys of this level: those with +, and those that are no folder. */
static void take_level(json_t *config, const BaseYaml *level)
{
    for (guint i = 0; i < level->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(level->keys, i);
        const BaseYaml *value = g_ptr_array_index(level->items, i);
        if (*key->text == '+') {
            json_object_set_new(config, key->text + 1, base_yaml_to_json(value));
        } else if (value->type != BASE_YAML_MAP) {
            json_object_set_new(config, key->text, base_yaml_to_json(value));
        }
    }
}

void dbt_config_project(DbtImport *import, DbtNode *node)
{
    const BaseYaml *level = base_yaml_get(import->project, SECTIONS[node->kind], NULL);
    g_auto(GStrv) parts = g_strsplit(node->file, "/", -1);
    guint n = g_strv_length(parts);
    if (level && level->type == BASE_YAML_MAP) {
        take_level(node->config, level);
        level = base_yaml_get(level, import->name, NULL);
    }
    for (guint i = 1; level && level->type == BASE_YAML_MAP && i <= n; i++) {
        take_level(node->config, level);
        const char *next = i < n - 1 ? parts[i] : i == n - 1 ? node->name : "";
        level = base_yaml_get(level, next, NULL);
    }
    const BaseYaml *own = node->properties ? base_yaml_get(node->properties, "config", NULL) : NULL;
    if (own && own->type == BASE_YAML_MAP) {
        take_level(node->config, own);
        g_autoptr(json_t) all = base_yaml_to_json(own);
        json_object_update_missing(node->config, all);
    }
}

/* ---- small parts
 * ------------------------------------------------------------------------------------------- */

static const char *word(const DbtNode *node, const char *key, const char *fallback)
{
    return base_json_string(node->config, key, fallback);
}

static void set_text(DbtNode *node, const char *key, const char *value)
{
    base_json_set_string(node->header, key, value);
}

static bool is_column(const char *text)
{
    bool ok = *text != '\0' && !g_ascii_isdigit(*text);
    for (const char *c = text; ok && *c != '\0'; c++) {
        ok = g_ascii_isalnum(*c) || *c == '_';
    }
    return ok;
}

/* A text or a list of texts, all of them columns; false = something else is among them. */
static bool set_columns(DbtNode *node, const char *from, const char *to)
{
    json_t *value = json_object_get(node->config, from);
    g_autoptr(json_t) list = json_is_array(value) ? json_incref(value) : json_array();
    if (json_is_string(value)) {
        json_array_append(list, value);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *column = json_string_value(json_array_get(list, i));
        if (!column || !is_column(column)) {
            return false;
        }
    }
    if (json_array_size(list) > 0) {
        json_object_set(node->header, to, list);
    }
    return true;
}

static bool need_key(DbtImport *import, DbtNode *node)
{
    if (!set_columns(node, "unique_key", "key")) {
        dbt_leave(import, node, node->line, "%s",
                  base_tr("`unique_key` is an expression: make it a column of the model",
                          "`unique_key` 是表达式：请先在模型中做成一列"));
        return false;
    }
    return true;
}

static void set_common(DbtImport *import, DbtNode *node)
{
    const char *description = dbt_yaml_text(node->properties, "description");
    if (strstr(description, "{{")) {
        dbt_left(import, node->properties_file, dbt_yaml_line(node->properties, "description", 0), node->name,
                 "%s", base_tr("a description with Jinja", "含 Jinja 的说明"));
    } else if (*description != '\0') {
        set_text(node, "description", description);
    }
    json_t *tags = json_object_get(node->config, "tags");
    if (json_is_string(tags)) {
        json_object_set_new(node->header, "tags", json_pack("[O]", tags));
    } else if (json_array_size(tags) > 0) {
        json_object_set(node->header, "tags", tags);
    }
    const char *owner = base_json_string(json_object_get(node->config, "meta"), "owner", NULL);
    if (owner) {
        set_text(node, "owner", owner);
    }
}

/* ---- incremental
 * ---------------------------------------------------------------------------------------------- */

static void set_microbatch(DbtImport *import, DbtNode *node)
{
    static const char *const NEEDED[] = {"event_time", "batch_size", "begin"};
    set_text(node, "strategy", "microbatch");
    for (size_t i = 0; i < G_N_ELEMENTS(NEEDED); i++) {
        const char *value = word(node, NEEDED[i], NULL);
        if (!value) {
            dbt_leave(import, node, node->line, base_tr("microbatch without `%s`", "microbatch 缺少 `%s`"),
                      NEEDED[i]);
            return;
        }
        set_text(node, NEEDED[i], value);
    }
    base_json_set_int(node->header, "lookback", base_json_int(node->config, "lookback", 1));
}

static void set_keyed(DbtImport *import, DbtNode *node, const char *strategy)
{
    set_text(node, "strategy", strategy);
    if (!need_key(import, node)) {
        return;
    }
    json_object_set_new(node->header, "null_safe_key", json_false()); /* NULL is equal to nothing */
    bool listed = set_columns(node, "merge_update_columns", "update_columns") &&
                  set_columns(node, "merge_exclude_columns", "exclude_columns");
    if (!listed || json_object_get(node->config, "incremental_predicates")) {
        dbt_leave(import, node, node->line, "%s",
                  base_tr("`incremental_predicates`, or columns that are expressions",
                          "含 `incremental_predicates`，或列为表达式"));
    }
}

static void set_overwrite(DbtImport *import, DbtNode *node)
{
    set_text(node, "strategy", "insert_overwrite");
    json_t *by = json_object_get(node->config, "partition_by");
    const char *field = json_is_string(by) ? json_string_value(by) : base_json_string(by, "field", NULL);
    field = !field && json_array_size(by) == 1 ? json_string_value(json_array_get(by, 0)) : field;
    if (!field || !is_column(field)) {
        dbt_leave(import, node, node->line, "%s",
                  base_tr("insert_overwrite without one column in `partition_by`",
                          "insert_overwrite 的 `partition_by` 不是单独一列"));
        return;
    }
    const char *unit = json_is_object(by) ? base_json_string(by, "granularity", NULL) : NULL;
    json_object_set_new(node->header, "partition",
                        unit ? json_pack("{s:s, s:s}", "by", field, "unit", unit) : json_string(field));
}

static void set_incremental(DbtImport *import, DbtNode *node)
{
    bool keyed = json_object_get(node->config, "unique_key") != NULL;
    const char *strategy = word(node, "incremental_strategy", keyed ? "merge" : "append");
    set_text(node, "kind", "incremental");
    set_text(node, "on_schema_change", word(node, "on_schema_change", "ignore"));
    if (g_str_equal(strategy, "microbatch")) {
        set_microbatch(import, node);
    } else if (g_str_equal(strategy, "insert_overwrite")) {
        set_overwrite(import, node);
    } else if (keyed && (g_str_equal(strategy, "merge") || g_str_equal(strategy, "delete+insert"))) {
        set_keyed(import, node, strategy);
    } else if (node->time) {
        set_text(node, "time", node->time);
    } else if (g_str_equal(strategy, "append") || g_str_equal(strategy, "merge")) {
        set_text(node, "strategy", "append"); /* a merge without key matches nothing */
    } else {
        dbt_leave(import, node, node->line,
                  base_tr("the incremental strategy `%s`%s", "增量策略 `%s`%s 无法迁移"), strategy,
                  keyed ? "" : base_tr(" without a key", "（没有键）"));
    }
}

static void set_model(DbtImport *import, DbtNode *node)
{
    const char *how = word(node, "materialized", "view");
    if (g_str_equal(how, "incremental")) {
        set_incremental(import, node);
    } else if (g_str_equal(how, "table")) {
        set_text(node, "kind", "full");
    } else if (g_str_equal(how, "view") || g_str_equal(how, "ephemeral")) {
        set_text(node, "kind", "view");
        if (*how == 'e') {
            dbt_changed(import, node->file, node->line, node->name, "%s",
                        base_tr("an ephemeral model is a view", "ephemeral 模型改为视图"));
        }
    } else {
        dbt_leave(import, node, node->line, base_tr("the materialization `%s`", "物化方式 `%s` 无法迁移"),
                  how);
    }
}

/* ---- snapshots
 * ------------------------------------------------------------------------------------------------- */

static void set_open_end(DbtImport *import, DbtNode *node)
{
    const char *expression = word(node, "dbt_valid_to_current", NULL);
    g_autoptr(GRegex) regex = g_regex_new("'(\\d{4}-\\d{2}-\\d{2}[^']*)'", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!expression) {
        return;
    }
    if (g_regex_match(regex, expression, 0, &match)) {
        g_autofree char *moment = g_match_info_fetch(match, 1);
        set_text(node, "open_end", moment);
    } else {
        dbt_leave(import, node, node->line,
                  base_tr("`dbt_valid_to_current: %s` is no date", "`dbt_valid_to_current: %s` 不是日期"),
                  expression);
    }
}

static const char *meta_name(const DbtNode *node, const char *name)
{
    return base_json_string(json_object_get(node->config, "snapshot_meta_column_names"), name, name);
}

static void set_snapshot(DbtImport *import, DbtNode *node)
{
    const char *strategy = word(node, "strategy", "");
    bool check = g_str_equal(strategy, "check");
    set_text(node, "kind", "scd2");
    set_text(node, "strategy", strategy);
    if ((!check && !g_str_equal(strategy, "timestamp")) || !json_object_get(node->config, "unique_key")) {
        dbt_leave(import, node, node->line, "%s",
                  base_tr("a snapshot needs the strategy timestamp or check, and a `unique_key`",
                          "快照须使用 timestamp 或 check 策略，并有 `unique_key`"));
        return;
    }
    if (!need_key(import, node)) {
        return;
    }
    json_t *columns = json_object_get(node->config, "check_cols");
    if (word(node, "updated_at", NULL)) {
        set_text(node, "updated_at", word(node, "updated_at", NULL));
    }
    if (check && json_is_string(columns)) {
        set_text(node, "check_cols", "*"); /* 'all' */
    } else if (check) {
        json_object_set(node->header, "check_cols", columns);
    }
    bool closes = base_json_bool(node->config, "invalidate_hard_deletes", false);
    set_text(node, "hard_deletes", word(node, "hard_deletes", closes ? "invalidate" : "ignore"));
    set_text(node, "valid_from", meta_name(node, "dbt_valid_from"));
    set_text(node, "valid_to", meta_name(node, "dbt_valid_to"));
    if (g_str_equal(base_json_string(node->header, "hard_deletes", ""), "new_record")) {
        set_text(node, "is_deleted", meta_name(node, "dbt_is_deleted"));
    }
    set_open_end(import, node);
    dbt_changed(
        import, node->file, node->line, node->name, "%s",
        base_tr("`dbt_scd_id` and `dbt_updated_at` are not made; the bare name reads current rows, "
                "`name@history` all",
                "不生成 `dbt_scd_id` 与 `dbt_updated_at`；直接读取得到当前行，`名称@history` 为全部版本"));
}

/* ---- all of it
 * -------------------------------------------------------------------------------------------------- */

static const char *const TAKEN[] = {"materialized",
                                    "incremental_strategy",
                                    "unique_key",
                                    "on_schema_change",
                                    "event_time",
                                    "batch_size",
                                    "begin",
                                    "lookback",
                                    "partition_by",
                                    "merge_update_columns",
                                    "merge_exclude_columns",
                                    "incremental_predicates",
                                    "tags",
                                    "enabled",
                                    "alias",
                                    "strategy",
                                    "updated_at",
                                    "check_cols",
                                    "hard_deletes",
                                    "invalidate_hard_deletes",
                                    "dbt_valid_to_current",
                                    "snapshot_meta_column_names",
                                    "column_types",
                                    "delimiter",
                                    "loaded_at_field",
                                    "freshness",
                                    "freshness_line",
                                    NULL};

static void list_rest(DbtImport *import, const DbtNode *node)
{
    const char *key;
    json_t *value;
    json_object_foreach (node->config, key, value) {
        bool owner =
            g_str_equal(key, "meta") && json_object_size(value) == 1 && json_object_get(value, "owner");
        if (!g_strv_contains(TAKEN, key) && !owner) {
            g_autofree char *text = base_json_text(value);
            dbt_left(import, node->file, node->line, node->name,
                     base_tr("the config `%s: %.80s`", "配置 `%s: %.80s`"), key, text);
        }
    }
}

/* Before SQL is translated, since others read the table by it. */
void dbt_config_alias(DbtImport *import, DbtNode *node)
{
    const char *alias = word(node, "alias", NULL);
    char *table = alias ? import_name(alias) : NULL;
    if (table) {
        g_free(node->table);
        node->table = table;
    } else if (alias) {
        dbt_leave(import, node, node->line, base_tr("`%s` is no name in Weir", "`%s` 不是合法名称"), alias);
    }
}

void dbt_config_header(DbtImport *import, DbtNode *node)
{
    if (!base_json_bool(node->config, "enabled", true)) {
        dbt_leave(import, node, node->line, "%s", base_tr("it is disabled", "已停用"));
        return;
    }
    list_rest(import, node);
    set_common(import, node);
    if (node->kind == DBT_MODEL) {
        set_model(import, node);
    } else if (node->kind == DBT_SNAPSHOT) {
        set_snapshot(import, node);
    }
}
