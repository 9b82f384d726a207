/* Kinds and strategies of models: their words, what stands when a word is not given, and what each needs of
 * the other keys. */
#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"

static const char *const KINDS[] = {"view", "full", "incremental", "snapshot", "scd2", "mid", "temp"};
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

static void need(CatalogBuild *build, CatalogItem *item, const char *what, const char *key, const char *hint)
{
    BaseDiag *diag = catalog_complain(build, item, place(item, "strategy"), BASE_E_KEY_MISSING,
                                      "%s has no `%s`", what, key);
    base_diag_hint(diag, "%s", hint);
}

static void check_needs(CatalogBuild *build, CatalogItem *item, const CatalogModelInfo *model)
{
    const json_t *definition = item->node->object.definition;
    bool keyless = !model->key[0];
    switch (model->strategy) {
    case CATALOG_STRATEGY_NONE:
        need(build, item, "an incremental model without `strategy` or `key`", "time",
             "time: names the column of the interval [$start, $end); key: what identifies a row; strategy: "
             "append "
             "adds rows and asks for neither");
        break;
    case CATALOG_STRATEGY_MERGE:
    case CATALOG_STRATEGY_DELETE_INSERT:
        if (keyless) {
            need(build, item, model->strategy == CATALOG_STRATEGY_MERGE ? "merge" : "delete+insert", "key",
                 "key: names the columns by which new rows find old ones");
        }
        break;
    case CATALOG_STRATEGY_TIME_RANGE:
        if (!model->time) {
            need(build, item, "time_range", "time", "time: names the column of the interval [$start, $end)");
        }
        break;
    case CATALOG_STRATEGY_MICROBATCH:
        if (!json_object_get(definition, "event_time")) {
            need(build, item, "microbatch", "event_time",
                 "event_time: names the column that decides the batch of a row");
        }
        break;
    case CATALOG_STRATEGY_APPEND:
    case CATALOG_STRATEGY_INSERT_OVERWRITE:
        break;
    case CATALOG_STRATEGY_TIMESTAMP:
    case CATALOG_STRATEGY_CHECK: {
        BaseDiag *diag =
            catalog_complain(build, item, place(item, "strategy"), BASE_E_VALUE_INVALID,
                             "strategy `%s` is one of kind scd2", catalog_strategy_name(model->strategy));
        base_diag_hint(diag, "kind: scd2, or another strategy");
        break;
    }
    }
}

/* ---- which key goes with what ----------------------------------------------------------------------------
 */

#define S(name) (1u << CATALOG_STRATEGY_##name)
#define INCREMENTAL                                                                                          \
    (S(APPEND) | S(MERGE) | S(DELETE_INSERT) | S(INSERT_OVERWRITE) | S(TIME_RANGE) | S(MICROBATCH))

static const struct {
    const char *key;
    guint strategies;    /* of incremental models */
    bool snapshot, scd2; /* and of those kinds */
} USES[] = {{"update_columns", S(MERGE), false, false},
            {"exclude_columns", S(MERGE), false, false},
            {"predicate", S(MERGE) | S(DELETE_INSERT), false, false},
            {"null_safe_key", INCREMENTAL, true, true},
            {"dup_in_batch", INCREMENTAL, true, true},
            {"event_time", S(MICROBATCH), false, false},
            {"batch_size", S(MICROBATCH), false, false},
            {"begin", S(MICROBATCH), false, false},
            {"outside", INCREMENTAL, false, false},
            {"on_schema_change", INCREMENTAL, true, true}};

/* A key that does nothing here is a mistake that would not be noticed. */
static void check_uses(CatalogBuild *build, CatalogItem *item, const CatalogModelInfo *model)
{
    for (size_t i = 0; i < G_N_ELEMENTS(USES); i++) {
        const BaseYaml *node = item->yaml ? base_yaml_get(item->yaml, USES[i].key, NULL) : NULL;
        bool fits =
            model->kind == CATALOG_MODEL_INCREMENTAL ? (USES[i].strategies >> model->strategy & 1) != 0
            : model->kind == CATALOG_MODEL_SNAPSHOT  ? USES[i].snapshot
                                                     : model->kind == CATALOG_MODEL_SCD2 && USES[i].scd2;
        if (!node || fits || (model->kind == CATALOG_MODEL_INCREMENTAL && !model->strategy)) {
            continue;
        }
        const char *strategy = catalog_strategy_name(model->strategy);
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` has no meaning for kind %s%s%s",
                         USES[i].key, catalog_model_kind_name(model->kind), *strategy ? ", strategy " : "",
                         strategy);
    }
}

static void check_values(CatalogBuild *build, CatalogItem *item)
{
    const BaseYaml *update = base_yaml_get(item->yaml, "update_columns", NULL);
    const BaseYaml *exclude = base_yaml_get(item->yaml, "exclude_columns", NULL);
    const BaseYaml *dup = base_yaml_get(item->yaml, "dup_in_batch", NULL);
    if (update && exclude) {
        BaseDiag *diag = catalog_complain(build, item, exclude, BASE_E_VALUE_INVALID,
                                          "update_columns and exclude_columns say the same thing twice");
        base_diag_hint(diag, "one of them");
    }
    bool understood = !dup || dup->type == BASE_YAML_MAP ||
                      (dup->type == BASE_YAML_SCALAR && g_str_equal(dup->text, "error"));
    if (!understood) {
        BaseDiag *diag =
            catalog_complain(build, item, dup, BASE_E_VALUE_INVALID, "`dup_in_batch` is not understood");
        base_diag_hint(diag, "error, or {latest_by: COLUMN}");
    }
}

static void check_kind(CatalogBuild *build, CatalogItem *item, const CatalogModelInfo *model, bool given)
{
    bool unknown = base_json_bool(item->node->object.definition, "unknown_member", false);
    if (unknown && (model->kind != CATALOG_MODEL_FULL || !model->key[0])) {
        BaseDiag *diag = catalog_complain(build, item, place(item, "unknown_member"), BASE_E_VALUE_INVALID,
                                          "`unknown_member` is for models of kind full with a `key`");
        base_diag_hint(diag, "key: names the columns that are -1 in that row");
    }
    if (model->kind == CATALOG_MODEL_SCD2 && !model->key[0]) {
        BaseDiag *diag = catalog_complain(build, item, place(item, "kind"), BASE_E_KEY_MISSING,
                                          "a scd2 model has no `key`");
        base_diag_hint(diag, "key: names the columns that identify a row");
    }
    if (given && model->kind != CATALOG_MODEL_INCREMENTAL && model->kind != CATALOG_MODEL_SCD2) {
        BaseDiag *diag =
            catalog_complain(build, item, place(item, "strategy"), BASE_E_VALUE_INVALID,
                             "a model of kind %s has no strategy", catalog_model_kind_name(model->kind));
        base_diag_hint(diag, "kind: incremental");
    }
    check_uses(build, item, model);
    if (model->kind == CATALOG_MODEL_INCREMENTAL) {
        check_needs(build, item, model);
    }
    if (model->kind == CATALOG_MODEL_INCREMENTAL && item->yaml) {
        check_values(build, item);
    }
}

void catalog_bind_strategy(CatalogBuild *build, CatalogItem *item, CatalogModelInfo *model)
{
    const json_t *definition = item->node->object.definition;
    CatalogStrategy given = strategy_by_name(base_json_string(definition, "strategy", ""));
    model->strategy = given ? given : strategy_by_keys(definition, model);
    model->keeps_history = given || model->kind == CATALOG_MODEL_SNAPSHOT ||
                           model->kind == CATALOG_MODEL_SCD2 ||
                           (model->strategy && model->strategy != CATALOG_STRATEGY_TIME_RANGE);
    bind_lookback(definition, model);
    check_kind(build, item, model, given != CATALOG_STRATEGY_NONE);
}
