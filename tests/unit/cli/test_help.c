#include "base/text.h"
#include "cli/cli_int.h"

typedef void (*Print)(FILE *out);

static char *capture(Print print)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    print(out);
    fclose(out);
    return text;
}

static void help_lists_every_verb_on_one_screen_in_both_languages(void)
{
    const char *const langs[] = {"en", "zh"};
    for (size_t k = 0; k < G_N_ELEMENTS(langs); k++) {
        base_lang_set(langs[k]);
        g_autofree char *text = capture(cli_help_all);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), <=, 72);
        for (char **line = lines; *line != NULL; line++) {
            g_assert_cmpuint(base_text_width(*line), <=, 100);
        }
        for (size_t i = 0; i < CLI_N_VERBS; i++) {
            g_autofree char *start = g_strdup_printf("\n  %s ", CLI_VERBS[i].name);
            g_assert_nonnull(strstr(text, start));
            g_assert_nonnull(strstr(text, k == 0 ? CLI_VERBS[i].en : CLI_VERBS[i].zh));
        }
    }
    base_lang_set("en");
}

static void the_manual_page_holds_every_flag_and_no_bad_request(void)
{
    g_autofree char *text = capture(cli_help_man);
    g_assert_true(g_str_has_prefix(text, ".TH WEIR 1"));
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        for (const CliFlag *flag = CLI_VERBS[i].flags; flag->name != NULL; flag++) {
            g_auto(GStrv) parts = g_strsplit(flag->name, "-", -1);
            g_autofree char *name = g_strjoinv("\\-", parts);
            g_autofree char *whole = g_strconcat("\\-\\-", name, NULL);
            g_assert_nonnull(strstr(text, whole));
        }
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        static const char *const REQUESTS[] = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", NULL};
        if ((*line)[0] == '.') {
            g_autofree char *request = g_strndup(*line, strcspn(*line, " "));
            g_assert_true(g_strv_contains(REQUESTS, request));
        }
    }
}

static void exit_codes_are_documented(void)
{
    g_autofree char *text = capture(cli_help_exit_codes);
    const int codes[] = {0, 1, 2, 3, 4, 5, 6, 130};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autofree char *start = g_strdup_printf("%3d  ", codes[i]);
        g_assert_nonnull(strstr(text, start));
    }
}

static char *script(const char *shell)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    g_assert_true(cli_completion(out, shell));
    fclose(out);
    return text;
}

/* Runs the bash function as the shell would, with the words typed so far. */
static char *complete_in_bash(const char *words, int at)
{
    g_autofree char *text = script("bash");
    g_autofree char *program = g_strdup_printf(
        "%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=%d\n_weir\necho \"${COMPREPLY[*]}\"\n", text, words, at);
    const char *argv[] = {"bash", "-c", program, NULL};
    char *out = NULL;
    char *err = NULL;
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_spawn_sync(NULL, (char **)(guintptr)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               &err, &status, &error));
    g_assert_cmpstr(err, ==, "");
    g_free(err);
    g_assert_cmpint(status, ==, 0);
    return g_strchomp(out);
}

static void assert_bash(const char *words, int at, const char *expected)
{
    g_autofree char *found = complete_in_bash(words, at);
    g_assert_cmpstr(found, ==, expected);
}

static void bash_completes_verbs_flags_and_values(void)
{
    assert_bash("weir pl", 1, "plan");
    assert_bash("weir -p x pl", 3, "plan");
    assert_bash("weir plan --ex", 2, "--exit-code");
    assert_bash("weir lint --format s", 3, "sarif");
    assert_bash("weir lint -f g", 3, "github");
    assert_bash("weir completion z", 2, "zsh");
    assert_bash("weir --lang z", 2, "zh");
    assert_bash("weir help exit", 2, "exit-codes");
    assert_bash("weir ls mod", 2, "models");
}

static void other_shells_have_every_verb(void)
{
    const char *const shells[] = {"zsh", "fish"};
    for (size_t k = 0; k < G_N_ELEMENTS(shells); k++) {
        g_autofree char *text = script(shells[k]);
        for (size_t i = 0; i < CLI_N_VERBS; i++) {
            g_assert_nonnull(strstr(text, CLI_VERBS[i].name));
        }
    }
    g_assert_false(cli_completion(stdout, "tcsh"));
}

#define ADD(f) g_test_add_func("/help/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    base_lang_set("en");
    ADD(help_lists_every_verb_on_one_screen_in_both_languages);
    ADD(the_manual_page_holds_every_flag_and_no_bad_request);
    ADD(exit_codes_are_documented);
    ADD(bash_completes_verbs_flags_and_values);
    ADD(other_shells_have_every_verb);
    return g_test_run();
}
