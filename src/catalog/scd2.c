/* The header of a model of kind scd2: what its history is like, checked before anything runs.
 *
 * The kind writes columns of its own behind those of the SELECT (valid_from, valid_to, with new_record
 * is_deleted): readers see them, lineage ends at them, and no column of the SELECT may have their names. */
#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"

static const BaseYaml *yaml_of(const CatalogItem *item, const char *key)
{
    return item->yaml ? base_yaml_get(item->yaml, key, NULL) : NULL;
}

/* The word of a key; NULL when not given or no plain text. */
static const char *word_of(const CatalogItem *item, const char *key)
{
    const BaseYaml *node = yaml_of(item, key);
    return node && node->type == BASE_YAML_SCALAR && !base_yaml_is_null(node) ? node->text : NULL;
}

static bool is_word(const CatalogItem *item, const char *key, const char *word)
{
    return g_strcmp0(word_of(item, key), word) == 0;
}

static char *name_of(const CatalogItem *item, const char *key)
{
    const char *word = word_of(item, key);
    return g_strdup(word ? word : key);
}

static const BaseYaml *place_of(const CatalogItem *item, const char *key)
{
    const BaseYaml *node = yaml_of(item, key), *kind = yaml_of(item, "kind");
    return node ? node : kind ? kind : item->yaml;
}

/* ---- strategy -------------------------------------------------------------------------------------------
 */

static void complain_missing(CatalogBuild *build, CatalogItem *item, const char *key, const char *why,
                             const char *hint)
{
    BaseDiag *diag = catalog_complain(build, item, place_of(item, "strategy"), BASE_E_KEY_MISSING,
                                      "%s has no `%s`", why, key);
    base_diag_hint(diag, "%s", hint);
}

/* Each must be a column of the model, looked at when those are known (refs.c). */
static void note_column(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    if (node->type != BASE_YAML_SCALAR || base_yaml_is_null(node)) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                         "`check_cols` must be \"*\" or a list of columns");
        return;
    }
    if (g_str_equal(node->text, "all") && node == yaml_of(item, "check_cols")) {
        BaseDiag *diag =
            catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`check_cols` cannot be `all`");
        base_diag_hint(diag, "all columns are check_cols: \"*\"; a column of that name is [all]");
        return;
    }
    CatalogRef ref = {.item = item, .node = node, .key = "check_cols", .type = CATALOG_KEY_COLUMN};
    g_array_append_val(build->refs, ref);
}

static char **check_cols(CatalogBuild *build, CatalogItem *item)
{
    const BaseYaml *node = yaml_of(item, "check_cols");
    if (!node || is_word(item, "check_cols", "*")) {
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new();
    guint n = node->type == BASE_YAML_LIST ? node->items->len : 1;
    for (guint i = 0; i < n; i++) {
        const BaseYaml *name = node->type == BASE_YAML_LIST ? g_ptr_array_index(node->items, i) : node;
        note_column(build, item, name);
        if (name->type == BASE_YAML_SCALAR && name->text) {
            g_ptr_array_add(names, g_strdup(name->text));
        }
    }
    if (names->len == 0) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`check_cols` names no column");
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static void bind_strategy(CatalogBuild *build, CatalogItem *item, CatalogScd2 *scd2)
{
    const char *strategy = word_of(item, "strategy");
    if (!strategy) {
        complain_missing(build, item, "strategy", "an scd2 model",
                         "strategy: timestamp goes by `updated_at`; check compares `check_cols`");
    } else if (!g_str_equal(strategy, "timestamp") && !g_str_equal(strategy, "check")) {
        BaseDiag *diag = catalog_complain(build, item, yaml_of(item, "strategy"), BASE_E_VALUE_INVALID,
                                          "an scd2 model has no strategy `%s`", strategy);
        base_diag_hint(diag, "timestamp or check");
    }
    scd2->check = g_strcmp0(strategy, "check") == 0;
    scd2->updated_at = g_strdup(word_of(item, "updated_at"));
    scd2->check_cols = (const char *const *)check_cols(build, item);
    if (scd2->check && !yaml_of(item, "check_cols")) {
        complain_missing(build, item, "check_cols", "the strategy check",
                         "check_cols: \"*\", or the columns whose change makes a version");
    }
    if (strategy && !scd2->check && !scd2->updated_at) {
        complain_missing(build, item, "updated_at", "the strategy timestamp",
                         "updated_at: names the column with the time of a version");
    }
}

/* ---- the rest -------------------------------------------------------------------------------------------
 */

static void bind_deletes(CatalogBuild *build, CatalogItem *item, CatalogScd2 *scd2)
{
    const BaseYaml *node = yaml_of(item, "hard_deletes");
    scd2->deletes = is_word(item, "hard_deletes", "invalidate")   ? CATALOG_DELETES_INVALIDATE
                    : is_word(item, "hard_deletes", "new_record") ? CATALOG_DELETES_NEW_RECORD
                                                                  : CATALOG_DELETES_IGNORE;
    scd2->delta = is_word(item, "input", "delta");
    scd2->is_deleted = scd2->deletes == CATALOG_DELETES_NEW_RECORD ? name_of(item, "is_deleted") : NULL;
    const BaseYaml *kind = yaml_of(item, "kind");
    if (!node && kind && !scd2->delta) { /* changes only: what is not among them is not deleted */
        BaseDiag *diag = base_diags_warn(build->diags, BASE_E_KEY_MISSING, item->file->path, kind->line,
                                         kind->column, "an scd2 model does not say what a deletion means");
        base_diag_hint(diag, "hard_deletes: ignore (as now), invalidate or new_record");
    }
}

static void bind_duplicates(CatalogBuild *build, CatalogItem *item, CatalogScd2 *scd2)
{
    const BaseYaml *node = yaml_of(item, "dup_in_batch");
    const BaseYaml *latest =
        node && node->type == BASE_YAML_MAP ? base_yaml_get(node, "latest_by", NULL) : NULL;
    if (latest && latest->type == BASE_YAML_SCALAR) {
        scd2->duplicates = CATALOG_DUPLICATES_LATEST;
        scd2->latest_by = g_strdup(latest->text);
    } else if (is_word(item, "dup_in_batch", "chain")) {
        scd2->duplicates = CATALOG_DUPLICATES_CHAIN;
        if (!scd2->updated_at) {
            complain_missing(build, item, "updated_at", "dup_in_batch: chain",
                             "updated_at: names the column that puts the versions of a key in order");
        }
    } else if (node && !is_word(item, "dup_in_batch", "error")) {
        BaseDiag *diag =
            catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`dup_in_batch` is not understood");
        base_diag_hint(diag, "error, chain or {latest_by: column}");
    }
}

static void bind_first_from(CatalogBuild *build, CatalogItem *item, CatalogScd2 *scd2)
{
    const BaseYaml *node = yaml_of(item, "first_valid_from");
    CatalogFirstFrom usual = scd2->updated_at ? CATALOG_FROM_UPDATED_AT : CATALOG_FROM_RUN_TIME;
    scd2->first_from = is_word(item, "first_valid_from", "updated_at") ? CATALOG_FROM_UPDATED_AT
                       : is_word(item, "first_valid_from", "run_time") ? CATALOG_FROM_RUN_TIME
                       : is_word(item, "first_valid_from", "epoch")    ? CATALOG_FROM_EPOCH
                                                                       : usual;
    if (node && scd2->first_from == CATALOG_FROM_UPDATED_AT && !scd2->updated_at) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_KEY_MISSING,
                                          "first_valid_from: updated_at, but `updated_at` is not given");
        base_diag_hint(diag, "updated_at: names the column; or first_valid_from: run_time");
    }
}

static void bind_open_end(CatalogBuild *build, CatalogItem *item, CatalogScd2 *scd2)
{
    const BaseYaml *node = yaml_of(item, "open_end");
    const char *text = word_of(item, "open_end");
    gint64 us;
    scd2->closed_day = is_word(item, "interval", "closed_day");
    if (text && !base_time_parse(text, NULL, &us)) {
        BaseDiag *diag =
            catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` is no point in time", text);
        base_diag_hint(diag, "null, or one such as 9999-12-31 00:00:00");
    } else if (text || (scd2->closed_day && !node)) {
        scd2->open_end = g_strdup(text ? text : "9999-12-31");
    }
}

void catalog_bind_scd2(CatalogBuild *build, CatalogItem *item)
{
    CatalogScd2 *scd2 = g_new0(CatalogScd2, 1);
    item->node->model_owned->scd2 = scd2;
    scd2->valid_from = name_of(item, "valid_from");
    scd2->valid_to = name_of(item, "valid_to");
    scd2->splice = is_word(item, "late_versions", "splice");
    bind_strategy(build, item, scd2);
    bind_deletes(build, item, scd2);
    bind_duplicates(build, item, scd2);
    bind_first_from(build, item, scd2);
    bind_open_end(build, item, scd2);
    if (g_ascii_strcasecmp(scd2->valid_from, scd2->valid_to) == 0) {
        catalog_complain(build, item, place_of(item, "valid_to"), BASE_E_NAME_DUPLICATE,
                         "valid_from and valid_to have the same name `%s`", scd2->valid_to);
    }
}

void catalog_scd2_free(CatalogScd2 *scd2)
{
    if (!scd2) {
        return;
    }
    const char *texts[] = {scd2->updated_at, scd2->latest_by, scd2->open_end,
                           scd2->valid_from, scd2->valid_to,  scd2->is_deleted};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free((gpointer)(guintptr)texts[i]);
    }
    g_strfreev((char **)(guintptr)scd2->check_cols);
    g_free(scd2);
}

/* ---- columns --------------------------------------------------------------------------------------------
 */

static void add_column(CatalogNode *node, const char *name, const char *type)
{
    if (catalog_columns_find(node->columns_owned, name)) {
        g_free(node->history_clash);
        node->history_clash = g_strdup(name);
        return;
    }
    CatalogColumn *column = catalog_column_new(name, type);
    column->history = true;
    g_ptr_array_add(node->columns_owned, column);
}

void catalog_add_history_columns(CatalogNode *node)
{
    const CatalogModelInfo *model = node->model_owned;
    const CatalogScd2 *scd2 = model ? model->scd2 : NULL;
    if (model && model->kind == CATALOG_MODEL_SNAPSHOT) {
        g_clear_pointer(&node->history_clash, g_free);
        add_column(node, base_json_string(node->object.definition, "partition", "dt"), "DATE");
    }
    if (!scd2) {
        return;
    }
    const char *type = scd2->closed_day ? "DATE" : "TIMESTAMP";
    g_clear_pointer(&node->history_clash, g_free);
    add_column(node, scd2->valid_from, type);
    add_column(node, scd2->valid_to, type);
    if (scd2->is_deleted) {
        add_column(node, scd2->is_deleted, "BOOLEAN");
    }
}

void catalog_check_history_columns(CatalogBuild *build, CatalogItem *item)
{
    if (!item->node->history_clash) {
        return;
    }
    BaseDiag *diag = catalog_complain(build, item, place_of(item, "kind"), BASE_E_NAME_DUPLICATE,
                                      "the SELECT gives a column `%s`, which the history writes",
                                      item->node->history_clash);
    base_diag_hint(diag,
                   "give one of them another name: valid_from:, valid_to: and is_deleted: in the header name "
                   "those of a history, partition: that of the day of a snapshot");
}
