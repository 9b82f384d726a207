/* Properties: schema.yml and its like. Each entry of models, sources, seeds and snapshots is given to its
 * node; what has no place in Weir (exposures, metrics, unit tests, ...) is listed. */
#include "modelling/dbt_int.h"

#include <string.h>

const char *dbt_yaml_text(const BaseYaml *map, const char *key)
{
    const BaseYaml *value = map && map->type == BASE_YAML_MAP ? base_yaml_get(map, key, NULL) : NULL;
    return value && value->type == BASE_YAML_SCALAR && value->text ? value->text : "";
}

unsigned dbt_yaml_line(const BaseYaml *map, const char *key, unsigned fallback)
{
    const BaseYaml *at = NULL;
    const BaseYaml *value = map && map->type == BASE_YAML_MAP ? base_yaml_get(map, key, &at) : NULL;
    return value ? at->line : fallback;
}

void dbt_list_unknown(DbtImport *import, const BaseYaml *map, const char *const *known, const char *file,
                      const char *object)
{
    for (guint i = 0; map && map->type == BASE_YAML_MAP && i < map->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(map->keys, i);
        const char *name = *key->text == '+' ? key->text + 1 : key->text;
        if (!g_strv_contains(known, name)) {
            dbt_left(import, file, key->line, object,
                     base_tr("`%s` has no counterpart", "`%s` 没有对应的写法"), key->text);
        }
    }
}

static guint count(const BaseYaml *list)
{
    return list && list->type == BASE_YAML_LIST ? list->items->len : 0;
}

/* ---- models, seeds ---------------------------------------------------------------------------------------
 */

static void take_properties(DbtImport *import, const BaseYaml *entry, const char *file, DbtKind kind)
{
    const char *name = dbt_yaml_text(entry, "name");
    DbtNode *node = dbt_find(import, name);
    if (!node || node->kind != kind) {
        dbt_left(import, file, entry->line, name, "%s",
                 base_tr("properties of something that is not there", "对应的对象不存在"));
        return;
    }
    node->properties = entry;
    node->properties_file = file;
}

/* ---- snapshots in YAML ------------------------------------------------------------------------------------
 */

static void take_snapshot(DbtImport *import, const BaseYaml *entry, const char *file)
{
    const char *relation = dbt_yaml_text(entry, "relation");
    if (*relation == '\0') {
        take_properties(import, entry, file, DBT_SNAPSHOT);
        return;
    }
    DbtNode *node = dbt_node_new(import, DBT_SNAPSHOT, dbt_yaml_text(entry, "name"), file, entry->line);
    node->text = g_strdup_printf("SELECT * FROM {{ %s }}", relation);
    node->body_line = dbt_yaml_line(entry, "relation", entry->line);
    node->properties = entry;
    node->properties_file = file;
}

/* ---- sources
 * ------------------------------------------------------------------------------------------------ */

static const char *const SOURCE_KEYS[] = {"name",   "description", "tables",   "freshness", "loaded_at_field",
                                          "config", "schema",      "database", NULL};

static const BaseYaml *inherited(const BaseYaml *table, const BaseYaml *source, const char *key)
{
    const BaseYaml *maps[] = {table, base_yaml_get(table, "config", NULL), source,
                              base_yaml_get(source, "config", NULL)};
    const BaseYaml *found = NULL;
    for (size_t i = 0; !found && i < G_N_ELEMENTS(maps); i++) {
        found = maps[i] && maps[i]->type == BASE_YAML_MAP ? base_yaml_get(maps[i], key, NULL) : NULL;
    }
    return found;
}

static void take_source_table(DbtImport *import, const BaseYaml *source, const BaseYaml *table,
                              const char *file)
{
    DbtNode *node = dbt_node_new(import, DBT_SOURCE, dbt_yaml_text(table, "name"), file, table->line);
    const char *name = dbt_yaml_text(source, "name");
    node->source = g_strdup(name);
    g_free(node->domain);
    node->domain = import_name(name);
    node->properties = table;
    node->properties_file = file;
    if (!node->domain && !node->left) {
        dbt_leave(import, node, source->line, base_tr("`%s` is no name in Weir", "`%s` 不是合法名称"), name);
        node->domain = g_strdup(import->domain);
    }
    const BaseYaml *loaded = inherited(table, source, "loaded_at_field");
    const BaseYaml *freshness = inherited(table, source, "freshness");
    if (loaded && loaded->type == BASE_YAML_SCALAR) {
        base_json_set_string(node->config, "loaded_at_field", loaded->text);
    }
    if (freshness && freshness->type == BASE_YAML_MAP) {
        json_object_set_new(node->config, "freshness", base_yaml_to_json(freshness));
        base_json_set_int(node->config, "freshness_line", freshness->line);
    }
}

static void take_source(DbtImport *import, const BaseYaml *source, const char *file)
{
    const BaseYaml *tables = base_yaml_get(source, "tables", NULL);
    dbt_list_unknown(import, source, SOURCE_KEYS, file, dbt_yaml_text(source, "name"));
    for (guint i = 0; i < count(tables); i++) {
        const BaseYaml *table = g_ptr_array_index(tables->items, i);
        if (table->type == BASE_YAML_MAP) {
            take_source_table(import, source, table, file);
        }
    }
}

/* ---- what has no place
 * ----------------------------------------------------------------------------------------
 */

static void list_section(DbtImport *import, const BaseYaml *key, const BaseYaml *section, const char *file)
{
    for (guint i = 0; i < count(section); i++) {
        const BaseYaml *entry = g_ptr_array_index(section->items, i);
        dbt_left(import, file, entry->line, dbt_yaml_text(entry, "name"),
                 base_tr("an entry of `%s`", "`%s` 中的条目"), key->text);
    }
    if (count(section) == 0) {
        dbt_left(import, file, key->line, key->text,
                 base_tr("`%s` has no counterpart", "`%s` 没有对应的写法"), key->text);
    }
}

static void take_entry(DbtImport *import, const char *section, const BaseYaml *entry, const char *file)
{
    if (entry->type != BASE_YAML_MAP) {
        dbt_left(import, file, entry->line, section, "%s", base_tr("no map", "不是映射"));
    } else if (g_str_equal(section, "sources")) {
        take_source(import, entry, file);
    } else if (g_str_equal(section, "snapshots")) {
        take_snapshot(import, entry, file);
    } else {
        take_properties(import, entry, file, g_str_equal(section, "seeds") ? DBT_SEED : DBT_MODEL);
    }
}

void dbt_read_yaml(DbtImport *import, const BaseYaml *root, const char *file)
{
    static const char *const TAKEN[] = {"models", "sources", "snapshots", "seeds", NULL};
    for (guint i = 0; root->type == BASE_YAML_MAP && i < root->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(root->keys, i);
        const BaseYaml *section = g_ptr_array_index(root->items, i);
        if (g_str_equal(key->text, "version")) {
            continue;
        }
        if (!g_strv_contains(TAKEN, key->text)) {
            list_section(import, key, section, file);
            continue;
        }
        for (guint k = 0; k < count(section); k++) {
            take_entry(import, key->text, g_ptr_array_index(section->items, k), file);
        }
    }
}
