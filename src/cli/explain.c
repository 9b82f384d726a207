/* `weir explain`: what an error code means, which keys a kind of definition takes, which headers a load
 * takes. All from the tables that the program itself works by; docs/reference is made from the same answers.
 */
#include "base/text.h"
#include "catalog/catalog.h"
#include "cli/lint_int.h"
#include "intake/intake.h"

/* ---- error codes ---- */

static json_t *explain_json(const BaseErrorInfo *info)
{
    g_autofree char *code = g_strdup_printf("W%d", (int)info->code);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:b}", "code", code, "name", info->name,
                     "title", base_tr(info->title_en, info->title_zh), "text",
                     base_tr(info->text_en, info->text_zh), "http_status", info->http_status, "mysql_errno",
                     info->mysql_errno, "sqlstate", info->sqlstate, "exit_code", info->exit_code, "retry",
                     (int)info->retry);
}

static int explain_codes(const CliContext *ctx)
{
    size_t n = 0;
    const BaseErrorInfo *all = base_error_info_all(&n);
    g_autoptr(json_t) list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, explain_json(&all[i]));
    }
    static const CliColumn COLUMNS[] = {
        {"code", "Code", "错误码", CLI_CELL_TEXT},
        {"title", "Meaning", "含义", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    if (ctx->json) {
        return cli_print_json(list);
    }
    cli_print_table(list, COLUMNS);
    return CLI_EXIT_OK;
}

static int explain_code(const CliContext *ctx, const BaseErrorInfo *info)
{
    if (ctx->json) {
        g_autoptr(json_t) answer = explain_json(info);
        return cli_print_json(answer);
    }
    bool color = base_term_color(stdout);
    printf("%sW%d  %s%s\n\n  %s\n\n", color ? "\033[1m" : "", (int)info->code,
           base_tr(info->title_en, info->title_zh), color ? "\033[0m" : "",
           base_tr(info->text_en, info->text_zh));
    printf("  HTTP %d · MySQL %d (%s) · %s %d%s\n", info->http_status, info->mysql_errno, info->sqlstate,
           base_tr("exit code", "退出码"), info->exit_code,
           info->retry ? base_tr(" · the same call may succeed later", " · 稍后重试可能成功") : "");
    return CLI_EXIT_OK;
}

/* ---- keys of definitions ---- */

static void print_keys(const json_t *keys, int indent)
{
    size_t i;
    json_t *key;
    json_array_foreach ((json_t *)(guintptr)keys, i, key) {
        const char *words = base_json_string(key, "words", NULL);
        g_autofree char *name = g_strdup_printf("%*s%s%s", indent, "", base_json_string(key, "name", ""),
                                                base_json_bool(key, "required", false) ? " *" : "");
        printf("  %-22s %-24s %s\n", name, words ? words : base_json_string(key, "type", ""),
               base_tr(base_json_string(key, "doc_en", ""), base_json_string(key, "doc_zh", "")));
        print_keys(json_object_get(key, "keys"), indent + 2);
    }
}

static int explain_kind(const CliContext *ctx, CatalogKind kind)
{
    g_autoptr(json_t) answer = catalog_kind_to_json(kind);
    json_object_set_new(answer, "common", catalog_common_keys_to_json());
    if (ctx->json) {
        return cli_print_json(answer);
    }
    printf("%s:  %s\n\n", base_json_string(answer, "plural", ""),
           base_tr(base_json_string(answer, "title_en", ""), base_json_string(answer, "title_zh", "")));
    print_keys(json_object_get(answer, "keys"), 0);
    puts(base_tr("\nevery kind", "\n所有类型通用"));
    print_keys(json_object_get(answer, "common"), 0);
    puts(base_tr("\n* must be given", "\n* 必填"));
    return CLI_EXIT_OK;
}

static int explain_project(const CliContext *ctx)
{
    g_autoptr(json_t) keys = catalog_project_keys_to_json();
    if (ctx->json) {
        return cli_print_json(keys);
    }
    puts("weir.yml\n");
    print_keys(keys, 0);
    return CLI_EXIT_OK;
}

/* ---- headers of a load ---- */

static int explain_headers(const CliContext *ctx)
{
    g_autoptr(json_t) list = json_array();
    const char *name = NULL;
    const char *doc = NULL;
    for (size_t i = 0; intake_options_header(i, &name, &doc); i++) {
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "doc", doc ? doc : ""));
        if (!ctx->json) {
            printf("  %-32s %s\n", name, doc ? doc : "");
        }
    }
    return ctx->json ? cli_print_json(list) : CLI_EXIT_OK;
}

static int fail_unknown(CliContext *ctx, const char *word)
{
    const char *names[2 * CATALOG_N_KINDS + 3] = {"weir.yml", "load-headers"};
    for (int i = 0; i < CATALOG_N_KINDS; i++) {
        names[2 * i + 2] = catalog_kind_name((CatalogKind)i);
        names[2 * i + 3] = catalog_kind_plural((CatalogKind)i);
    }
    const char *nearest = base_text_nearest(word, names);
    GError *error = NULL;
    base_fail(&error, BASE_E_USAGE, base_tr("nothing is known of `%s`", "不认识 `%s`"), word);
    if (nearest != NULL) {
        base_error_hint(&error, base_tr("did you mean `%s`?", "是否想写 `%s`？"), nearest);
    } else {
        base_error_hint(&error, "%s",
                        base_tr("an error code, a kind such as `metrics`, `weir.yml` or `load-headers`",
                                "可为错误码、定义类型（如 `metrics`）、`weir.yml` 或 `load-headers`"));
    }
    return cli_fail(ctx, error);
}

int cli_verb_explain(CliContext *ctx)
{
    const char *word = cli_word(ctx, 0);
    if (word == NULL) {
        return explain_codes(ctx);
    }
    const BaseErrorInfo *info = base_error_info_by_name(word);
    if (info != NULL) {
        return explain_code(ctx, info);
    }
    const StandardRule *rule = standard_rule_by_id(word);
    if (rule != NULL) {
        return cli_lint_explain(ctx, rule);
    }
    CatalogKind kind;
    if (catalog_kind_by_name(word, &kind)) {
        return explain_kind(ctx, kind);
    }
    if (g_str_equal(word, "weir.yml")) {
        return explain_project(ctx);
    }
    if (g_str_equal(word, "load-headers")) {
        return explain_headers(ctx);
    }
    return fail_unknown(ctx, word);
}
