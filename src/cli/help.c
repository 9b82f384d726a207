/* Help for people: grouped, one screen; one verb; the manual page. All from the table of verbs. */
#include "base/text.h"
#include "cli/cli_int.h"

static void print_pair(FILE *out, const char *left, const char *right, size_t width)
{
    size_t used = base_text_width(left);
    fprintf(out, "  %s%*s  %s\n", left, (int)(width > used ? width - used : 0), "", right);
}

static char *flag_words(const CliFlag *flag)
{
    GString *text = g_string_new(NULL);
    if (flag->letter != 0) {
        g_string_append_printf(text, "-%c, ", flag->letter);
    } else {
        g_string_append(text, "    ");
    }
    g_string_append_printf(text, "--%s", flag->name);
    if (flag->arg != NULL) {
        g_string_append_printf(text, " %s", flag->arg);
    }
    return g_string_free(text, FALSE);
}

static void print_flags(FILE *out, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        g_autofree char *words = flag_words(flags);
        print_pair(out, words, base_tr(flags->en, flags->zh), 28);
    }
}

void cli_help_all(FILE *out)
{
    bool color = base_term_color(out);
    fprintf(out, "%s%s%s  %s\n", color ? "\033[1m" : "", "weir", color ? "\033[0m" : "",
            base_tr("a whole data platform in one program", "一个程序里的完整数据平台"));
    fprintf(out, "%s weir VERB [WORDS] [FLAGS]\n", base_tr("usage:", "用法："));
    for (int group = 0; group < CLI_N_GROUPS; group++) {
        fprintf(out, "\n%s%s%s\n", color ? "\033[1m" : "", cli_group_title((CliGroup)group),
                color ? "\033[0m" : "");
        for (size_t i = 0; i < CLI_N_VERBS; i++) {
            if ((int)CLI_VERBS[i].group == group) {
                print_pair(out, CLI_VERBS[i].name, base_tr(CLI_VERBS[i].en, CLI_VERBS[i].zh), 12);
            }
        }
    }
    fprintf(out, "\n%s\n",
            base_tr("weir help VERB shows a verb; flags may stand anywhere.",
                    "weir help 命令 查看用法；参数可放在任意位置。"));
}

void cli_help_verb(FILE *out, const CliVerb *verb)
{
    fprintf(out, "weir %s%s%s\n  %s\n", verb->name, *verb->words == '\0' ? "" : " ", verb->words,
            base_tr(verb->en, verb->zh));
    if (verb->more_en != NULL) {
        fprintf(out, "  %s\n", base_tr(verb->more_en, verb->more_zh));
    }
    if (verb->flags[0].name != NULL) {
        fprintf(out, "\n%s\n", base_tr("Flags", "参数"));
        print_flags(out, verb->flags);
    }
    fprintf(out, "\n%s\n", base_tr("Everywhere", "通用"));
    print_flags(out, CLI_GLOBAL_FLAGS);
}

static const struct {
    int code;
    const char *en, *zh;
} EXIT_CODES[] = {
    {CLI_EXIT_OK, "done", "成功"},
    {CLI_EXIT_FAILED, "failed", "失败"},
    {CLI_EXIT_USAGE, "wrong usage, or definitions with errors", "用法错误或定义有错"},
    {CLI_EXIT_CHANGES, "`weir plan --exit-code` found changes", "`weir plan --exit-code` 发现变更"},
    {CLI_EXIT_ACCESS, "sign-in or permission", "登录或权限"},
    {CLI_EXIT_CHECKS, "data checks failed", "数据检查未通过"},
    {CLI_EXIT_UNREACHABLE, "server not reachable", "服务器不可达"},
    {CLI_EXIT_INTERRUPTED, "interrupted", "已中断"},
};

void cli_help_exit_codes(FILE *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(EXIT_CODES); i++) {
        fprintf(out, "  %3d  %s\n", EXIT_CODES[i].code, base_tr(EXIT_CODES[i].en, EXIT_CODES[i].zh));
    }
}

/* ---- man ---- */

/* roff: a line that begins with . or ' is a request, \ an escape, - a hyphen that cannot be copied. */
static void print_roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", out);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\') {
            fputs("\\e", out);
        } else if (*c == '-') {
            fputs("\\-", out);
        } else {
            fputc(*c, out);
        }
    }
}

static void print_roff_flags(FILE *out, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        g_autofree char *words = flag_words(flags);
        fputs(".TP\n.B ", out);
        print_roff(out, g_strchug(words));
        fputs("\n", out);
        print_roff(out, base_tr(flags->en, flags->zh));
        fputs("\n", out);
    }
}

void cli_help_man(FILE *out)
{
    fputs(".TH WEIR 1 \"\" \"weir " WEIR_VERSION
          "\"\n.SH NAME\nweir \\- a whole data platform in one program\n"
          ".SH SYNOPSIS\n.B weir\n.I VERB\n[\\fIWORDS\\fR] [\\fIFLAGS\\fR]\n.SH COMMANDS\n",
          out);
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        const CliVerb *verb = &CLI_VERBS[i];
        fputs(".SS \"weir ", out);
        print_roff(out, verb->name);
        fputs(*verb->words == '\0' ? "" : " ", out);
        print_roff(out, verb->words);
        fputs("\"\n", out);
        print_roff(out, base_tr(verb->en, verb->zh));
        fputs(".\n", out);
        if (verb->more_en != NULL) {
            fputs(".PP\n", out);
            print_roff(out, base_tr(verb->more_en, verb->more_zh));
            fputs("\n", out);
        }
        print_roff_flags(out, verb->flags);
    }
    fputs(".SH OPTIONS\n", out);
    print_roff_flags(out, CLI_GLOBAL_FLAGS);
    fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < G_N_ELEMENTS(EXIT_CODES); i++) {
        fprintf(out, ".TP\n.B %d\n", EXIT_CODES[i].code);
        print_roff(out, base_tr(EXIT_CODES[i].en, EXIT_CODES[i].zh));
        fputs("\n", out);
    }
}
