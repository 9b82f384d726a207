/* Rules of section II.7: grades, types and the life of data (LC). The numbers are in retention.c. */
#include "standard/look.h"

static bool is_temporary(const StandardTable *table)
{
    return table->type == STANDARD_ETL_TEMP || table->type == STANDARD_TT_TEMP ||
           table->layer == STANDARD_MID || table->layer == STANDARD_TMP;
}

static bool has_data(const StandardTable *table)
{
    return table->kind != STANDARD_VIEW;
}

static bool keep_said(const StandardTable *table)
{
    return table->keep_days != STANDARD_KEEP_UNKNOWN;
}

static bool keep_ends(const StandardTable *table)
{
    return keep_said(table) && table->keep_days != STANDARD_KEEP_FOREVER;
}

static void evidence_days(StandardFinding *found, const StandardTable *table, gint64 asked)
{
    standard_finding_evidence(found, "actual_days", standard_days_json(table->keep_days));
    if (asked != STANDARD_KEEP_UNKNOWN) {
        standard_finding_evidence(found, "keep_days", standard_days_json(asked));
    }
}

static void check_grade(StandardRun *run, StandardTable *table)
{
    if (table->grade >= 0 || table->layer == STANDARD_TMP || !has_data(table)) {
        return;
    }
    if (*table->grade_text == '\0') {
        standard_find_table(run, table, "no grade", "没有声明等级");
    } else {
        standard_find_table(run, table, "`%s` is no grade", "`%s` 不是有效的等级", table->grade_text);
    }
}

/* What a machine may not delete: with an archive that was verified, or the history kept as a zipper, the
 * daily copies may go. */
static bool kept_elsewhere(const StandardTable *table)
{
    static const char *const ARCHIVE[] = {"archive", "archived", "archive_to", "archive_verified", NULL};
    static const char *const HISTORY[] = {"zipper", "month_ends", NULL};
    const json_t *lifecycle = json_object_get(table->raw, "lifecycle");
    const json_t *verified = standard_first(table->raw, STANDARD_KEYS("archive_verified"));
    if (json_is_false(verified)) {
        return false;
    }
    bool copies = table->type == STANDARD_DIMENSION || table->type == STANDARD_MERGE_FULL ||
                  table->type == STANDARD_ORDINARY_FULL;
    return standard_first_said(table->raw, ARCHIVE) || standard_first_said(lifecycle, ARCHIVE) ||
           (copies && (standard_first_said(table->raw, HISTORY) || standard_first_said(lifecycle, HISTORY)));
}

static void check_p0(StandardRun *run, StandardTable *table)
{
    bool copies_kept = table->type == STANDARD_DIMENSION || table->type == STANDARD_MERGE_FULL ||
                       table->type == STANDARD_ORDINARY_FULL;
    if (table->grade != 0 || is_temporary(table) || !keep_ends(table) ||
        (copies_kept && kept_elsewhere(table))) {
        return;
    }
    StandardFinding *found =
        standard_find_table(run, table, "grade P0, and gone after %" G_GINT64_FORMAT " days",
                            "等级 P0，却在 %" G_GINT64_FORMAT " 天后删除", table->keep_days);
    evidence_days(found, table, STANDARD_KEEP_FOREVER);
    standard_finding_set(found, "lifecycle", "forever");
}

static void check_p1(StandardRun *run, StandardTable *table)
{
    if (table->grade != 1 || is_temporary(table) || !keep_ends(table) || kept_elsewhere(table)) {
        return;
    }
    StandardFinding *found =
        standard_find_table(run, table, "grade P1, gone after %" G_GINT64_FORMAT " days without an archive",
                            "等级 P1，%" G_GINT64_FORMAT " 天后删除且没有归档", table->keep_days);
    evidence_days(found, table, STANDARD_KEEP_FOREVER);
}

/* The input that lives shortest. Through what has no life of its own (views, temporary tables) to what it
 * reads. */
static const StandardTable *shortest_input(const StandardTable *table, guint depth)
{
    const StandardTable *shortest = NULL;
    for (guint i = 0; depth < 16 && i < table->reads->len; i++) {
        const StandardTable *input = g_ptr_array_index(table->reads, i);
        if (is_temporary(input) || input->kind == STANDARD_VIEW) {
            input = shortest_input(input, depth + 1);
        }
        if (input != NULL && keep_ends(input) && input->kind != STANDARD_ZIPPER &&
            (shortest == NULL || input->keep_days < shortest->keep_days)) {
            shortest = input;
        }
    }
    return shortest;
}

static void check_recoverable(StandardRun *run, StandardTable *table)
{
    if (table->grade < 2 || !keep_said(table)) {
        return;
    }
    const StandardTable *input = shortest_input(table, 0);
    if (input != NULL && input->keep_days < table->keep_days) {
        g_autofree char *own = standard_days_show(table->keep_days);
        g_autofree char *other = standard_days_show(input->keep_days);
        StandardFinding *found = standard_find_table(
            run, table, "P%d cannot be made again: kept %s, its input %s only %s",
            "P%d 无法重建：保留 %s，其输入 %s 只保留 %s", table->grade, own, input->name, other);
        standard_finding_evidence(found, "input", json_string(input->name));
        standard_finding_evidence(found, "input_days", standard_days_json(input->keep_days));
        standard_finding_evidence(found, "actual_days", standard_days_json(table->keep_days));
    }
}

/* ---- types
 * ---------------------------------------------------------------------------------------------------- */

static void check_type(StandardRun *run, StandardTable *table)
{
    if (!has_data(table) || table->layer == STANDARD_TMP) {
        return;
    }
    if (table->type == STANDARD_TYPE_NONE) {
        StandardFinding *found = standard_find_table(run, table, "no type declared", "没有声明数据类型");
        if (table->layer == STANDARD_DIM) {
            standard_finding_set(found, "type", "dim");
        } else if (table->layer == STANDARD_MID) {
            standard_finding_set(found, "type", "etl_temp");
        }
    } else if (table->type == STANDARD_TYPE_OTHER && standard_ods_type(table) == STANDARD_ODS_NONE) {
        standard_find_table(run, table, "`%s` is none of the seven types", "`%s` 不是七种类型之一",
                            table->type_text);
    }
}

/* Keys that come again: "SELECT key, count". In a table parted by day a key may come once a day. */
static json_t *repeated_keys(StandardRun *run, StandardTable *table)
{
    const char *data = table->key->len > 0 ? standard_data(run, table) : NULL;
    for (guint i = 0; data != NULL && i < table->key->len; i++) {
        if (!standard_data_column(run, table, g_ptr_array_index(table->key, i))) {
            return NULL;
        }
    }
    if (data == NULL) {
        return NULL;
    }
    /* an export need not say its partitions; where it does, a table without any has one row a key */
    bool said = table->partitions_said || table->object != NULL;
    const char *day = said ? standard_day_column(table) : standard_data_day(run, table);
    bool by_day = table->type == STANDARD_MERGE_FULL && day != NULL && standard_data_column(run, table, day);
    g_autofree char *key = standard_quote_list(table->key, "", ", ");
    g_autofree char *partition = by_day ? standard_quote(day) : NULL;
    g_autofree char *sql = g_strdup_printf(
        "SELECT %s, count(*) AS _weir_times FROM %s GROUP BY %s%s%s HAVING count(*) > 1 ORDER BY %s", key,
        data, key, by_day ? ", " : "", by_day ? partition : "", key);
    return standard_data_query(run, sql);
}

static void check_flow(StandardRun *run, StandardTable *table)
{
    g_autoptr(json_t) repeated = table->type == STANDARD_EVENT_FLOW ? repeated_keys(run, table) : NULL;
    if (json_array_size(repeated) > 0) {
        g_autofree char *key = standard_key_text(json_array_get(repeated, 0), table->key);
        StandardFinding *found = standard_find_table(
            run, table, "an event flow whose key comes again (%s, and %zu more)",
            "事件流水表主键重复（%s 等，另有 %zu 个）", key, json_array_size(repeated) - 1);
        standard_finding_evidence(found, "rows", json_integer((json_int_t)json_array_size(repeated)));
        standard_finding_evidence(found, "key", json_string(key));
    }
}

static void check_mirror(StandardRun *run, StandardTable *table)
{
    if (table->type == STANDARD_EVENT_MIRROR && table->key->len == 0) {
        standard_find_table(run, table, "an event mirror without a key", "事件镜像表没有主键");
    }
}

static void check_dimension(StandardRun *run, StandardTable *table)
{
    if (table->type == STANDARD_DIMENSION && table->layer != STANDARD_DIM) {
        const char *layer = standard_layer_name(table->layer);
        StandardFinding *found = standard_find_table(run, table, "type dimension, layer %s",
                                                     "类型为维表，分层为 %s", *layer != '\0' ? layer : "-");
        standard_finding_evidence(found, "layer", json_string(layer));
    }
}

static gint64 partitions_kept(const StandardTable *table)
{
    const json_t *lifecycle = json_object_get(table->raw, "lifecycle");
    gint64 said = standard_first_int(table->raw, STANDARD_KEYS("keep_partitions", "partitions_kept"), -1);
    said = said >= 0 ? said : standard_first_int(lifecycle, STANDARD_KEYS("partitions"), -1);
    return said >= 0 ? said : table->keep_days;
}

static void check_merged(StandardRun *run, StandardTable *table)
{
    if (table->type != STANDARD_MERGE_FULL) {
        return;
    }
    gint64 kept = partitions_kept(table);
    if (kept >= 0 && kept < 2) {
        StandardFinding *found = standard_find_table(
            run, table, "%" G_GINT64_FORMAT " partitions kept: the state before the merge is lost",
            "只保留 %" G_GINT64_FORMAT " 个分区，合并前的状态会丢失", kept);
        standard_finding_evidence(found, "keep_days", json_integer(2));
    }
    g_autoptr(json_t) repeated = repeated_keys(run, table);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (repeated, i, row) {
        g_autofree char *key = standard_key_text(row, table->key);
        g_autofree char *object = g_strdup_printf("%s:%s", table->name, key);
        StandardFinding *found = standard_find(
            run, object, table, table->object, "the key %s has %" G_GINT64_FORMAT " rows after the merge",
            "合并后键 %s 有 %" G_GINT64_FORMAT " 行", key, base_json_int(row, "_weir_times", 0));
        standard_finding_evidence(found, "key", json_string(key));
    }
}

/* ---- how long
 * ---------------------------------------------------------------------------------------------------- */

static void check_etl_temp(StandardRun *run, StandardTable *table)
{
    bool temporary =
        table->type == STANDARD_ETL_TEMP || table->layer == STANDARD_MID || table->layer == STANDARD_TMP;
    if (temporary && keep_said(table) && table->keep_days > 7) {
        g_autofree char *days = standard_days_show(table->keep_days);
        StandardFinding *found =
            standard_find_table(run, table, "temporary data of a job, kept %s", "ETL 临时数据保留 %s", days);
        evidence_days(found, table, 7);
        standard_finding_set(found, "lifecycle", "7d");
    }
}

static void check_sync_temp(StandardRun *run, StandardTable *table)
{
    if (table->type != STANDARD_TT_TEMP) {
        return;
    }
    const json_t *copy =
        standard_first(table->raw, STANDARD_KEYS("ods_copy", "copy_verified", "ods_copy_verified"));
    if (keep_said(table) && table->keep_days > 93) {
        g_autofree char *days = standard_days_show(table->keep_days);
        StandardFinding *found =
            standard_find_table(run, table, "raw sync data kept %s", "同步临时数据保留 %s", days);
        evidence_days(found, table, 93);
    } else if (json_is_false(copy)) {
        standard_find_table(run, table, "raw sync data that goes before ODS has its copy",
                            "ODS 副本尚未确认就删除同步临时数据");
    }
}

static bool cell_of(StandardRun *run, const StandardTable *table, StandardRetention *ret)
{
    return standard_retention(table->grade, table->type, standard_full_beside(run, table), ret);
}

static void check_ordinary_full(StandardRun *run, StandardTable *table)
{
    StandardRetention cell;
    if (table->type != STANDARD_ORDINARY_FULL || !keep_said(table) || !cell_of(run, table, &cell) ||
        table->keep_days <= cell.max_days) {
        return;
    }
    g_autofree char *own = standard_days_show(table->keep_days);
    g_autofree char *most = standard_days_show(cell.max_days);
    StandardFinding *found = standard_find_table(run, table, "a full table of P%d kept %s; at most %s",
                                                 "P%d 的普通全量表保留 %s，最多 %s", table->grade, own, most);
    evidence_days(found, table, cell.max_days);
}

static void check_matrix(StandardRun *run, StandardTable *table)
{
    StandardRetention cell;
    const char *profile = standard_span_profile(run);
    gint64 span = standard_span_days(table);
    if (!keep_said(table) || *standard_reason(table) != '\0' || !cell_of(run, table, &cell) ||
        standard_retention_allows(&cell, profile, span, table->keep_days)) {
        return;
    }
    gint64 asked = standard_retention_days(&cell, profile, span);
    g_autofree char *own = standard_days_show(table->keep_days);
    g_autofree char *matrix = standard_days_show(asked);
    StandardFinding *found =
        standard_find_table(run, table, "kept %s; the matrix says %s for P%d and %s, and no reason is given",
                            "保留 %s；矩阵规定 %s（P%d、%s），且没有写明原因", own, matrix, table->grade,
                            standard_type_name(table->type));
    evidence_days(found, table, asked);
}

const StandardCheck standard_checks_lc[] = {
    {.rule = STANDARD_LC_01, .table = check_grade},
    {.rule = STANDARD_LC_02, .table = check_p0},
    {.rule = STANDARD_LC_03, .table = check_p1},
    {.rule = STANDARD_LC_04, .table = check_recoverable},
    {.rule = STANDARD_LC_05, .table = check_type},
    {.rule = STANDARD_LC_06, .table = check_flow},
    {.rule = STANDARD_LC_07, .table = check_mirror},
    {.rule = STANDARD_LC_08, .table = check_dimension},
    {.rule = STANDARD_LC_09, .table = check_merged},
    {.rule = STANDARD_LC_10, .table = check_etl_temp},
    {.rule = STANDARD_LC_11, .table = check_sync_temp},
    {.rule = STANDARD_LC_12, .table = check_ordinary_full},
    {.rule = STANDARD_LC_13, .table = check_matrix},
    STANDARD_CHECKS_END,
};
