/* features: materialise, push, read online, erase. The verb and its other words are in features.c. */
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "cli/cli_int.h"
#include "cli/features_int.h"

#define PUSH_FILE_MAX_BYTES ((size_t)256 << 20)

/* "1001", "\"1001\"", "true" as JSON; anything else is a text. */
static json_t *value_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value || json_is_array(value) || json_is_object(value)) {
        json_decref(value);
        return json_string(text);
    }
    return value;
}

json_t *cli_features_names(char **list)
{
    json_t *names = json_array();
    for (size_t i = 0; list && list[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(list[i], ",", -1);
        for (size_t p = 0; parts[p]; p++) {
            if (*g_strstrip(parts[p])) {
                json_array_append_new(names, json_string(parts[p]));
            }
        }
    }
    return names;
}

/* ---- materialise -----------------------------------------------------------------------------------------
 */

static int tell_materialised(CliContext *ctx, const json_t *answer)
{
    static const CliColumn COLUMNS[] = {
        {"view", "View", "视图", CLI_CELL_TEXT},      {"version", "Version", "版本", CLI_CELL_COUNT},
        {"start", "From", "开始", CLI_CELL_TEXT},     {"end", "To", "结束", CLI_CELL_TEXT},
        {"read", "Entities", "实体", CLI_CELL_COUNT}, {"written", "Written", "写入", CLI_CELL_COUNT},
        {"skipped", "Older", "较旧", CLI_CELL_COUNT}, {"late", "Late", "迟到", CLI_CELL_COUNT},
        {"ms", "Time", "耗时", CLI_CELL_MS},          {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    if (ctx->json) {
        return cli_print_json(answer);
    }
    cli_print_table(json_object_get(answer, "views"), COLUMNS);
    return CLI_EXIT_OK;
}

static int materialize(CliContext *ctx, const char *path, json_t *body)
{
    GError *error = NULL;
    char **views = cli_list(ctx, "view");
    if (views) {
        json_object_set_new(body, "feature_views", cli_features_names(views));
    }
    g_autoptr(json_t) answer = cli_call(ctx, "POST", path, body, &error);
    return answer ? tell_materialised(ctx, answer) : cli_fail(ctx, error);
}

int cli_features_materialize(CliContext *ctx)
{
    if (!cli_word(ctx, 1) || !cli_word(ctx, 2)) {
        return cli_usage(ctx, base_tr("`weir features materialize` needs START and END",
                                      "`weir features materialize` 需要 START 和 END"));
    }
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s}", "start_ts", cli_word(ctx, 1), "end_ts", cli_word(ctx, 2));
    return materialize(ctx, "/materialize", body);
}

int cli_features_materialize_incremental(CliContext *ctx)
{
    g_autoptr(json_t) body = json_object();
    if (cli_word(ctx, 1)) {
        base_json_set_string(body, "end_ts", cli_word(ctx, 1));
    }
    return materialize(ctx, "/materialize-incremental", body);
}

int cli_features_intervals(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"view", "View", "视图", CLI_CELL_TEXT},  {"version", "Version", "版本", CLI_CELL_COUNT},
        {"start", "From", "开始", CLI_CELL_TEXT}, {"end", "To", "结束", CLI_CELL_TEXT},
        {"read", "Read", "读取", CLI_CELL_COUNT}, {"written", "Written", "写入", CLI_CELL_COUNT},
        {"late", "Late", "迟到", CLI_CELL_COUNT}, {"slices", "Slices", "分片", CLI_CELL_COUNT},
        {"at", "At", "时间", CLI_CELL_TEXT},      {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    g_autoptr(GString) path = g_string_new("/api/v1/features/materialised");
    cli_query_add(path, "view", cli_word(ctx, 1));
    return cli_show_list(ctx, path->str, "intervals", COLUMNS);
}

int cli_features_rejects(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"view", "View", "视图", CLI_CELL_TEXT},     {"version", "Version", "版本", CLI_CELL_COUNT},
        {"at", "At", "时间", CLI_CELL_TEXT},         {"way", "Way in", "途径", CLI_CELL_TEXT},
        {"reason", "Reason", "原因", CLI_CELL_TEXT}, {"row", "Row", "行", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    g_autoptr(GString) path = g_string_new("/api/v1/features/rejects");
    cli_query_add(path, "view", cli_word(ctx, 1));
    return cli_show_list(ctx, path->str, "rejects", COLUMNS);
}

/* ---- keys on the command line
 * ------------------------------------------------------------------------------ */

/* key=value, from word `from` on. */
static bool pairs_of(CliContext *ctx, unsigned from, json_t *ret, GError **error)
{
    for (unsigned i = from; cli_word(ctx, i); i++) {
        const char *word = cli_word(ctx, i), *equals = strchr(word, '=');
        if (!equals || equals == word) {
            return base_fail(error, BASE_E_USAGE, "`%s` is not KEY=VALUE", word);
        }
        g_autofree char *key = g_strndup(word, (size_t)(equals - word));
        json_object_set_new(ret, key, value_of(equals + 1));
    }
    return json_object_size(ret) > 0 || base_fail(error, BASE_E_USAGE, "no KEY=VALUE is given");
}

/* ---- read online
 * ----------------------------------------------------------------------------------------------- */

static void tell_features(const json_t *answer)
{
    static const CliColumn COLUMNS[] = {
        {"feature", "Feature", "特征", CLI_CELL_TEXT},
        {"value", "Value", "值", CLI_CELL_TEXT},
        {"status", "Status", "状态", CLI_CELL_TEXT},
        {"at", "Event time", "事件时间", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    g_autoptr(json_t) rows = json_array();
    const json_t *names = json_object_get(json_object_get(answer, "metadata"), "feature_names");
    json_t *name;
    size_t i;
    json_array_foreach (names, i, name) {
        const json_t *column = json_array_get(json_object_get(answer, "results"), i);
        json_t *row = json_object();
        json_object_set(row, "feature", name);
        json_object_set(row, "value", json_array_get(json_object_get(column, "values"), 0));
        json_object_set(row, "status", json_array_get(json_object_get(column, "statuses"), 0));
        const char *at = json_string_value(json_array_get(json_object_get(column, "event_timestamps"), 0));
        bool none = !at || g_str_has_prefix(at, "1970-01-01T00:00:00Z");
        base_json_set_string(row, "at", none ? NULL : at);
        json_array_append_new(rows, row);
    }
    cli_print_table(rows, COLUMNS);
}

/* {"driver_id": 1001} as {"driver_id": [1001]}. */
static json_t *as_columns(json_t *pairs)
{
    json_t *columns = json_object();
    const char *key;
    json_t *value;
    json_object_foreach (pairs, key, value) {
        json_object_set_new(columns, key, json_pack("[O]", value));
    }
    return columns;
}

int cli_features_get_online(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    g_autoptr(json_t) pairs = json_object();
    g_autoptr(json_t) body = json_object();
    if (!pairs_of(ctx, 1, pairs, &error)) {
        return cli_fail(ctx, error);
    }
    json_object_set_new(body, "entities", as_columns(pairs));
    if (cli_text(ctx, "service")) {
        base_json_set_string(body, "feature_service", cli_text(ctx, "service"));
    }
    if (cli_list(ctx, "features")) {
        json_object_set_new(body, "features", cli_features_names(cli_list(ctx, "features")));
    }
    json_object_set_new(body, "full_feature_names", json_boolean(cli_flag(ctx, "full-names")));
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/get-online-features", body, &code);
    if (!answer) {
        return code;
    }
    tell_features(answer);
    return CLI_EXIT_OK;
}

/* ---- push
 * ---------------------------------------------------------------------------------------------------------
 */

/* Rows [{column: value}] as columns; a column that a row lacks is null there. */
static json_t *rows_as_columns(const json_t *rows)
{
    json_t *columns = json_object(), *row, *value;
    size_t i;
    const char *key;
    json_array_foreach (rows, i, row) {
        json_object_foreach (row, key, value) {
            if (!json_object_get(columns, key)) {
                json_object_set_new(columns, key, json_array());
            }
        }
    }
    json_array_foreach (rows, i, row) {
        json_t *column;
        json_object_foreach (columns, key, column) {
            value = json_object_get(row, key);
            json_array_append_new(column, value ? json_incref(value) : json_null());
        }
    }
    return columns;
}

/* A file of columns {name: [values]}, of rows [{...}], or of one row a line. */
static json_t *read_df(const char *file, GError **error)
{
    size_t len = 0;
    g_autofree char *text = base_fs_read(file, PUSH_FILE_MAX_BYTES, &len, error);
    if (!text) {
        return NULL;
    }
    g_autoptr(json_t) whole = base_json_parse(text, len, NULL);
    if (json_is_array(whole)) {
        return rows_as_columns(whole);
    }
    const json_t *first = json_is_object(whole) ? json_object_iter_value(json_object_iter(whole)) : NULL;
    if (json_is_array(first)) {
        return g_steal_pointer(&whole);
    }
    g_autoptr(json_t) rows = json_array();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        if (!*g_strstrip(lines[i])) {
            continue;
        }
        json_t *row = base_json_parse(lines[i], strlen(lines[i]), error);
        if (!row) {
            g_prefix_error(error, "%s, line %" G_GSIZE_FORMAT ": ", file, i + 1);
            return NULL;
        }
        json_array_append_new(rows, row);
    }
    return rows_as_columns(rows);
}

static void tell_push(CliContext *ctx, const json_t *answer)
{
    const json_t *rejects = json_object_get(answer, "rejects"), *reject;
    size_t i;
    cli_say(ctx,
            base_tr("%" G_GINT64_FORMAT " rows, %" G_GINT64_FORMAT " written online, %" G_GINT64_FORMAT
                    " older, %" G_GINT64_FORMAT " rejected",
                    "%" G_GINT64_FORMAT " 行，在线写入 %" G_GINT64_FORMAT "，较旧 %" G_GINT64_FORMAT
                    "，拒收 %" G_GINT64_FORMAT),
            base_json_int(answer, "rows", 0), base_json_int(answer, "written", 0),
            base_json_int(answer, "skipped", 0), base_json_int(answer, "rejected", 0));
    json_array_foreach (rejects, i, reject) {
        cli_say(ctx, base_tr("  row %" G_GINT64_FORMAT ", %s: %s", "  第 %" G_GINT64_FORMAT " 行，%s：%s"),
                base_json_int(reject, "row", 0), base_json_string(reject, "column", "-"),
                base_json_string(reject, "reason", ""));
    }
}

int cli_features_push(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    if (!cli_word(ctx, 1) || !cli_word(ctx, 2)) {
        return cli_usage(ctx, base_tr("`weir features push` needs VIEW and FILE",
                                      "`weir features push` 需要 VIEW 和 FILE"));
    }
    json_t *df = read_df(cli_word(ctx, 2), &error);
    if (!df) {
        return cli_fail(ctx, error);
    }
    const char *to = cli_text(ctx, "to");
    g_autoptr(json_t) body = json_pack("{s:s, s:s, s:o}", "push_source_name", cli_word(ctx, 1), "to",
                                       to ? to : "online", "df", df);
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/push", body, &code);
    if (!answer) {
        return code;
    }
    tell_push(ctx, answer);
    return base_json_int(answer, "rejected", 0) > 0 ? CLI_EXIT_CHECKS : CLI_EXIT_OK;
}

/* ---- status, verify
 * ----------------------------------------------------------------------------------------------- */

static void tell_status(const json_t *view)
{
    static const CliColumn COLUMNS[] = {
        {"name", "Feature", "特征", CLI_CELL_TEXT},
        {"type", "Type", "类型", CLI_CELL_TEXT},
        {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"nulls", "Nulls", "空值", CLI_CELL_COUNT},
        {"distinct", "Distinct", "去重", CLI_CELL_COUNT},
        {"min", "Min", "最小", CLI_CELL_TEXT},
        {"max", "Max", "最大", CLI_CELL_TEXT},
        {"served", "Served", "已服务", CLI_CELL_COUNT},
        {"psi", "PSI", "PSI", CLI_CELL_TEXT},
        {"drift", "Drift", "漂移", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    g_autofree char *lag = cli_json_cell(json_object_get(view, "lag_seconds"));
    g_autofree char *rows = cli_json_cell(json_object_get(view, "online_rows"));
    printf(base_tr("%s@v%" G_GINT64_FORMAT ": newest row %s (%s s ago), materialised to %s, %s rows online, "
                   "%" G_GINT64_FORMAT " rejected\n",
                   "%s@v%" G_GINT64_FORMAT
                   "：最新行 %s（%s 秒前），已物化至 %s，在线 %s 行，拒收 %" G_GINT64_FORMAT "\n"),
           base_json_string(view, "view", ""), base_json_int(view, "version", 1),
           base_json_string(view, "newest", "-"), lag ? lag : "-",
           base_json_string(view, "materialised_to", "-"), rows ? rows : "-",
           base_json_int(view, "rejected", 0));
    cli_print_table(json_object_get(view, "features"), COLUMNS);
}

int cli_features_status(CliContext *ctx)
{
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/features/status");
    cli_query_add(path, "view", cli_word(ctx, 1));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    const json_t *view;
    size_t i;
    json_array_foreach (json_object_get(answer, "views"), i, view) {
        tell_status(view);
    }
    return CLI_EXIT_OK;
}

static void tell_differences(const json_t *answer)
{
    static const CliColumn COLUMNS[] = {
        {"keys", "Entity", "实体", CLI_CELL_TEXT},
        {"feature", "Feature", "特征", CLI_CELL_TEXT},
        {"offline", "Offline", "离线", CLI_CELL_TEXT},
        {"online", "Online", "在线", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    printf(base_tr("%" G_GINT64_FORMAT " entities drawn: %" G_GINT64_FORMAT " equal, %" G_GINT64_FORMAT
                   " pushed since, %" G_GINT64_FORMAT " not online\n",
                   "抽取 %" G_GINT64_FORMAT " 个实体：一致 %" G_GINT64_FORMAT "，其后有推送 %" G_GINT64_FORMAT
                   "，在线缺失 %" G_GINT64_FORMAT "\n"),
           base_json_int(answer, "drawn", 0), base_json_int(answer, "equal", 0),
           base_json_int(answer, "newer_online", 0), base_json_int(answer, "missing_online", 0));
    if (json_array_size(json_object_get(answer, "different")) > 0) {
        cli_print_table(json_object_get(answer, "different"), COLUMNS);
    }
}

int cli_features_verify(CliContext *ctx)
{
    GError *error = NULL;
    if (!cli_word(ctx, 1)) {
        return cli_usage(ctx,
                         base_tr("`weir features verify` needs VIEW", "`weir features verify` 需要 VIEW"));
    }
    g_autoptr(json_t) body = json_pack("{s:s}", "view", cli_word(ctx, 1));
    g_autoptr(json_t) answer = cli_call(ctx, "POST", "/api/v1/features/verify", body, &error);
    if (!answer) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        cli_print_json(answer);
    } else {
        tell_differences(answer);
    }
    return json_array_size(json_object_get(answer, "different")) > 0 ? CLI_EXIT_CHECKS : CLI_EXIT_OK;
}

/* ---- erase
 * -----------------------------------------------------------------------------------------------------------
 */

int cli_features_erase(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    g_autoptr(json_t) pairs = json_object();
    bool yes = false;
    if (!pairs_of(ctx, 1, pairs, &error) ||
        !cli_confirm(ctx, base_tr("Erase this entity's features?", "删除该实体的特征？"), &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        return CLI_EXIT_OK;
    }
    char **views = cli_list(ctx, "view");
    g_autoptr(json_t) body = json_pack("{s:O}", "keys", pairs);
    if (views && views[0]) {
        base_json_set_string(body, "view", views[0]);
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/features/erase", body, &code);
    if (!answer) {
        return code;
    }
    g_autofree char *online = cli_count(base_json_int(answer, "online_rows", 0), "row", "rows", "行");
    printf(base_tr("%s online, %" G_GINT64_FORMAT " in the warehouse\n",
                   "在线 %s，数仓 %" G_GINT64_FORMAT " 行\n"),
           online, base_json_int(answer, "offline_rows", 0));
    return CLI_EXIT_OK;
}
