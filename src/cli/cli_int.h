/* Inside the command line: verbs as data, what was asked, the door to the server, output.
 *
 * A verb builds a request for a route of the HTTP API and renders the JSON answer. The call goes to a running
 * server when the data folder has one, else to the same routes in-process (cli/client.c). */
#ifndef WEIR_CLI_INT_H
#define WEIR_CLI_INT_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/config.h"
#include "base/error.h"
#include "base/json.h"
#include "base/term.h"

enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_CHANGES = 3,
    CLI_EXIT_ACCESS = 4,
    CLI_EXIT_CHECKS = 5,
    CLI_EXIT_UNREACHABLE = 6,
    CLI_EXIT_INTERRUPTED = 130
};

/* ---- verbs as data (verbs.c) ---- */

typedef enum { CLI_BOOL, CLI_TEXT, CLI_LIST } CliFlagType;

typedef struct {
    const char *name; /* NULL ends a list */
    char letter;      /* 0 = none */
    CliFlagType type;
    const char *arg;    /* "FILE"; NULL for BOOL */
    const char *values; /* "json csv": the words it takes; NULL = any */
    const char *en, *zh;
} CliFlag;

typedef enum {
    CLI_GROUP_START,
    CLI_GROUP_DEFINE,
    CLI_GROUP_DATA,
    CLI_GROUP_LOOK,
    CLI_GROUP_OPERATE,
    CLI_GROUP_HELP,
    CLI_N_GROUPS
} CliGroup;

/* What completion offers for a verb's words. */
typedef enum { CLI_WORDS_NONE, CLI_WORDS_FILES, CLI_WORDS_FOLDERS, CLI_WORDS_LIST } CliWordsKind;

typedef struct CliContext CliContext;
typedef struct CliClient CliClient;

typedef struct {
    const char *name;
    CliGroup group;
    const char *words; /* "[MODEL+ ...]", "" = none */
    unsigned min_words, max_words;
    CliWordsKind words_kind;
    const char *words_list;        /* of CLI_WORDS_LIST: "bash zsh fish" */
    const char *en, *zh;           /* one line */
    const char *more_en, *more_zh; /* shown by `weir help VERB`; may be NULL */
    const CliFlag *flags;
    int (*run)(CliContext *ctx);
} CliVerb;

#define CLI_MAX_WORDS 100000

extern const CliVerb CLI_VERBS[];
extern const size_t CLI_N_VERBS;
extern const CliFlag CLI_GLOBAL_FLAGS[];
const CliVerb *cli_verb_find(const char *name);
const char *cli_group_title(CliGroup group);

/* ---- what was asked (options.c) ---- */

typedef struct {
    gboolean set; /* BOOL */
    char *text;
    char **list;
} CliValue;

struct CliContext {
    const CliVerb *verb;
    char **words;
    unsigned n_words;
    GHashTable *values; /* flag name -> CliValue*, own and global */
    bool json, quiet, yes, no_input, verbose, help;
    bool reads_project; /* the first call of the verb asks for the files as they are */
    char *project;      /* absolute folder with weir.yml; NULL = none found */
    char *data;         /* absolute; NULL = none */
    CliClient *client;
    json_t *problem; /* of the last call that failed */
};

/* Parses everything; errors are USAGE. ctx->verb is NULL for a bare `weir`. */
bool cli_options_parse(CliContext *ctx, int argc, char **argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cli_context_clear(CliContext *ctx);
bool cli_flag(const CliContext *ctx, const char *name);
const char *cli_text(const CliContext *ctx, const char *name); /* NULL = not given */
char **cli_list(const CliContext *ctx, const char *name);      /* NULL = not given */
const char *cli_word(const CliContext *ctx, unsigned i);       /* NULL past the end */
/* A whole number within min..max; `fallback` when not given. */
bool cli_number(const CliContext *ctx, const char *name, gint64 min, gint64 max, gint64 fallback, gint64 *ret,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- project (project.c) ---- */

/* Fills ctx->project and ctx->data from flags, environment and the folders above. A folder named by -p must
 * have a weir.yml; else nothing has to be found. */
bool cli_project_find(CliContext *ctx, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cli_project_need(CliContext *ctx, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Settings from weir.yml and the environment; what is wrong is printed by cli_fail from ctx->problem. */
BaseConfig *cli_config_load(CliContext *ctx, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- calls (client.c) ---- */

typedef bool (*CliSink)(void *user, const void *data, size_t len);

/* Answers; NULL + the route's error, with the whole problem object in ctx->problem. `body` is borrowed. */
json_t *cli_call(CliContext *ctx, const char *method, const char *path, json_t *body,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The answer's bytes go to `sink` as they come. */
bool cli_call_stream(CliContext *ctx, const char *method, const char *path, json_t *body, const char *accept,
                     CliSink sink, void *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A GET whose answer is text: over HTTP the text goes to `sink` and an empty object comes back, in-process
 * {"text"}. */
json_t *cli_call_text(CliContext *ctx, const char *path, CliSink sink,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *cli_call_upload(CliContext *ctx, const char *path, const char *file, BaseProgress *progress,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cli_client_free(CliClient *client);
/* The running server's description from <data>/server.json; NULL when there is none. Does not connect. */
json_t *cli_server_info(const CliContext *ctx);
bool cli_server_alive(const json_t *info);
/* "/api/v1/x/" + escaped text */
char *cli_path(const char *prefix, const char *text);
/* Appends ?name=value or &name=value; nothing for a NULL value. */
void cli_query_add(GString *path, const char *name, const char *value);

/* Finds the running server or opens the project here; cli_call and its like do it by themselves. */
bool cli_client_open(CliContext *ctx, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ctrl-C in the interactive mode: gives the call under way up (the server cancels what its client leaves;
 * in-process it ends when its next rows come), pressed three times in it ends this program. */
void cli_cancel_catch(void); /* from now on */
void cli_cancel_reset(void); /* before a statement */
bool cli_cancel_pressed(void);
int cli_cancel_fd(void);       /* to poll: readable after Ctrl-C and after the window's size has changed */
bool cli_cancel_resized(void); /* takes both from that descriptor; true where the window's size has changed */

/* Ctrl-C while a run is under way: once asks it to stop after what is running, twice interrupts it, three
 * times ends this program. Begin before the first call: threads inherit the signal mask. What is pressed
 * before `_started` ends nothing; the caller asks `_pressed` and does not start. */
typedef struct CliInterrupt CliInterrupt;
CliInterrupt *cli_interrupt_begin(CliContext *ctx);
bool cli_interrupt_started(CliInterrupt *interrupt); /* false: it was pressed already */
bool cli_interrupt_end(CliInterrupt *interrupt);     /* true: it was pressed */
bool cli_call_stop(CliContext *ctx, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* any thread */

/* What an environment has of its own, as plan and apply show it (environment.c). */
void cli_print_environment(CliContext *ctx, const json_t *environment);

/* Models that are built, told line by line (data.c); Ctrl-C stops them. The exit code. */
int cli_run_lines(CliContext *ctx, const char *path, json_t *body);

/* ---- output (output.c) ---- */

/* Prints the error (with all diagnostics of ctx->problem; as JSON with --json), frees it, gives the exit
 * code. */
int cli_fail(CliContext *ctx, GError *error);
/* "1 row", "1,000 rows", "1,000 行"; caller frees. */
char *cli_count(gint64 n, const char *one, const char *many, const char *zh);
int cli_usage(CliContext *ctx, const char *format, ...) G_GNUC_PRINTF(2, 3);
void cli_print_diagnostics(const CliContext *ctx, const json_t *diagnostics, FILE *out, const char *not_done);
int cli_print_json(const json_t *value); /* CLI_EXIT_OK */
/* A message for people on stderr, unless --quiet. */
void cli_say(const CliContext *ctx, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Asks on the terminal; --yes is yes; without a terminal false + USAGE. */
bool cli_confirm(const CliContext *ctx, const char *question, bool *ret_yes,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum { CLI_CELL_TEXT, CLI_CELL_COUNT, CLI_CELL_BYTES, CLI_CELL_MS } CliCell;
typedef struct {
    const char *key; /* NULL ends a list */
    const char *en, *zh;
    CliCell cell;
} CliColumn;
/* A list of objects as a table: aligned on a terminal, tab-separated in a pipe. */
void cli_print_table(const json_t *list, const CliColumn *columns);
/* A call whose answer is shown to people. NULL when nothing is left to show: it failed, which was told, or
 * with
 * --json the answer was printed as it came; *ret_exit is the exit code then, and CLI_EXIT_OK otherwise. */
json_t *cli_ask(CliContext *ctx, const char *method, const char *path, json_t *body,
                int *ret_exit) G_GNUC_WARN_UNUSED_RESULT;
/* A GET whose answer's list `key` is shown as a table (--json: the answer). The exit code. */
int cli_show_list(CliContext *ctx, const char *path, const char *key, const CliColumn *columns);
/* A scalar as people read it; NULL for null. Lists and objects as JSON. */
char *cli_json_cell(const json_t *value);
/* A list of scalars: "a, b". */
char *cli_json_list(const json_t *list);

/* ---- help (help.c, completion.c) ---- */

void cli_help_all(FILE *out);
void cli_help_verb(FILE *out, const CliVerb *verb);
void cli_help_exit_codes(FILE *out);
void cli_help_man(FILE *out);
bool cli_completion(FILE *out, const char *shell); /* false: unknown shell */

/* ---- formatting of files (fmt_text.c) ---- */

/* The text with trailing blanks, CRLF and missing final newline mended where that cannot change a meaning. */
char *cli_fmt_yaml(const char *text);
char *cli_fmt_sql(const char *text);

/* ---- interactive (repl.c), query output (rows.c) ---- */

typedef enum {
    CLI_ROWS_TABLE,
    CLI_ROWS_JSON,
    CLI_ROWS_NDJSON,
    CLI_ROWS_CSV,
    CLI_ROWS_TSV,
    CLI_ROWS_MARKDOWN,
    CLI_ROWS_VERTICAL
} CliRows;
/* JSON whose numbers with a fraction, and integers past 64 bits, are made texts: a reader with doubles would
 * round them. */
char *cli_exact_numbers(const char *json, size_t len);
bool cli_rows_by_name(const char *text, CliRows *ret);
/* Runs one statement and prints its rows on stdout. `max_rows` 0 = no limit; tables hold at most 10,000 rows.
 */
bool cli_rows_run(CliContext *ctx, const char *sql, const char *database, CliRows format, gint64 max_rows,
                  bool timing, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Statements of a script, split at ; outside quotes and comments; free with g_ptr_array_unref. */
GPtrArray *cli_split_statements(const char *text);
/* Whether `text` ends a statement: with ; or \G outside quotes and comments. */
bool cli_statement_ends(const char *text, bool *ret_vertical);
int cli_repl(CliContext *ctx, const char *database);

/* ---- verbs ---- */

int cli_verb_apply(CliContext *ctx);
int cli_verb_board(CliContext *ctx);
int cli_verb_checks(CliContext *ctx);
int cli_verb_health(CliContext *ctx);
int cli_verb_redrive(CliContext *ctx);
int cli_verb_rejects(CliContext *ctx);
int cli_verb_waive(CliContext *ctx);
int cli_verb_audit(CliContext *ctx);
int cli_verb_backup(CliContext *ctx);
int cli_verb_completion(CliContext *ctx);
int cli_verb_config(CliContext *ctx);
int cli_verb_demo(CliContext *ctx);
int cli_verb_diff(CliContext *ctx);
int cli_verb_doctor(CliContext *ctx);
int cli_verb_env(CliContext *ctx);
int cli_verb_erase(CliContext *ctx);
int cli_verb_explain(CliContext *ctx);
int cli_verb_features(CliContext *ctx);
int cli_verb_fmt(CliContext *ctx);
int cli_verb_help(CliContext *ctx);
int cli_verb_history(CliContext *ctx);
int cli_verb_import(CliContext *ctx);
int cli_verb_init(CliContext *ctx);
int cli_verb_lineage(CliContext *ctx);
int cli_verb_lifecycle(CliContext *ctx);
int cli_verb_lint(CliContext *ctx);
int cli_verb_matrix(CliContext *ctx);
int cli_verb_duplicates(CliContext *ctx);
int cli_verb_new(CliContext *ctx);
int cli_verb_load(CliContext *ctx);
int cli_verb_loads(CliContext *ctx);
int cli_verb_ls(CliContext *ctx);
int cli_verb_name(CliContext *ctx);
int cli_verb_plan(CliContext *ctx);
int cli_verb_query(CliContext *ctx);
int cli_verb_refresh(CliContext *ctx);
int cli_verb_reconcile(CliContext *ctx);
int cli_verb_ledger(CliContext *ctx);
int cli_verb_report(CliContext *ctx);
int cli_verb_alerts(CliContext *ctx);
int cli_verb_restore(CliContext *ctx);
int cli_verb_rollback(CliContext *ctx);
int cli_verb_intervals(CliContext *ctx);
int cli_verb_backfill(CliContext *ctx);
int cli_verb_schedule(CliContext *ctx);
int cli_verb_run(CliContext *ctx);
int cli_verb_runs(CliContext *ctx);
int cli_verb_search(CliContext *ctx);
int cli_verb_show(CliContext *ctx);
int cli_verb_token(CliContext *ctx);
int cli_verb_up(CliContext *ctx);
int cli_verb_user(CliContext *ctx);
int cli_verb_version(CliContext *ctx);

#endif
