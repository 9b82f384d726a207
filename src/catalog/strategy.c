/* Kinds and strategies of models: their words, what stands when a word is not given, and what each needs of
 * the other keys. */
#include "base/text.h"
#include "catalog/catalog_int.h"

static const char *const KINDS[] = {"view", "full",   "incremental", "snapshot",
                                    "scd2", "manual", "mid",         "temp"};
static const char *const STRATEGIES[] = {
    "",           "append",     "merge",     "delete+insert", "insert_overwrite",
    "time_range", "microbatch", "timestamp", "check"};

const char *catalog_model_kind_name(CatalogModelKind kind)
{
    return KINDS[kind];
}

CatalogModelKind catalog_model_kind_by_name(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (g_str_equal(text, KINDS[i])) {
            return (CatalogModelKind)i;
        }
    }
    return CATALOG_MODEL_VIEW; /* a word that is none was complained of */
}

const char *catalog_strategy_name(CatalogStrategy strategy)
{
    return STRATEGIES[strategy];
}

static CatalogStrategy strategy_by_name(const char *text)
{
    for (size_t i = 1; i < G_N_ELEMENTS(STRATEGIES); i++) {
        if (g_str_equal(text, STRATEGIES[i])) {
            return (CatalogStrategy)i;
        }
    }
    return CATALOG_STRATEGY_NONE;
}

/* What an incremental model without the word means by its other keys. */
static CatalogStrategy strategy_by_keys(const json_t *definition, const CatalogModelInfo *model)
{
    return model->kind != CATALOG_MODEL_INCREMENTAL    ? CATALOG_STRATEGY_NONE
           : json_object_get(definition, "event_time") ? CATALOG_STRATEGY_MICROBATCH
           : model->time                               ? CATALOG_STRATEGY_TIME_RANGE
           : model->key[0]                             ? CATALOG_STRATEGY_MERGE
                                                       : CATALOG_STRATEGY_NONE;
}

static void bind_lookback(const json_t *definition, CatalogModelInfo *model)
{
    const json_t *lookback = json_object_get(definition, "lookback");
    if (json_is_integer(lookback)) {
        model->lookback_batches = (gint64)json_integer_value(lookback);
    } else if (json_is_string(lookback)) {
        base_text_to_duration(json_string_value(lookback), &model->lookback_us);
    }
}

/* ---- what a kind needs ----------------------------------------------------------------------------------
 */

static const BaseYaml *place(const CatalogItem *item, const char *key)
{
    const BaseYaml *node = item->yaml ? base_yaml_get(item->yaml, key, NULL) : NULL;
    const BaseYaml *kind = item->yaml ? base_yaml_get(item->yaml, "kind", NULL) : NULL;
    return node ? node : kind ? kind : item->yaml;
}

static void check_kind(CatalogBuild *build, CatalogItem *item, const CatalogModelInfo *model)
{
    if (model->kind == CATALOG_MODEL_INCREMENTAL && model->strategy == CATALOG_STRATEGY_NONE) {
        BaseDiag *diag = catalog_complain(build, item, place(item, "kind"), BASE_E_KEY_MISSING,
                                          "an incremental model has no `time`, no `key` and no `strategy`");
        base_diag_hint(diag, "time: names the column of the interval [$start, $end); key: what identifies a "
                             "row; strategy: append adds rows and asks for neither");
    }
    if (model->kind == CATALOG_MODEL_SCD2 && !model->key[0]) {
        BaseDiag *diag = catalog_complain(build, item, place(item, "kind"), BASE_E_KEY_MISSING,
                                          "a scd2 model has no `key`");
        base_diag_hint(diag, "key: names the columns that identify a row");
    }
}

void catalog_bind_strategy(CatalogBuild *build, CatalogItem *item, CatalogModelInfo *model)
{
    const json_t *definition = item->node->object.definition;
    CatalogStrategy given = strategy_by_name(base_json_string(definition, "strategy", ""));
    model->strategy = given ? given : strategy_by_keys(definition, model);
    model->keeps_history = given || model->kind == CATALOG_MODEL_SNAPSHOT ||
                           model->kind == CATALOG_MODEL_SCD2 || model->kind == CATALOG_MODEL_MANUAL ||
                           (model->strategy && model->strategy != CATALOG_STRATEGY_TIME_RANGE);
    bind_lookback(definition, model);
    check_kind(build, item, model);
}
