/* What lint found, for GitHub's log and for readers of SARIF. */
#include "cli/lint_int.h"

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

void cli_lint_github(const json_t *list)
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

static json_t *sarif_rule(const StandardRule *rule)
{
    const StandardText *statement = standard_rule_statement(rule->rule);
    const StandardText *fix = standard_rule_fix(rule->rule);
    return json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "id", rule->id, "name", rule->id, "shortDescription",
                     "text", base_tr(statement->en, statement->zh), "help", "text",
                     base_tr(fix->en, fix->zh));
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
        const StandardRule *rule = standard_rule_by_id(code);
        if (rule != NULL && g_hash_table_add(seen, (gpointer)(guintptr)code)) {
            json_array_append_new(rules, sarif_rule(rule));
        } else if (info != NULL && g_hash_table_add(seen, (gpointer)(guintptr)code)) {
            json_array_append_new(rules, json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "id", code, "name",
                                                   info->name, "shortDescription", "text",
                                                   base_tr(info->title_en, info->title_zh), "fullDescription",
                                                   "text", base_tr(info->text_en, info->text_zh)));
        }
    }
    return rules;
}

void cli_lint_sarif(const json_t *list)
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
