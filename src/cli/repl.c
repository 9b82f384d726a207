/* The interactive mode: libedit's line editing with history and completion, and a few backslash commands. */
#include <editline/readline.h>
#include <poll.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "cli/cli_int.h"

#define REPL_HISTORY_LINES 2000

typedef struct {
    CliContext *ctx;
    char *database;
    bool timing, done;
} Repl;

/* libedit's completion takes no user data: one interactive mode in a process. */
static GPtrArray *completion_words;

static const char *const KEYWORDS[] = {
    "SELECT",       "FROM",        "WHERE",          "GROUP BY",  "ORDER BY", "HAVING",
    "LIMIT",        "OFFSET",      "JOIN",           "LEFT JOIN", "INNER",    "OUTER",
    "USING",        "UNION ALL",   "WITH",           "AS",        "ON",       "AND",
    "OR",           "NOT",         "NULL",           "IS",        "IN",       "BETWEEN",
    "LIKE",         "CASE",        "WHEN",           "THEN",      "ELSE",     "END",
    "DISTINCT",     "count(*)",    "sum(",           "avg(",      "min(",     "max(",
    "INSERT INTO",  "VALUES",      "DELETE FROM",    "UPDATE",    "SET",      "CREATE TABLE",
    "DROP TABLE",   "SHOW TABLES", "SHOW DATABASES", "DESCRIBE",  "EXPLAIN",  "OVER (",
    "PARTITION BY", "ASC",         "DESC",           "CAST(",     "EXISTS",   "TRUNCATE TABLE",
};

/* ---- completion ---- */

static void load_words(CliContext *ctx)
{
    completion_words = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(KEYWORDS); i++) {
        g_ptr_array_add(completion_words, g_strdup(KEYWORDS[i]));
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = cli_call(ctx, "GET", "/api/v1/objects", NULL, &error);
    size_t i = 0;
    const json_t *object = NULL;
    json_array_foreach (json_object_get(answer, "objects"), i, object) {
        const char *kind = base_json_string(object, "kind", "");
        if (strcmp(kind, "table") == 0 || strcmp(kind, "model") == 0) {
            g_ptr_array_add(completion_words, g_strdup(base_json_string(object, "full_name", "")));
            g_ptr_array_add(completion_words, g_strdup(base_json_string(object, "name", "")));
        }
    }
}

static char *next_word(const char *text, int state)
{
    static guint at;
    at = state == 0 ? 0 : at;
    size_t len = strlen(text);
    while (at < completion_words->len) {
        const char *word = g_ptr_array_index(completion_words, at++);
        if (g_ascii_strncasecmp(word, text, len) == 0) {
            return strdup(word); /* libedit frees it with free */
        }
    }
    return NULL;
}

static char **complete(const char *text, int start, int end)
{
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1; /* no file names */
    return rl_completion_matches(text, next_word);
}

/* ---- history ---- */

static char *history_path(void)
{
    const char *state = g_getenv("XDG_STATE_HOME");
    g_autofree char *dir = state != NULL && *state != '\0'
                               ? g_build_filename(state, "weir", NULL)
                               : g_build_filename(g_get_home_dir(), ".local/state/weir", NULL);
    return base_fs_mkdir(dir, NULL) ? g_build_filename(dir, "history", NULL) : NULL;
}

/* ---- backslash commands ---- */

static void print_help(void)
{
    static const char *const LINES[][3] = {
        {"\\d [NAME]", "tables and models; columns of one", "表与模型；某个对象的列"},
        {"\\dt", "tables and models", "表与模型"},
        {"\\u NAME", "database for bare names", "默认库"},
        {"\\timing", "say how long statements take", "显示耗时"},
        {"\\G", "ends a statement; rows are shown upright", "结束语句并纵向显示"},
        {"\\?", "this help", "帮助"},
        {"\\q", "quit (Ctrl-D too)", "退出（或 Ctrl-D）"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        printf("  %-12s %s\n", LINES[i][0], base_tr(LINES[i][1], LINES[i][2]));
    }
}

static void list_tables(Repl *repl)
{
    static const CliColumn COLUMNS[] = {
        {"full_name", "Name", "名称", CLI_CELL_TEXT},
        {"kind", "Kind", "类型", CLI_CELL_TEXT},
        {"layer", "Layer", "层", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    static const char *const PATHS[] = {"/api/v1/objects?kind=table", "/api/v1/objects?kind=model"};
    g_autoptr(json_t) all = json_array();
    for (size_t i = 0; i < G_N_ELEMENTS(PATHS); i++) {
        GError *error = NULL;
        g_autoptr(json_t) answer = cli_call(repl->ctx, "GET", PATHS[i], NULL, &error);
        if (answer == NULL) {
            cli_fail(repl->ctx, error);
            return;
        }
        json_array_extend(all, json_object_get(answer, "objects"));
    }
    cli_print_table(all, COLUMNS);
}

static void describe(Repl *repl, const char *name)
{
    static const CliColumn COLUMNS[] = {
        {"name", "Column", "列", CLI_CELL_TEXT},
        {"type", "Type", "类型", CLI_CELL_TEXT},
        {"comment", "Comment", "说明", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    GError *error = NULL;
    g_autofree char *path = cli_path("/api/v1/objects/", name);
    g_autoptr(json_t) object = cli_call(repl->ctx, "GET", path, NULL, &error);
    if (object == NULL) {
        cli_fail(repl->ctx, error);
        return;
    }
    cli_print_table(json_object_get(object, "columns"), COLUMNS);
}

static void command(Repl *repl, char *line)
{
    g_auto(GStrv) words = g_strsplit_set(g_strstrip(line), " \t", 2);
    const char *name = words[0];
    char *arg = words[1] == NULL ? NULL : g_strstrip(words[1]);
    if (strcmp(name, "\\q") == 0) {
        repl->done = true;
    } else if (strcmp(name, "\\?") == 0) {
        print_help();
    } else if (strcmp(name, "\\timing") == 0) {
        repl->timing = !repl->timing;
        printf("%s %s\n", base_tr("timing", "计时"), repl->timing ? "on" : "off");
    } else if (strcmp(name, "\\u") == 0) {
        g_free(repl->database);
        repl->database = arg == NULL || *arg == '\0' ? NULL : g_strdup(arg);
    } else if (strcmp(name, "\\dt") == 0 || (strcmp(name, "\\d") == 0 && (arg == NULL || *arg == '\0'))) {
        list_tables(repl);
    } else if (strcmp(name, "\\d") == 0) {
        describe(repl, arg);
    } else {
        printf(base_tr("no command %s; \\? lists them\n", "没有命令 %s；\\? 列出全部\n"), name);
    }
}

/* ---- the loop ---- */

/* Each request is a session of its own, so USE is kept here. */
static bool take_use(Repl *repl, const char *sql)
{
    if (g_ascii_strncasecmp(sql, "use ", 4) != 0) {
        return false;
    }
    g_autofree char *name = g_strdup(sql + 4);
    g_strstrip(name);
    g_strdelimit(name, "`", ' ');
    g_free(repl->database);
    repl->database = g_strdup(g_strstrip(name));
    return true;
}

static void run_text(Repl *repl, const char *text, bool vertical)
{
    g_autoptr(GPtrArray) statements = cli_split_statements(text);
    for (guint i = 0; i < statements->len; i++) {
        const char *sql = g_ptr_array_index(statements, i);
        GError *error = NULL;
        cli_cancel_reset();
        if (!take_use(repl, sql) &&
            !cli_rows_run(repl->ctx, sql, repl->database, vertical ? CLI_ROWS_VERTICAL : CLI_ROWS_TABLE, 0,
                          repl->timing, &error)) {
            cli_fail(repl->ctx, error);
            return;
        }
    }
}

/* libedit's callbacks take no user data. */
static struct {
    char *line; /* NULL with over set: the end of what is typed */
    bool over;
} typed;

static void take_line(char *line)
{
    typed.line = line;
    typed.over = true;
}

/* A line as typed, or NULL where nothing more comes; to free with free. Ctrl-C gives NULL with *dropped set.
 */
static char *read_line(const char *prompt, bool *dropped)
{
    cli_cancel_reset();
    typed.line = NULL;
    typed.over = false;
    rl_callback_handler_install(prompt, take_line);
    while (!typed.over && !cli_cancel_pressed()) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = cli_cancel_fd(), .events = POLLIN}};
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
            continue;
        }
        if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
            break; /* the terminal is gone */
        }
        if (fds[1].revents != 0 && cli_cancel_resized()) {
            rl_resize_terminal();
        }
        if ((fds[0].revents & POLLIN) != 0) {
            rl_callback_read_char();
        }
    }
    rl_callback_handler_remove();
    *dropped = !typed.over && cli_cancel_pressed();
    return typed.line;
}

static void loop(Repl *repl)
{
    g_autoptr(GString) text = g_string_new(NULL);
    while (!repl->done) {
        g_autofree char *prompt = g_strdup_printf("%s%s ", repl->database == NULL ? "weir" : repl->database,
                                                  text->len == 0 ? ">" : " ..");
        bool dropped = false;
        char *line = read_line(prompt, &dropped);
        if (dropped) {
            g_string_truncate(text, 0);
            printf("\n%s\n", base_tr("dropped", "已放弃"));
            continue;
        }
        if (line == NULL) {
            putchar('\n');
            return;
        }
        if (*line != '\0') {
            add_history(line);
        }
        bool vertical = false;
        if (text->len == 0 && line[0] == '\\') {
            command(repl, line);
        } else {
            g_string_append_printf(text, "%s%s", text->len == 0 ? "" : "\n", line);
            if (cli_statement_ends(text->str, &vertical)) {
                run_text(repl, text->str, vertical);
                g_string_truncate(text, 0);
            } else if (strspn(text->str, " \t\n") == text->len) {
                g_string_truncate(text, 0);
            }
        }
        free(line);
    }
}

int cli_repl(CliContext *ctx, const char *database)
{
    Repl repl = {.ctx = ctx, .database = g_strdup(database), .timing = true};
    GError *error = NULL;
    /* Opens the door now, so that a broken project is told before the first statement. */
    g_autoptr(json_t) status = cli_call(ctx, "GET", "/api/v1/status", NULL, &error);
    if (status == NULL) {
        g_free(repl.database);
        return cli_fail(ctx, error);
    }
    cli_say(ctx, base_tr("Weir %s. \\? for help, \\q to quit.", "Weir %s。\\? 帮助，\\q 退出。"),
            WEIR_VERSION);
    g_autofree char *history = history_path();
    rl_readline_name = "weir";
    rl_catch_signals =
        0; /* its handlers may run in no thread but its own, and a project in-process has others */
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(REPL_HISTORY_LINES);
    if (history != NULL) {
        read_history(history);
    }
    load_words(ctx);
    cli_cancel_catch();
    loop(&repl);
    if (history != NULL) {
        write_history(history);
    }
    g_clear_pointer(&completion_words, g_ptr_array_unref);
    g_free(repl.database);
    return CLI_EXIT_OK;
}
