#include "cli/cli_int.h"

typedef struct {
    CliContext ctx;
    GError *error;
} Parsed;

/* `line` is split at blanks. */
static Parsed parse(const char *line)
{
    Parsed parsed = {0};
    g_autofree char *whole = g_strconcat("weir ", line, NULL);
    g_auto(GStrv) argv = g_strsplit(g_strstrip(whole), " ", -1);
    bool ok = cli_options_parse(&parsed.ctx, (int)g_strv_length(argv), argv, &parsed.error);
    g_assert_true(ok == (parsed.error == NULL));
    return parsed;
}

static void clear(Parsed *parsed)
{
    cli_context_clear(&parsed->ctx);
    g_clear_error(&parsed->error);
}

static void flags_stand_before_or_after_the_verb_and_its_words(void)
{
    const char *const lines[] = {"-p x --json load t f.csv --label a", "load -p x t --json f.csv --label=a",
                                 "load t f.csv --label a --project=x --json",
                                 "--project x load --label a t f.csv --json",
                                 "-px --json load t --label a f.csv"};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        Parsed parsed = parse(lines[i]);
        g_assert_no_error(parsed.error);
        g_assert_cmpstr(parsed.ctx.verb->name, ==, "load");
        g_assert_cmpuint(parsed.ctx.n_words, ==, 2);
        g_assert_cmpstr(cli_word(&parsed.ctx, 0), ==, "t");
        g_assert_cmpstr(cli_word(&parsed.ctx, 1), ==, "f.csv");
        g_assert_null(cli_word(&parsed.ctx, 2));
        g_assert_cmpstr(cli_text(&parsed.ctx, "project"), ==, "x");
        g_assert_cmpstr(cli_text(&parsed.ctx, "label"), ==, "a");
        g_assert_true(parsed.ctx.json);
        clear(&parsed);
    }
}

static void a_value_of_a_flag_is_not_the_verb(void)
{
    Parsed parsed = parse("-p plan --data up -v ls");
    g_assert_no_error(parsed.error);
    g_assert_cmpstr(parsed.ctx.verb->name, ==, "ls");
    g_assert_cmpstr(cli_text(&parsed.ctx, "project"), ==, "plan");
    g_assert_cmpstr(cli_text(&parsed.ctx, "data"), ==, "up");
    g_assert_true(parsed.ctx.verbose);
    clear(&parsed);
}

static void two_dashes_end_the_flags(void)
{
    Parsed parsed = parse("query -- -1");
    g_assert_no_error(parsed.error);
    g_assert_cmpuint(parsed.ctx.n_words, ==, 1);
    g_assert_cmpstr(cli_word(&parsed.ctx, 0), ==, "-1");
    clear(&parsed);
}

static void a_flag_may_be_repeated_where_it_is_a_list(void)
{
    Parsed parsed = parse("apply --allow-drop a.b --allow-drop c.d 7c1e");
    g_assert_no_error(parsed.error);
    char **list = cli_list(&parsed.ctx, "allow-drop");
    g_assert_cmpuint(g_strv_length(list), ==, 2);
    g_assert_cmpstr(list[1], ==, "c.d");
    clear(&parsed);
}

static void assert_usage(const char *line, const char *message, const char *hint)
{
    Parsed parsed = parse(line);
    g_test_message("%s: %s", line, parsed.error == NULL ? "accepted" : parsed.error->message);
    g_assert_error(parsed.error, BASE_ERROR, BASE_E_USAGE);
    g_assert_nonnull(strstr(parsed.error->message, message));
    g_assert_nonnull(strstr(base_error_get_hint(parsed.error), hint));
    clear(&parsed);
}

static void mistakes_name_the_nearest_word(void)
{
    assert_usage("plam", "no command `plam`", "did you mean `weir plan`?");
    assert_usage("zzzzzz", "no command `zzzzzz`", "weir help");
    assert_usage("load t f --lable x", "--lable", "did you mean `--label`?");
    assert_usage("plan --jsn", "--jsn", "did you mean `--json`?");
    assert_usage("load t", "needs TABLE FILE", "weir load TABLE FILE");
    assert_usage("version now", "does not take `now`", "weir version");
    assert_usage("lint --format xml", "--format cannot be `xml`", "text, json, github, sarif");
    assert_usage("--lang fr ls", "--lang cannot be `fr`", "en, zh");
    assert_usage("init --from", "--from", "");
}

static void help_is_shown_even_when_words_are_missing(void)
{
    Parsed parsed = parse("load --help");
    g_assert_no_error(parsed.error);
    g_assert_true(parsed.ctx.help);
    clear(&parsed);
}

static void numbers_are_checked(void)
{
    Parsed parsed = parse("run --parallel 3x");
    gint64 n = 0;
    GError *error = NULL;
    g_assert_false(cli_number(&parsed.ctx, "parallel", 1, 8, 0, &n, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_USAGE);
    g_clear_error(&error);
    clear(&parsed);
    parsed = parse("run");
    g_assert_true(cli_number(&parsed.ctx, "parallel", 1, 8, 7, &n, &error));
    g_assert_cmpint(n, ==, 7);
    clear(&parsed);
}

static void a_bare_call_has_no_verb(void)
{
    Parsed parsed = parse("");
    g_assert_no_error(parsed.error);
    g_assert_null(parsed.ctx.verb);
    clear(&parsed);
}

static void assert_flags(const CliFlag *flags, GHashTable *names, GHashTable *letters)
{
    for (; flags->name != NULL; flags++) {
        g_assert_true(g_hash_table_add(names, (gpointer)(guintptr)flags->name));
        g_assert_true(flags->letter == 0 || g_hash_table_add(letters, GINT_TO_POINTER(flags->letter)));
        g_assert_true((flags->type == CLI_BOOL) == (flags->arg == NULL));
        g_assert_true(*flags->en != '\0' && *flags->zh != '\0');
    }
}

static void no_verb_hides_a_global_flag_and_each_has_both_languages(void)
{
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GHashTable) letters = g_hash_table_new(NULL, NULL);
        assert_flags(CLI_GLOBAL_FLAGS, names, letters);
        assert_flags(CLI_VERBS[i].flags, names, letters);
        g_assert_nonnull(CLI_VERBS[i].run);
        g_assert_true(*CLI_VERBS[i].en != '\0' && *CLI_VERBS[i].zh != '\0');
        g_assert_true((CLI_VERBS[i].more_en == NULL) == (CLI_VERBS[i].more_zh == NULL));
        g_assert_true(cli_verb_find(CLI_VERBS[i].name) == &CLI_VERBS[i]);
    }
}

#define ADD(f) g_test_add_func("/options/" #f, f)
int main(int argc, char **argv)
{
    g_setenv("WEIR_LANG", "en", TRUE);
    g_test_init(&argc, &argv, NULL);
    ADD(flags_stand_before_or_after_the_verb_and_its_words);
    ADD(a_value_of_a_flag_is_not_the_verb);
    ADD(two_dashes_end_the_flags);
    ADD(a_flag_may_be_repeated_where_it_is_a_list);
    ADD(mistakes_name_the_nearest_word);
    ADD(help_is_shown_even_when_words_are_missing);
    ADD(numbers_are_checked);
    ADD(a_bare_call_has_no_verb);
    ADD(no_verb_hides_a_global_flag_and_each_has_both_languages);
    return g_test_run();
}
