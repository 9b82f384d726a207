/* Keys as other tools call them: whoever comes from one is told the word that means the same here. */
#include "catalog/catalog_int.h"

static const struct {
    const char *other, *own;
} OTHER_WORDS[] = {{"unique_key", "key"},
                   {"incremental_strategy", "strategy"},
                   {"materialized", "kind"},
                   {"partition_by", "partition"},
                   {"partitioned_by", "partition"},
                   {"merge_update_columns", "update_columns"},
                   {"merge_exclude_columns", "exclude_columns"},
                   {"incremental_predicates", "predicate"},
                   {"predicates", "predicate"},
                   {"time_column", "time"},
                   {"time_col", "time"},
                   {"updated_at_name", "updated_at"},
                   {"updated_at_col", "updated_at"},
                   {"columns_to_check", "check_cols"},
                   {"check_columns", "check_cols"},
                   {"late", "late_versions"},
                   {"late_version", "late_versions"},
                   {"late_data", "late_versions"},
                   {"multi_version", "dup_in_batch"},
                   {"multiple_versions", "dup_in_batch"},
                   {"versions_in_batch", "dup_in_batch"},
                   {"invalidate_hard_deletes", "hard_deletes"},
                   {"dbt_valid_to_current", "open_end"},
                   {"valid_from_name", "valid_from"},
                   {"valid_to_name", "valid_to"},
                   {"dbt_valid_from", "valid_from"},
                   {"dbt_valid_to", "valid_to"},
                   {"dbt_is_deleted", "is_deleted"},
                   {"convention", "interval"},
                   {"interval_unit", "grain"},
                   {"outside_interval", "outside"},
                   {"out_of_interval", "outside"},
                   {"schema_change", "on_schema_change"},
                   {"cron", "schedule"},
                   {"null_equals", "null_safe_key"},
                   {"seasonality", "season"},
                   {"min_training_set_size", "min_points"},
                   {"days_back", "days"},
                   {"training_period", "days"},
                   {"anomaly_sensitivity", "sensitivity"},
                   {"anomaly_direction", "direction"},
                   {"warn_threshold", "orange"},
                   {"warn_threshold_percent", "orange"},
                   {"error_threshold", "red"},
                   {"error_threshold_percent", "red"},
                   {"warn_if", "warn"},
                   {"error_if", "error"},
                   {"store_failures", "keep"}};

/* Words for what is always so here. */
static const struct {
    const char *other, *how;
} NO_WORDS[] = {
    {"allow_partials",
     "an interval that is still open is built as far as it goes, and again by the next run"},
    {"depends_on_past", "intervals are built in order, and later ones wait for one that failed"},
};

void catalog_hint_key(BaseDiag *diag, const char *word, const char *const *names)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OTHER_WORDS); i++) {
        if (g_str_equal(word, OTHER_WORDS[i].other) && g_strv_contains(names, OTHER_WORDS[i].own)) {
            base_diag_hint(diag, "the key is `%s` here", OTHER_WORDS[i].own);
            return;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(NO_WORDS); i++) {
        if (g_str_equal(word, NO_WORDS[i].other)) {
            base_diag_hint(diag, "leave it out: %s", NO_WORDS[i].how);
            return;
        }
    }
    base_diag_hint_nearest(diag, word, names);
}
