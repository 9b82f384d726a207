/* Parsing: the verb is found first (global flags may stand before it), then GOption parses what is left with
 * the verb's own and the global flags, which may stand anywhere. */
#include "base/text.h"
#include "cli/cli_int.h"

static void value_free(gpointer data)
{
    CliValue *value = data;
    g_free(value->text);
    g_strfreev(value->list);
    g_free(value);
}

void cli_context_clear(CliContext *ctx)
{
    cli_client_free(ctx->client);
    g_strfreev(ctx->words);
    g_clear_pointer(&ctx->values, g_hash_table_unref);
    g_free(ctx->project);
    g_free(ctx->data);
    json_decref(ctx->problem);
    *ctx = (CliContext){0};
}

static const CliValue *find(const CliContext *ctx, const char *name)
{
    return ctx->values == NULL ? NULL : g_hash_table_lookup(ctx->values, name);
}

bool cli_flag(const CliContext *ctx, const char *name)
{
    const CliValue *value = find(ctx, name);
    return value != NULL && value->set;
}

const char *cli_text(const CliContext *ctx, const char *name)
{
    const CliValue *value = find(ctx, name);
    return value == NULL ? NULL : value->text;
}

char **cli_list(const CliContext *ctx, const char *name)
{
    const CliValue *value = find(ctx, name);
    return value == NULL ? NULL : value->list;
}

const char *cli_word(const CliContext *ctx, unsigned i)
{
    return i < ctx->n_words ? ctx->words[i] : NULL;
}

bool cli_number(const CliContext *ctx, const char *name, gint64 min, gint64 max, gint64 fallback, gint64 *ret,
                GError **error)
{
    const char *text = cli_text(ctx, name);
    *ret = fallback;
    if (text == NULL || base_text_to_int(text, min, max, ret)) {
        return true;
    }
    base_fail(error, BASE_E_USAGE, "--%s cannot be `%s`", name, text);
    base_error_hint(error, "a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return false;
}

/* ---- the verb ---- */

static const CliFlag *find_flag(const CliFlag *flags, const char *name, size_t len, char letter)
{
    for (; flags->name != NULL; flags++) {
        if (letter != 0 ? flags->letter == letter
                        : (strlen(flags->name) == len && strncmp(flags->name, name, len) == 0)) {
            return flags;
        }
    }
    return NULL;
}

/* Whether a flag before the verb takes the next argument as its value. */
static bool takes_next(const char *arg)
{
    const CliFlag *flag = NULL;
    if (g_str_has_prefix(arg, "--")) {
        flag = strchr(arg, '=') != NULL ? NULL : find_flag(CLI_GLOBAL_FLAGS, arg + 2, strlen(arg + 2), 0);
    } else if (arg[0] == '-' && arg[1] != '\0' && arg[2] == '\0') {
        flag = find_flag(CLI_GLOBAL_FLAGS, NULL, 0, arg[1]);
    }
    return flag != NULL && flag->type != CLI_BOOL;
}

/* The place of the verb in argv; 0 = none. */
static int find_verb_at(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return 0;
        }
        if (argv[i][0] != '-') {
            return i;
        }
        i += takes_next(argv[i]) ? 1 : 0;
    }
    return 0;
}

static bool unknown_verb(const char *word, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        g_ptr_array_add(names, (gpointer)(guintptr)CLI_VERBS[i].name);
    }
    g_ptr_array_add(names, NULL);
    base_fail(error, BASE_E_USAGE, base_tr("no command `%s`", "没有命令 `%s`"), word);
    const char *near = base_text_nearest(word, (const char *const *)names->pdata);
    if (near != NULL) {
        base_error_hint(error, base_tr("did you mean `weir %s`?", "是否想用 `weir %s`？"), near);
    } else {
        base_error_hint(error, base_tr("`weir help` lists all", "`weir help` 列出全部"));
    }
    return false;
}

/* ---- flags ---- */

static void add_entries(GArray *entries, GHashTable *values, const CliFlag *flags)
{
    for (; flags->name != NULL; flags++) {
        CliValue *value = g_new0(CliValue, 1);
        g_hash_table_insert(values, (gpointer)(guintptr)flags->name, value);
        GOptionEntry entry = {.long_name = flags->name, .short_name = flags->letter, .arg_data = &value->set};
        entry.arg = G_OPTION_ARG_NONE;
        /* FILENAME, not STRING: bytes as they are, whatever the locale. */
        if (flags->type == CLI_TEXT) {
            entry.arg = G_OPTION_ARG_FILENAME;
            entry.arg_data = &value->text;
        } else if (flags->type == CLI_LIST) {
            entry.arg = G_OPTION_ARG_FILENAME_ARRAY;
            entry.arg_data = &value->list;
        }
        g_array_append_val(entries, entry);
    }
}

static void hint_flag(const CliVerb *verb, char **args, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const CliFlag *lists[] = {verb == NULL ? NULL : verb->flags, CLI_GLOBAL_FLAGS};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (const CliFlag *flag = lists[i]; flag != NULL && flag->name != NULL; flag++) {
            g_ptr_array_add(names, (gpointer)(guintptr)flag->name);
        }
    }
    g_ptr_array_add(names, NULL);
    for (; *args != NULL; args++) {
        if (!g_str_has_prefix(*args, "--") || (*args)[2] == '\0') {
            continue;
        }
        size_t len = strcspn(*args + 2, "=");
        g_autofree char *word = g_strndup(*args + 2, len);
        if (g_strv_contains((const char *const *)names->pdata, word)) {
            continue;
        }
        const char *near = base_text_nearest(word, (const char *const *)names->pdata);
        if (near != NULL) {
            base_error_hint(error, base_tr("did you mean `--%s`?", "是否想用 `--%s`？"), near);
            return;
        }
    }
    base_error_hint(error, base_tr("`weir help %s` shows the flags", "`weir help %s` 列出参数"),
                    verb == NULL ? "" : verb->name);
}

static bool parse_flags(CliContext *ctx, char **args, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    ctx->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, value_free);
    add_entries(entries, ctx->values, CLI_GLOBAL_FLAGS);
    if (ctx->verb != NULL) {
        add_entries(entries, ctx->values, ctx->verb->flags);
    }
    GOptionEntry rest = {
        .long_name = G_OPTION_REMAINING, .arg = G_OPTION_ARG_FILENAME_ARRAY, .arg_data = &ctx->words};
    g_array_append_val(entries, rest);

    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, (const GOptionEntry *)(gpointer)entries->data, NULL);
    g_autofree char **copy = g_memdup2(args, (g_strv_length(args) + 1) * sizeof(char *));
    int argc = (int)g_strv_length(args);
    g_autoptr(GError) why = NULL;
    bool ok = g_option_context_parse(context, &argc, &copy, &why);
    g_option_context_free(context);
    if (!ok) {
        base_fail(error, BASE_E_USAGE, "%s", why->message);
        hint_flag(ctx->verb, args, error);
    }
    return ok;
}

static bool check_choice(const CliContext *ctx, const CliFlag *flags, GError **error)
{
    for (; flags->name != NULL; flags++) {
        const char *text = cli_text(ctx, flags->name);
        if (text == NULL || flags->values == NULL) {
            continue;
        }
        g_auto(GStrv) words = g_strsplit(flags->values, " ", -1);
        if (!g_strv_contains((const char *const *)words, text)) {
            base_fail(error, BASE_E_USAGE, base_tr("--%s cannot be `%s`", "--%s 不能是 `%s`"), flags->name,
                      text);
            g_autofree char *list = g_strjoinv(", ", words);
            base_error_hint(error, base_tr("one of: %s", "可取：%s"), list);
            return false;
        }
    }
    return true;
}

static bool check_words(const CliContext *ctx, GError **error)
{
    const CliVerb *verb = ctx->verb;
    if (ctx->n_words >= verb->min_words && ctx->n_words <= verb->max_words) {
        return true;
    }
    if (ctx->n_words < verb->min_words) {
        base_fail(error, BASE_E_USAGE, base_tr("`weir %s` needs %s", "`weir %s` 需要 %s"), verb->name,
                  verb->words);
    } else {
        base_fail(error, BASE_E_USAGE, base_tr("`weir %s` does not take `%s`", "`weir %s` 不接受 `%s`"),
                  verb->name, ctx->words[verb->max_words]);
    }
    base_error_hint(error, "weir %s%s%s", verb->name, *verb->words ? " " : "", verb->words);
    return false;
}

static void take_globals(CliContext *ctx)
{
    ctx->json = cli_flag(ctx, "json");
    ctx->quiet = cli_flag(ctx, "quiet");
    ctx->yes = cli_flag(ctx, "yes");
    ctx->no_input = cli_flag(ctx, "no-input");
    ctx->verbose = cli_flag(ctx, "verbose");
    ctx->help = cli_flag(ctx, "help");
    if (cli_flag(ctx, "no-color")) {
        g_setenv("NO_COLOR", "1", TRUE);
    }
    base_lang_set(cli_text(ctx, "lang"));
}

/* -pFOLDER is -p FOLDER: GOption knows only the second form. */
static void add_arg(GPtrArray *args, const CliVerb *verb, const char *arg)
{
    bool letters = arg[0] == '-' && arg[1] != '-' && arg[1] != '\0' && arg[2] != '\0';
    const CliFlag *flag = letters ? find_flag(CLI_GLOBAL_FLAGS, NULL, 0, arg[1]) : NULL;
    flag = letters && flag == NULL && verb != NULL ? find_flag(verb->flags, NULL, 0, arg[1]) : flag;
    if (flag != NULL && flag->type != CLI_BOOL) {
        g_ptr_array_add(args, g_strndup(arg, 2));
        arg += arg[2] == '=' ? 3 : 2;
    }
    g_ptr_array_add(args, g_strdup(arg));
}

bool cli_options_parse(CliContext *ctx, int argc, char **argv, GError **error)
{
    int at = find_verb_at(argc, argv);
    if (at > 0) {
        ctx->verb = cli_verb_find(argv[at]);
        if (ctx->verb == NULL) {
            return unknown_verb(argv[at], error);
        }
    }
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        flags = flags && strcmp(argv[i], "--") != 0;
        if (i > 0 && i == at) {
            continue;
        }
        if (flags) {
            add_arg(args, ctx->verb, argv[i]);
        } else {
            g_ptr_array_add(args, g_strdup(argv[i]));
        }
    }
    g_ptr_array_add(args, NULL);
    if (!parse_flags(ctx, (char **)args->pdata, error)) {
        return false;
    }
    ctx->n_words = ctx->words == NULL ? 0 : g_strv_length(ctx->words);
    take_globals(ctx);
    if (ctx->verb == NULL || ctx->help) {
        return true;
    }
    return check_choice(ctx, CLI_GLOBAL_FLAGS, error) && check_choice(ctx, ctx->verb->flags, error) &&
           check_words(ctx, error);
}
