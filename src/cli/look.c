/* ls, show, search, lineage. */
#include "cli/cli_int.h"

/* ---- ls, search ---- */

static const char *title_key(void)
{
    return strcmp(base_lang(), "zh") == 0 ? "title_zh" : "title_en";
}

int cli_verb_ls(CliContext *ctx)
{
    const CliColumn columns[] = {
        {"kind", "Kind", "类型", CLI_CELL_TEXT},   {"full_name", "Name", "名称", CLI_CELL_TEXT},
        {"layer", "Layer", "层", CLI_CELL_TEXT},   {title_key(), "Title", "标题", CLI_CELL_TEXT},
        {"grade", "Grade", "等级", CLI_CELL_TEXT}, {"owner", "Owner", "负责人", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/objects");
    cli_query_add(path, "kind", cli_word(ctx, 0));
    cli_query_add(path, "domain", cli_text(ctx, "domain"));
    cli_query_add(path, "layer", cli_text(ctx, "layer"));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    const json_t *objects = json_object_get(answer, "objects");
    if (json_array_size(objects) == 0) {
        cli_say(ctx, "%s",
                base_tr("  Nothing here yet. `weir apply` makes what the files say.",
                        "  还没有对象。`weir apply` 会按文件创建。"));
        return CLI_EXIT_OK;
    }
    cli_print_table(objects, columns);
    return CLI_EXIT_OK;
}

int cli_verb_search(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"kind", "Kind", "类型", CLI_CELL_TEXT},    {"name", "Name", "名称", CLI_CELL_TEXT},
        {"title", "Title", "标题", CLI_CELL_TEXT},  {"matched", "In", "匹配", CLI_CELL_TEXT},
        {"snippet", "Text", "内容", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autofree char *words = g_strjoinv(" ", ctx->words);
    g_autoptr(GString) path = g_string_new("/api/v1/search");
    cli_query_add(path, "q", words);
    cli_query_add(path, "limit", cli_text(ctx, "limit") == NULL ? "20" : cli_text(ctx, "limit"));
    cli_query_add(path, "lang", base_lang());
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    const json_t *results = json_object_get(answer, "results");
    if (json_array_size(results) == 0) {
        cli_say(ctx, base_tr("  Nothing found for `%s`.", "  没有找到 `%s`。"), words);
        return CLI_EXIT_FAILED;
    }
    cli_print_table(results, COLUMNS);
    return CLI_EXIT_OK;
}

/* ---- show ---- */

static void heading(const char *text, bool color)
{
    printf("\n%s%s%s\n", color ? "\033[1m" : "", text, color ? "\033[0m" : "");
}

/* Every key that any of the objects has as a scalar becomes a column, in order of appearance. */
static void print_objects(const json_t *list)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (list, i, row) {
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach (row, key, value) {
            if (!json_is_null(value) && g_hash_table_add(seen, (gpointer)(guintptr)key)) {
                g_ptr_array_add(keys, (gpointer)(guintptr)key);
            }
        }
    }
    g_autofree CliColumn *columns = g_new0(CliColumn, keys->len + 1);
    for (guint k = 0; k < keys->len; k++) {
        const char *key = g_ptr_array_index(keys, k);
        columns[k] = (CliColumn){key, key, key, CLI_CELL_TEXT};
    }
    cli_print_table(list, columns);
}

static bool is_list_of_objects(const json_t *value)
{
    return json_array_size(value) > 0 && json_is_object(json_array_get(value, 0));
}

static bool is_block(const json_t *value)
{
    return json_is_string(value) && strchr(json_string_value(value), '\n') != NULL;
}

/* {en, zh}: the text of the language in use, else of the other. */
static const char *both_languages(const json_t *value)
{
    const json_t *en = json_object_get(value, "en");
    const json_t *zh = json_object_get(value, "zh");
    if (json_object_size(value) != 2 || en == NULL || zh == NULL) {
        return NULL;
    }
    const char *first = base_json_string(value, base_lang(), "");
    return *first != '\0' ? first : base_json_string(value, "en", base_json_string(value, "zh", ""));
}

/* What only repeats the file is left to --json and --verbose. */
static bool is_shown(const CliContext *ctx, const char *key)
{
    static const char *const REPEATS[] = {"hash", "definition", "sql", "sql_resolved", NULL};
    return ctx->verbose || !g_strv_contains(REPEATS, key);
}

/* One line each, nested keys with dots; `prefix` "" at the top. Nothing is printed for null and empty. */
static void print_lines(const CliContext *ctx, const json_t *object, const char *prefix)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(guintptr)object, key, value) {
        g_autofree char *name = g_strconcat(prefix, key, NULL);
        if (!is_shown(ctx, key) || is_block(value) || is_list_of_objects(value)) {
            continue;
        }
        if (json_is_object(value) && both_languages(value) == NULL) {
            g_autofree char *deeper = g_strconcat(name, ".", NULL);
            print_lines(ctx, value, deeper);
            continue;
        }
        g_autofree char *text = json_is_object(value)  ? g_strdup(both_languages(value))
                                : json_is_array(value) ? cli_json_list(value)
                                                       : cli_json_cell(value);
        if (text != NULL && *text != '\0') {
            printf("  %-16s %s\n", name, text);
        }
    }
}

static void print_object(const CliContext *ctx, const json_t *object)
{
    bool color = base_term_color(stdout);
    const char *key = NULL;
    json_t *value = NULL;
    print_lines(ctx, object, "");
    json_object_foreach ((json_t *)(guintptr)object, key, value) {
        if (is_shown(ctx, key) && is_list_of_objects(value)) {
            heading(key, color);
            print_objects(value);
        }
    }
    json_object_foreach ((json_t *)(guintptr)object, key, value) {
        if (is_shown(ctx, key) && is_block(value)) {
            heading(key, color);
            puts(json_string_value(value));
        }
    }
}

int cli_verb_show(CliContext *ctx)
{
    int code;
    g_autofree char *path = cli_path("/api/v1/objects/", ctx->words[0]);
    g_autoptr(json_t) object = cli_ask(ctx, "GET", path, NULL, &code);
    if (!object) {
        return code;
    }
    print_object(ctx, object);
    return CLI_EXIT_OK;
}

/* ---- lineage ---- */

static void print_tree_label(const json_t *node)
{
    bool color = base_term_color(stdout);
    const json_t *object = json_object_get(node, "object");
    const char *name = json_is_object(object)
                           ? base_json_string(object, "full_name", base_json_string(object, "name", "?"))
                           : base_json_string(node, "object", base_json_string(node, "name", "?"));
    const char *column = base_json_string(node, "column", NULL);
    const char *how = base_json_string(node, "how", NULL);
    printf("%s%s%s%s%s%s  %s%s%s%s\n", color ? "\033[1m" : "", name, color ? "\033[0m" : "",
           column == NULL ? "" : ".", column == NULL ? "" : column, "", color ? "\033[2m" : "",
           base_json_string(node, "kind", ""), how == NULL ? "" : " · ", how == NULL ? "" : how);
    if (color) {
        fputs("\033[0m", stdout);
    }
}

/* `prefix` is the line work of the levels above; the depth is that of a JSON document, hence limited. */
static void print_tree(const json_t *node, const char *prefix)
{
    const json_t *children = json_object_get(node, "children");
    size_t n = json_array_size(children);
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        printf("%s%s ", prefix, last ? "└─" : "├─");
        print_tree_label(json_array_get(children, i));
        g_autofree char *deeper = g_strconcat(prefix, last ? "   " : "│  ", NULL);
        print_tree(json_array_get(children, i), deeper);
    }
}

static void print_direction(const json_t *tree, const char *title)
{
    printf("%s\n", title);
    fputs("  ", stdout);
    print_tree_label(tree);
    print_tree(tree, "  ");
}

static json_t *get_lineage(CliContext *ctx, const char *object, const char *column, const char *direction,
                           const char *format, GError **error)
{
    g_autofree char *start = cli_path("/api/v1/lineage/", object);
    g_autoptr(GString) path = g_string_new(start);
    cli_query_add(path, "column", column);
    cli_query_add(path, "direction", direction);
    cli_query_add(path, "format", format);
    return cli_call(ctx, "GET", path->str, NULL, error);
}

static bool is_unknown(const GError *error)
{
    BaseErrorCode code = base_error_info(error)->code;
    return code == BASE_E_REFERENCE_UNKNOWN || code == BASE_E_TABLE_UNKNOWN ||
           base_error_info(error)->http_status == 404;
}

/* OBJECT may have dots of its own, so OBJECT.COLUMN is tried only when there is no such object. */
static bool split_column(CliContext *ctx, char **ret_object, char **ret_column, GError **error)
{
    const char *text = ctx->words[0];
    const char *dot = strrchr(text, '.');
    g_autofree char *path = cli_path("/api/v1/objects/", text);
    GError *why = NULL;
    g_autoptr(json_t) object = cli_call(ctx, "GET", path, NULL, &why);
    *ret_object = g_strdup(text);
    *ret_column = NULL;
    if (object != NULL) {
        return true;
    }
    if (dot == NULL || dot == text || !is_unknown(why)) {
        g_propagate_error(error, why);
        return false;
    }
    g_error_free(why);
    g_free(*ret_object);
    *ret_object = g_strndup(text, (gsize)(dot - text));
    *ret_column = g_strdup(dot + 1);
    return true;
}

static bool on_text(void *user, const void *data, size_t len)
{
    (void)user;
    return fwrite(data, 1, len, stdout) == len;
}

/* A format that is not JSON: in-process it comes as {"text"} or {"dot"}. */
static int print_dot(CliContext *ctx, const char *object, const char *column, const char *direction)
{
    GError *error = NULL;
    g_autofree char *start = cli_path("/api/v1/lineage/", object);
    g_autoptr(GString) path = g_string_new(start);
    cli_query_add(path, "column", column);
    cli_query_add(path, "direction", direction);
    cli_query_add(path, "format", "dot");
    g_autoptr(json_t) answer = cli_call_text(ctx, path->str, on_text, &error);
    if (answer == NULL) {
        return cli_fail(ctx, error);
    }
    fputs(base_json_string(answer, "dot", base_json_string(answer, "text", "")), stdout);
    return CLI_EXIT_OK;
}

int cli_verb_lineage(CliContext *ctx)
{
    GError *error = NULL;
    g_autofree char *object = NULL;
    g_autofree char *column = NULL;
    bool up = cli_flag(ctx, "up") || !cli_flag(ctx, "down");
    bool down = cli_flag(ctx, "down");
    const char *direction = up && down ? "both" : up ? "up" : "down";
    const char *format = cli_text(ctx, "format");
    if (!split_column(ctx, &object, &column, &error)) {
        return cli_fail(ctx, error);
    }
    if (g_strcmp0(format, "dot") == 0) {
        return print_dot(ctx, object, column, direction);
    }
    if (ctx->json || (format != NULL && strcmp(format, "tree") != 0)) {
        const char *kind = format != NULL ? format : up && down ? "graph" : "tree";
        g_autoptr(json_t) answer = get_lineage(ctx, object, column, direction, kind, &error);
        return answer == NULL ? cli_fail(ctx, error) : cli_print_json(answer);
    }
    for (int i = 0; i < 2; i++) {
        if (i == 0 ? !up : !down) {
            continue;
        }
        g_autoptr(json_t) tree = get_lineage(ctx, object, column, i == 0 ? "up" : "down", "tree", &error);
        if (tree == NULL) {
            return cli_fail(ctx, error);
        }
        print_direction(tree, i == 0 ? base_tr("comes from", "上游") : base_tr("goes to", "下游"));
    }
    return CLI_EXIT_OK;
}
