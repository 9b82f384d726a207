/* lifecycle: how long data lives by the standard. */
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

int cli_verb_lifecycle(CliContext *ctx)
{
    const char *what = ctx->words[0];
    if (strcmp(what, "span") == 0) {
        return show_span(ctx);
    }
    if (strcmp(what, "matrix") == 0) {
        return show_matrix(ctx);
    }
    return cli_usage(ctx, base_tr("no `%s`: span, matrix", "没有 `%s`：span、matrix"), what);
}
