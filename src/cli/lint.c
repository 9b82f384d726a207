/* lint: what is wrong with the project's files, for people, programs, GitHub and SARIF readers. */
#include "cli/cli_int.h"

static size_t count_severity(const json_t *list, const char *severity)
{
    size_t n = 0;
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        n += strcmp(base_json_string(one, "severity", ""), severity) == 0 ? 1 : 0;
    }
    return n;
}

/* The data of a workflow command: % CR LF are escaped; in a property : and , too. */
static void print_github_text(const char *text, bool property)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '%' || *c == '\r' || *c == '\n' || (property && (*c == ':' || *c == ','))) {
            printf("%%%02X", (unsigned char)*c);
        } else {
            putchar(*c);
        }
    }
}

static void print_github(const json_t *list)
{
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *severity = base_json_string(one, "severity", "error");
        const char *hint = base_json_string(one, "hint", NULL);
        printf("::%s file=", strcmp(severity, "note") == 0 ? "notice" : severity);
        print_github_text(base_json_string(one, "file", ""), true);
        printf(
            ",line=%" G_GINT64_FORMAT ",col=%" G_GINT64_FORMAT ",title=%s::", base_json_int(one, "line", 1),
            base_json_int(one, "column", 1), base_json_string(one, "code", ""));
        print_github_text(base_json_string(one, "message", ""), false);
        if (hint != NULL) {
            fputs(" (", stdout);
            print_github_text(hint, false);
            fputs(")", stdout);
        }
        putchar('\n');
    }
}

/* SARIF 2.1.0: sections 3.27 (result), 3.29 (physicalLocation), 3.30 (region). */
static json_t *sarif_result(const json_t *one)
{
    const char *severity = base_json_string(one, "severity", "error");
    gint64 column = MAX(base_json_int(one, "column", 1), 1);
    json_t *region = json_object();
    base_json_set_int(region, "startLine", MAX(base_json_int(one, "line", 1), 1));
    base_json_set_int(region, "startColumn", column);
    base_json_set_int(region, "endColumn", MAX(base_json_int(one, "end_column", 0), column));
    json_t *place = json_pack("{s:{s:{s:s}, s:o}}", "physicalLocation", "artifactLocation", "uri",
                              base_json_string(one, "file", "weir.yml"), "region", region);
    return json_pack("{s:s, s:s, s:{s:s}, s:[o]}", "ruleId", base_json_string(one, "code", ""), "level",
                     severity, "message", "text", base_json_string(one, "message", ""), "locations", place);
}

static json_t *sarif_rules(const json_t *list)
{
    json_t *rules = json_array();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *code = base_json_string(one, "code", "");
        const BaseErrorInfo *info = base_error_info_by_name(code);
        if (info != NULL && g_hash_table_add(seen, (gpointer)(guintptr)code)) {
            json_array_append_new(rules, json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "id", code, "name",
                                                   info->name, "shortDescription", "text",
                                                   base_tr(info->title_en, info->title_zh), "fullDescription",
                                                   "text", base_tr(info->text_en, info->text_zh)));
        }
    }
    return rules;
}

static void print_sarif(const json_t *list)
{
    json_t *results = json_array();
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        json_array_append_new(results, sarif_result(one));
    }
    g_autoptr(json_t) log = json_pack(
        "{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version", "2.1.0", "runs", "tool", "driver", "name", "weir", "version", WEIR_VERSION, "rules",
        sarif_rules(list), "columnKind", "unicodeCodePoints", "results", results);
    cli_print_json(log);
}

static void print_found(CliContext *ctx, const char *format, const json_t *list)
{
    if (strcmp(format, "json") == 0) {
        cli_print_json(list);
    } else if (strcmp(format, "github") == 0) {
        print_github(list);
    } else if (strcmp(format, "sarif") == 0) {
        print_sarif(list);
    } else if (json_array_size(list) > 0) {
        cli_print_diagnostics(ctx, list, stdout, NULL);
    } else {
        puts(base_tr("  No errors, no warnings.", "  没有错误和警告。"));
    }
}

int cli_verb_lint(CliContext *ctx)
{
    GError *error = NULL;
    if (!cli_project_need(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    g_autoptr(json_t) answer = cli_call(ctx, "GET", "/api/v1/project?source=files", NULL, &error);
    const json_t *list = json_object_get(answer != NULL ? answer : ctx->problem, "diagnostics");
    if (list == NULL) {
        return error != NULL ? cli_fail(ctx, error) : CLI_EXIT_FAILED;
    }
    g_clear_error(&error);
    const char *format = cli_text(ctx, "format");
    print_found(ctx, format != NULL ? format : ctx->json ? "json" : "text", list);
    bool bad =
        count_severity(list, "error") > 0 || (cli_flag(ctx, "strict") && count_severity(list, "warning") > 0);
    return bad ? CLI_EXIT_USAGE : CLI_EXIT_OK;
}
