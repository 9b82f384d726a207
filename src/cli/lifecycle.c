/* lifecycle: how long data lives, what goes, restore; erase. */
#include <string.h>

#include "base/text.h"
#include "cli/cli_int.h"
#include "standard/retention.h"

#define SPAN_MAX_DAYS ((gint64)1000000)

/* `weir lifecycle span --days 20 [--profile aliyun]`: what the table of access spans asks for. */
static int show_span(CliContext *ctx)
{
    GError *error = NULL;
    gint64 span = -1;
    gint64 days = 0;
    if (!cli_number(ctx, "days", 0, SPAN_MAX_DAYS, -1, &span, &error)) {
        return cli_fail(ctx, error);
    }
    if (span < 0) {
        return cli_usage(
            ctx, base_tr("`weir lifecycle span` needs --days N", "`weir lifecycle span` 需要 --days N"));
    }
    const char *profile = cli_text(ctx, "profile");
    profile = profile != NULL ? profile : "v4";
    if (!standard_retention_by_span(profile, span, &days)) {
        return cli_usage(ctx, base_tr("no profile `%s`: v4, aliyun", "没有配置 `%s`：v4、aliyun"), profile);
    }
    bool keep = days == STANDARD_KEEP_FOREVER;
    if (ctx->json) {
        g_autoptr(json_t) answer =
            json_pack("{s:s, s:I, s:o}", "profile", profile, "span_days", (json_int_t)span, "keep_days",
                      keep ? json_string("keep") : json_integer(days));
        return cli_print_json(answer);
    }
    if (keep) {
        puts(base_tr("  keep: the table has no row for so long a span; look at what reads so far back",
                     "  保留：跨度超出规定，请先核查相关查询"));
    } else {
        printf(base_tr("  keep %" G_GINT64_FORMAT " days\n", "  保留 %" G_GINT64_FORMAT " 天\n"), days);
    }
    return CLI_EXIT_OK;
}

static char *range_text(const json_t *cell)
{
    const json_t *low = json_object_get(cell, "min_days");
    const json_t *high = json_object_get(cell, "max_days");
    if (json_is_null(low)) {
        return g_strdup("∞");
    }
    gint64 from = json_integer_value(low);
    if (json_is_null(high)) {
        return g_strdup_printf("≥ %" G_GINT64_FORMAT, from);
    }
    gint64 to = json_integer_value(high);
    return from == to  ? g_strdup_printf("%" G_GINT64_FORMAT, from)
           : from == 0 ? g_strdup_printf("≤ %" G_GINT64_FORMAT, to)
                       : g_strdup_printf("%" G_GINT64_FORMAT "–%" G_GINT64_FORMAT, from, to);
}

/* `weir lifecycle matrix`: days by grade and type. */
static int show_matrix(CliContext *ctx)
{
    g_autoptr(json_t) all = standard_retention_to_json();
    if (ctx->json) {
        return cli_print_json(all);
    }
    g_autoptr(json_t) rows = json_array();
    size_t i = 0;
    const json_t *cell = NULL;
    json_array_foreach (json_object_get(all, "matrix"), i, cell) {
        g_autofree char *days = range_text(cell);
        bool beside = base_json_bool(cell, "full_beside", false);
        g_autofree char *type =
            g_strconcat(base_json_string(cell, "type", ""),
                        beside ? base_tr(" (a full table beside)", "（另有全量表）") : "", NULL);
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "grade", base_json_string(cell, "grade", ""), "type",
                            type, "days", days, "span",
                            base_json_bool(cell, "by_span", false) ? base_tr("yes", "是") : "", "end",
                            base_json_string(cell, "end", "")));
    }
    static const CliColumn COLUMNS[] = {
        {"type", "Type", "类型", CLI_CELL_TEXT},  {"grade", "Grade", "等级", CLI_CELL_TEXT},
        {"days", "Days", "天数", CLI_CELL_TEXT},  {"span", "By span", "按跨度", CLI_CELL_TEXT},
        {"end", "Then", "到期后", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    cli_print_table(rows, COLUMNS);
    return CLI_EXIT_OK;
}

/* ---- plan ------------------------------------------------------------------------------------------ */

static const char *said(const json_t *object, const char *key)
{
    g_autofree char *en = g_strconcat(key, "_en", NULL), *zh = g_strconcat(key, "_zh", NULL);
    return base_json_string(object, base_tr(en, zh), "");
}

static void tell_range(const json_t *range, bool all)
{
    static const char *const REASONS[] = {"hold", "matrix", "access", "readers"};
    const char *decision = base_json_string(range, "decision", "");
    bool keep = strcmp(decision, "keep") == 0;
    if (keep && !all) {
        return;
    }
    g_autofree char *rows = cli_count(base_json_int(range, "rows", 0), "row", "rows", "行"),
                    *partitions =
                        cli_count(base_json_int(range, "partitions", 0), "partition", "partitions", "个分区"),
                    *bytes = base_text_from_bytes(base_json_int(range, "bytes", 0));
    printf("  %-8s %s .. %s  ",
           keep               ? base_tr("keep", "保留")
           : *decision == 'a' ? base_tr("archive", "归档")
                              : base_tr("drop", "删除"),
           base_json_string(range, "first", "-"), base_json_string(range, "last", "-"));
    printf(base_tr("%s, %s, about %s\n", "%s，%s，约 %s\n"), partitions, rows, bytes);
    const json_t *reasons = json_object_get(range, "reasons");
    for (size_t i = 0; i < G_N_ELEMENTS(REASONS); i++) {
        const json_t *reason = json_object_get(reasons, REASONS[i]);
        bool agrees = base_json_bool(reason, "agrees", false);
        if (!keep || !agrees) {
            printf("    %s %s\n", agrees ? "·" : "!", said(reason, "why"));
        }
    }
    if (!keep) {
        printf("    = %s\n", said(range, "proof"));
    }
}

static void tell_table(const json_t *table, bool all)
{
    size_t i;
    const json_t *one;
    const char *grade = base_json_string(table, "grade", ""), *type = base_json_string(table, "type", "");
    bool goes = false;
    json_array_foreach (json_object_get(table, "ranges"), i, one) {
        goes = goes || strcmp(base_json_string(one, "decision", ""), "keep") != 0;
    }
    const json_t *notes = json_object_get(table, "notes");
    if (!goes && !all && json_array_size(notes) == 0) {
        return;
    }
    const json_t *days = json_object_get(table, "keep_days");
    g_autofree char *kept =
        json_is_integer(days)
            ? g_strdup_printf(base_tr("%" JSON_INTEGER_FORMAT " days", "%" JSON_INTEGER_FORMAT " 天"),
                              json_integer_value(days))
            : g_strdup(base_tr("for ever", "永久"));
    printf("%s  %s %s  %s\n", base_json_string(table, "table", ""), *grade ? grade : "-", *type ? type : "-",
           kept);
    json_array_foreach (notes, i, one) {
        printf("    ? %s\n", base_json_string(one, base_tr("en", "zh"), ""));
    }
    json_array_foreach (json_object_get(table, "ranges"), i, one) {
        tell_range(one, all);
    }
}

static void tell_plan(const json_t *plan, bool all)
{
    size_t i;
    const json_t *table;
    json_array_foreach (json_object_get(plan, "tables"), i, table) {
        tell_table(table, all);
    }
    const json_t *totals = json_object_get(plan, "totals");
    g_autofree char *dropped = cli_count(base_json_int(json_object_get(totals, "drop"), "partitions", 0),
                                         "partition", "partitions", "个分区");
    printf(base_tr("plan %s for %s: keep %" G_GINT64_FORMAT ", archive %" G_GINT64_FORMAT ", drop %s\n",
                   "计划 %s（%s）：保留 %" G_GINT64_FORMAT "，归档 %" G_GINT64_FORMAT "，删除 %s\n"),
           base_json_string(plan, "id", ""), base_json_string(plan, "at", ""),
           base_json_int(json_object_get(totals, "keep"), "partitions", 0),
           base_json_int(json_object_get(totals, "archive"), "partitions", 0), dropped);
}

static json_t *call_plan(CliContext *ctx, GError **error)
{
    g_autoptr(GString) path = g_string_new("/api/v1/lifecycle");
    cli_query_add(path, "table", cli_word(ctx, 1));
    cli_query_add(path, "at", cli_text(ctx, "at"));
    return cli_call(ctx, "GET", path->str, NULL, error);
}

static int show_plan(CliContext *ctx)
{
    GError *error = NULL;
    g_autoptr(json_t) plan = call_plan(ctx, &error);
    if (!plan) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(plan);
    }
    tell_plan(plan, cli_flag(ctx, "all"));
    return CLI_EXIT_OK;
}

/* ---- apply ------------------------------------------------------------------------------------------- */

static bool nothing_goes(const json_t *plan)
{
    const json_t *totals = json_object_get(plan, "totals");
    return base_json_int(json_object_get(totals, "archive"), "partitions", 0) == 0 &&
           base_json_int(json_object_get(totals, "drop"), "partitions", 0) == 0;
}

static void tell_done(const json_t *answer)
{
    size_t i;
    const json_t *one;
    json_array_foreach (json_object_get(answer, "done"), i, one) {
        g_autofree char *rows = cli_count(base_json_int(one, "rows", 0), "row", "rows", "行");
        printf(base_tr("  %-9s %s %s .. %s, %s\n", "  %-9s %s %s .. %s，%s\n"),
               strcmp(base_json_string(one, "action", ""), "drop") == 0 ? base_tr("dropped", "已删除")
                                                                        : base_tr("archived", "已归档"),
               base_json_string(one, "table", ""), base_json_string(one, "first", ""),
               base_json_string(one, "last", ""), rows);
    }
    if (i == 0) {
        puts(base_tr("  nothing to do", "  没有需要处理的分区"));
    }
}

/* What was looked at is what is carried out: its id goes along. */
static int apply_plan(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    const char *id = cli_text(ctx, "plan");
    g_autoptr(json_t) plan = id ? NULL : call_plan(ctx, &error);
    bool yes = id != NULL || ctx->yes;
    if (!id && !plan) {
        return cli_fail(ctx, error);
    }
    if (plan && !nothing_goes(plan) && !ctx->yes) {
        tell_plan(plan, false);
        if (!cli_confirm(ctx, base_tr("Archive and drop these?", "按此归档并删除？"), &yes, &error)) {
            return cli_fail(ctx, error);
        }
        if (!yes) {
            return CLI_EXIT_FAILED;
        }
    }
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "plan", id ? id : base_json_string(plan, "id", ""));
    if (cli_word(ctx, 1)) {
        base_json_set_string(body, "table", cli_word(ctx, 1));
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/lifecycle/apply", body, &code);
    if (!answer) {
        return code;
    }
    tell_done(answer);
    return CLI_EXIT_OK;
}

/* ---- restore, archives, history ------------------------------------------------------------------------ */

static int restore_partition(CliContext *ctx)
{
    int code;
    if (!cli_word(ctx, 1) || !cli_text(ctx, "partition")) {
        return cli_usage(ctx, base_tr("`weir lifecycle restore` needs TABLE and --partition DAY",
                                      "`weir lifecycle restore` 需要 TABLE 和 --partition DAY"));
    }
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s}", "table", cli_word(ctx, 1), "partition", cli_text(ctx, "partition"));
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/lifecycle/restore", body, &code);
    if (!answer) {
        return code;
    }
    g_autofree char *rows = cli_count(base_json_int(answer, "rows", 0), "row", "rows", "行");
    printf(base_tr("  restored %s %s: %s\n", "  已恢复 %s %s：%s\n"), base_json_string(answer, "table", ""),
           base_json_string(answer, "partition", ""), rows);
    return CLI_EXIT_OK;
}

static int list_view(CliContext *ctx, const char *view)
{
    static const CliColumn ARCHIVES[] = {
        {"table", "Table", "表", CLI_CELL_TEXT},   {"first", "First", "起", CLI_CELL_TEXT},
        {"last", "Last", "止", CLI_CELL_TEXT},     {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"bytes", "Size", "大小", CLI_CELL_BYTES}, {"state", "State", "状态", CLI_CELL_TEXT},
        {"path", "File", "文件", CLI_CELL_TEXT},   {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    static const CliColumn HISTORY[] = {
        {"at", "At", "时间", CLI_CELL_TEXT},      {"action", "Action", "操作", CLI_CELL_TEXT},
        {"table", "Table", "表", CLI_CELL_TEXT},  {"first", "First", "起", CLI_CELL_TEXT},
        {"last", "Last", "止", CLI_CELL_TEXT},    {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"detail", "Why", "原因", CLI_CELL_TEXT}, {"user", "User", "用户", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autofree char *start = cli_path("/api/v1/lifecycle/", view);
    g_autoptr(GString) path = g_string_new(start);
    cli_query_add(path, "table", cli_word(ctx, 1));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, view), strcmp(view, "archives") == 0 ? ARCHIVES : HISTORY);
    return CLI_EXIT_OK;
}

int cli_verb_lifecycle(CliContext *ctx)
{
    const char *what = ctx->words[0];
    static const struct {
        const char *name;
        int (*run)(CliContext *ctx);
    } ACTIONS[] = {{"span", show_span},
                   {"matrix", show_matrix},
                   {"plan", show_plan},
                   {"apply", apply_plan},
                   {"restore", restore_partition}};
    for (size_t i = 0; i < G_N_ELEMENTS(ACTIONS); i++) {
        if (strcmp(what, ACTIONS[i].name) == 0) {
            return ACTIONS[i].run(ctx);
        }
    }
    if (strcmp(what, "archives") == 0 || strcmp(what, "history") == 0) {
        return list_view(ctx, what);
    }
    return cli_usage(ctx,
                     base_tr("no `%s`: plan, apply, restore, archives, history, span, matrix",
                             "没有 `%s`：plan、apply、restore、archives、history、span、matrix"),
                     what);
}

/* ---- erase ------------------------------------------------------------------------------------------------
 */

/* Archives of one table are told as one. */
static gint64 archived_rows(const json_t *answer, const char *table, gint64 *ret_partitions)
{
    gint64 rows = 0;
    size_t i;
    const json_t *one;
    *ret_partitions = 0;
    json_array_foreach (json_object_get(answer, "archives"), i, one) {
        if (strcmp(base_json_string(one, "table", ""), table) == 0) {
            rows += base_json_int(one, "rows", 0);
            *ret_partitions += 1;
        }
    }
    return rows;
}

static void tell_erased(const json_t *answer)
{
    bool dry = base_json_bool(answer, "dry", false);
    const char *done = dry ? base_tr("would erase", "将删除") : base_tr("erased", "已删除");
    size_t i;
    const json_t *one;
    json_array_foreach (json_object_get(answer, "tables"), i, one) {
        const char *table = base_json_string(one, "table", "");
        const char *part = base_json_string(one, "part", "table");
        bool is_table = strcmp(part, "table") == 0;
        gint64 partitions = 0, archived = is_table ? archived_rows(answer, table, &partitions) : 0;
        g_autofree char *rows = cli_count(base_json_int(one, "rows", 0), "row", "rows", "行");
        printf(base_tr("  %s %s%s: %s", "  %s %s%s：%s"), done, table,
               is_table                    ? ""
               : strcmp(part, "held") == 0 ? base_tr(" (held build)", "（被挂起的结果）")
                                           : base_tr(" (deleted keys)", "（已删除的键）"),
               rows);
        if (partitions > 0) {
            printf(base_tr(", and %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " archives",
                           "，归档中 %" G_GINT64_FORMAT " 行（%" G_GINT64_FORMAT " 个归档）"),
                   archived, partitions);
        }
        printf("\n");
    }
    json_array_foreach (json_object_get(answer, "not_possible"), i, one) {
        printf(base_tr("  not reached: %s\n", "  未处理：%s\n"),
               base_json_string(one, base_tr("en", "zh"), ""));
    }
}

static json_t *erase_body(const CliContext *ctx, bool dry)
{
    json_t *body = json_object();
    const char *where = cli_text(ctx, "where");
    base_json_set_string(body, where ? "table" : "entity", cli_word(ctx, 0));
    base_json_set_string(body, where ? "where" : "key", where ? where : cli_word(ctx, 1));
    json_object_set_new(body, "dry", json_boolean(dry));
    return body;
}

int cli_verb_erase(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    bool where = cli_text(ctx, "where") != NULL, dry = cli_flag(ctx, "dry-run"), yes = ctx->yes;
    if (ctx->n_words != (where ? 1u : 2u)) {
        return cli_usage(ctx, base_tr("weir erase ENTITY KEY, or weir erase TABLE --where SQL",
                                      "weir erase ENTITY KEY，或 weir erase TABLE --where SQL"));
    }
    if (!dry && !yes) {
        g_autoptr(json_t) look = erase_body(ctx, true);
        g_autoptr(json_t) found = cli_call(ctx, "POST", "/api/v1/erase", look, &error);
        if (!found) {
            return cli_fail(ctx, error);
        }
        tell_erased(found);
        if (!cli_confirm(ctx, base_tr("Erase these rows for good?", "永久删除这些行？"), &yes, &error)) {
            return cli_fail(ctx, error);
        }
        if (!yes) {
            return CLI_EXIT_FAILED;
        }
    }
    g_autoptr(json_t) body = erase_body(ctx, dry);
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/erase", body, &code);
    if (!answer) {
        return code;
    }
    tell_erased(answer);
    return CLI_EXIT_OK;
}
