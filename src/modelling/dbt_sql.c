/* The SQL of a model without its Jinja. There is no interpreter: the forms that carry over are told apart by
 * their text, and anything else leaves the model as a draft.
 *
 *   {{ ref('x') }}, {{ source('a', 'x') }}    the table's name
 *   {{ var('v') }}, {{ var('v', 'd') }}       its value in dbt_project.yml, else the default
 *   {{ config(...) }}                         keys of the model
 *   {% if is_incremental() %} where ... {% endif %}
 *       not incremental: never true, left out. By key or by partition: left out, since a run that reads more
 *       makes the same rows. Append: `t > (select max(t) from {{ this }})` is the interval [$start, $end) of
 *       t; another filter has no counterpart.
 *   {# ... #}                                 nothing */
#include <string.h>

#include "engine/sql.h"
#include "modelling/dbt_int.h"

typedef struct {
    DbtImport *import;
    DbtNode *node;
    const char *text;
    bool config_only;
    bool failed;
    GString *out;
} Walk;

static unsigned line_at(const Walk *walk, const char *at)
{
    unsigned line = walk->node->kind == DBT_SNAPSHOT ? walk->node->body_line : 1;
    for (const char *c = walk->text; c < at; c++) {
        line += *c == '\n' ? 1 : 0;
    }
    return line;
}

/* The end of a tag that begins at `from` ("}}"), past quotes; NULL when it has none. */
static const char *end_of_tag(const char *from, const char *end)
{
    char quote = '\0';
    for (const char *c = from; *c != '\0'; c++) {
        if (quote != '\0') {
            c += *c == '\\' && c[1] != '\0' ? 1 : 0;
            quote = *c == quote ? '\0' : quote;
        } else if (*c == '\'' || *c == '"') {
            quote = *c;
        } else if (g_str_has_prefix(c, end)) {
            return c;
        }
    }
    return NULL;
}

/* What stands between the signs, without blanks and the dashes that trim white space. */
static char *inside_of_tag(const char *from, const char *to)
{
    from += *from == '-' || *from == '+' ? 1 : 0;
    to -= to > from && to[-1] == '-' ? 1 : 0;
    char *text = g_strndup(from, (gsize)(to - from));
    return g_strstrip(text);
}

/* `name(arguments)`: the arguments; NULL when it is another call, or no call. */
static json_t *call_of(const char *expression, const char *name, bool *ret_named)
{
    size_t length = strlen(name);
    const char *open = expression + length;
    *ret_named = false;
    if (!g_str_has_prefix(expression, name)) {
        return NULL;
    }
    while (g_ascii_isspace(*open)) {
        open++;
    }
    size_t rest = strlen(open);
    if (*open != '(' || open[rest - 1] != ')') {
        return NULL;
    }
    *ret_named = true;
    g_autofree char *inner = g_strndup(open + 1, rest - 2);
    return dbt_arguments(inner);
}

static const char *argument(const json_t *call, size_t i)
{
    const char *text = json_string_value(json_array_get(json_object_get(call, "args"), i));
    return text ? text : "";
}

static size_t n_arguments(const json_t *call)
{
    return json_array_size(json_object_get(call, "args"));
}

/* ---- ref, source --------------------------------------------------------------------------------------- */

static DbtNode *target_of_call(DbtImport *import, const json_t *ref, const json_t *source)
{
    bool versions = json_object_size(json_object_get(ref ? ref : source, "kwargs")) > 0;
    if (ref && !versions && n_arguments(ref) == 1) {
        return dbt_find(import, argument(ref, 0));
    }
    if (ref && !versions && n_arguments(ref) == 2 && g_str_equal(argument(ref, 0), import->name)) {
        return dbt_find(import, argument(ref, 1));
    }
    return source && n_arguments(source) == 2
               ? dbt_find_source(import, argument(source, 0), argument(source, 1))
               : NULL;
}

DbtNode *dbt_sql_target(DbtImport *import, const char *text)
{
    g_autofree char *copy = g_strdup(text);
    char *bare = g_strstrip(copy);
    size_t length = strlen(bare);
    if (length > 4 && g_str_has_prefix(bare, "{{") && g_str_has_suffix(bare, "}}")) {
        bare[length - 2] = '\0';
        bare = g_strstrip(bare + 2);
    }
    bool named;
    g_autoptr(json_t) ref = call_of(bare, "ref", &named);
    g_autoptr(json_t) source = ref ? NULL : call_of(bare, "source", &named);
    return ref || source ? target_of_call(import, ref, source) : NULL;
}

char *dbt_sql_name(const DbtImport *import, const DbtNode *target, bool history)
{
    g_autofree char *table = engine_sql_name(target->table);
    g_autofree char *domain = engine_sql_name(target->domain);
    bool here = g_str_equal(target->domain, import->domain);
    return g_strconcat(here ? "" : domain, here ? "" : ".", table, history ? "@history" : "", NULL);
}

/* All versions of a snapshot, which is what dbt's table of it holds. */
static void put_target(Walk *walk, DbtNode *target, const char *expression, const char *at)
{
    if (!target) {
        walk->failed = true;
        dbt_leave(walk->import, walk->node, line_at(walk, at),
                  base_tr("`%s` leads to nothing in this project", "`%s` 在本项目中不存在"), expression);
        return;
    }
    if (!g_ptr_array_find(walk->node->reads, target, NULL)) {
        g_ptr_array_add(walk->node->reads, target);
    }
    g_autofree char *name = dbt_sql_name(walk->import, target, target->kind == DBT_SNAPSHOT);
    g_string_append(walk->out, name);
}

/* ---- var -------------------------------------------------------------------------------------------------
 */

static void put_var(Walk *walk, const json_t *call, const char *at)
{
    const char *name = argument(call, 0);
    json_t *own = json_object_get(walk->import->vars, walk->import->name);
    json_t *value = json_object_get(own, name);
    value = value ? value : json_object_get(walk->import->vars, name);
    value = value ? value : json_array_get(json_object_get(call, "args"), 1);
    bool scalar = json_is_string(value) || json_is_integer(value) || json_is_real(value);
    if (!scalar) {
        walk->failed = true;
        dbt_leave(walk->import, walk->node, line_at(walk, at),
                  base_tr("the variable `%s` has no single value and no default",
                          "变量 `%s` 没有单一取值，也没有默认值"),
                  name);
        return;
    }
    g_autofree char *text =
        json_is_string(value) ? g_strdup(json_string_value(value)) : base_json_text(value);
    g_string_append(walk->out, text);
    dbt_changed(walk->import, walk->node->file, line_at(walk, at), walk->node->name,
                base_tr("the variable `%s` is written out as `%s`", "变量 `%s` 已写成固定值 `%s`"), name,
                text);
}

/* ---- {{ }} -----------------------------------------------------------------------------------------------
 */

static void take_config(Walk *walk, const json_t *call)
{
    json_object_update(walk->node->config, json_object_get(call, "kwargs"));
    json_object_update(walk->node->config, json_array_get(json_object_get(call, "args"), 0));
}

static void leave_expression(Walk *walk, const char *expression, const char *at)
{
    walk->failed = true;
    dbt_leave(walk->import, walk->node, line_at(walk, at),
              base_tr("`{{ %s }}` is none of the forms that carry over", "`{{ %s }}` 不属于可迁移的写法"),
              expression);
}

static void put_expression(Walk *walk, const char *expression, const char *at)
{
    bool config, ref, source, var;
    g_autoptr(json_t) config_call = call_of(expression, "config", &config);
    if (walk->config_only || config_call) {
        if (config_call) {
            take_config(walk, config_call);
        } else if (config) {
            leave_expression(walk, expression, at);
        }
        return;
    }
    g_autoptr(json_t) ref_call = call_of(expression, "ref", &ref);
    g_autoptr(json_t) source_call = call_of(expression, "source", &source);
    g_autoptr(json_t) var_call = call_of(expression, "var", &var);
    if (ref_call || source_call) {
        put_target(walk, target_of_call(walk->import, ref_call, source_call), expression, at);
    } else if (var_call && n_arguments(var_call) >= 1) {
        put_var(walk, var_call, at);
    } else if (g_str_equal(expression, "this")) {
        walk->failed = true;
        dbt_leave(walk->import, walk->node, line_at(walk, at), "%s",
                  base_tr("a model does not read its own table (`{{ this }}`)",
                          "模型不能读取自身的表（`{{ this }}`）"));
    } else {
        leave_expression(walk, expression, at);
    }
}

/* ---- {% if is_incremental() %} ----------------------------------------------------------------------------
 */

#define SELF          "\\{\\{-?\\s*this\\s*-?\\}\\}"
#define NEWEST_COLUMN "max\\s*\\(\\s*(?<out>\\w+)\\s*\\)"
static const char *const NEWEST[] = {
    "^\\s*(?<word>where|and)\\s+(?<column>[\\w.]+)\\s*>\\s*\\(\\s*select\\s+" NEWEST_COLUMN
    "\\s*(as\\s+\\w+\\s*)?from\\s+" SELF "\\s*\\)\\s*$",
    "^\\s*(?<word>where|and)\\s+(?<column>[\\w.]+)\\s*>\\s*\\(\\s*select\\s+coalesce\\s*\\(\\s*" NEWEST_COLUMN
    "\\s*,[^()]*\\)\\s*(as\\s+\\w+\\s*)?from\\s+" SELF "\\s*\\)\\s*$",
};

/* The interval of a filter that takes what is newer than the table. */
static bool put_interval(Walk *walk, const char *body)
{
    for (size_t i = 0; i < G_N_ELEMENTS(NEWEST); i++) {
        g_autoptr(GRegex) regex = g_regex_new(NEWEST[i], G_REGEX_CASELESS, 0, NULL);
        g_autoptr(GMatchInfo) match = NULL;
        if (g_regex_match(regex, body, 0, &match)) {
            g_autofree char *word = g_match_info_fetch_named(match, "word"),
                            *column = g_match_info_fetch_named(match, "column");
            walk->node->time = g_match_info_fetch_named(match, "out");
            g_string_append_printf(walk->out, " %s %s >= $start AND %s < $end ", word, column, column);
            return true;
        }
    }
    return false;
}

static bool is_filter(const char *body)
{
    g_autofree char *folded = g_ascii_strdown(body, -1);
    const char *text = g_strchug(folded);
    return g_str_has_prefix(text, "where") || g_str_has_prefix(text, "and") || *text == '\0';
}

static bool is_keyed(const json_t *config)
{
    const char *strategy = base_json_string(config, "incremental_strategy", "merge");
    return json_object_get(config, "unique_key") && !g_str_equal(strategy, "append") &&
           !g_str_equal(strategy, "microbatch");
}

static void put_block(Walk *walk, const char *body, const char *at)
{
    const json_t *config = walk->node->config;
    const char *strategy = base_json_string(config, "incremental_strategy", "");
    unsigned line = line_at(walk, at);
    if (!g_str_equal(base_json_string(config, "materialized", "view"), "incremental")) {
        return;
    }
    walk->node->block_line = walk->node->block_line ? walk->node->block_line : line;
    if (is_filter(body) && (is_keyed(config) || g_str_equal(strategy, "insert_overwrite"))) {
        dbt_changed(walk->import, walk->node->file, line, walk->node->name, "%s",
                    base_tr("the filter of `is_incremental()` is left out: each run reads all and makes the "
                            "same rows",
                            "已去掉 `is_incremental()` 中的过滤：每次运行读取全部数据，结果行相同"));
        return;
    }
    bool appends = *strategy == '\0' || g_str_equal(strategy, "append");
    if (appends && !walk->node->time && put_interval(walk, body)) {
        dbt_changed(walk->import, walk->node->file, line, walk->node->name,
                    base_tr("`max(%s)` of the table became the interval of `%s`: rows that come late into an "
                            "interval that is done need a lookback",
                            "取表中 `max(%s)` 的过滤改为按 `%s` 的区间：迟到的数据需要设置 lookback"),
                    walk->node->time, walk->node->time);
        return;
    }
    walk->failed = true;
    dbt_leave(
        walk->import, walk->node, line, "%s",
        base_tr("the block of `is_incremental()` has no counterpart", "`is_incremental()` 代码块无法迁移"));
}

/* ---- the text
 * ---------------------------------------------------------------------------------------------- */

static bool is_tag(const char *at, const char *expected)
{
    const char *end = g_str_has_prefix(at, "{%") ? end_of_tag(at + 2, "%}") : NULL;
    g_autofree char *inside = end ? inside_of_tag(at + 2, end) : NULL;
    return inside && g_str_equal(inside, expected);
}

/* After `{% if is_incremental() %}`: its body is taken up to `{% endif %}`; NULL = it holds other tags. */
static const char *walk_block(Walk *walk, const char *at, const char *body)
{
    const char *end = strstr(body, "{%");
    if (!end || !is_tag(end, "endif")) {
        return NULL;
    }
    g_autofree char *text = g_strndup(body, (gsize)(end - body));
    put_block(walk, text, at);
    return end_of_tag(end + 2, "%}") + 2;
}

static const char *walk_statement(Walk *walk, const char *at)
{
    const char *end = end_of_tag(at + 2, "%}");
    const char *next = NULL;
    if (end && walk->config_only) {
        return end + 2;
    }
    if (end && (is_tag(at, "if is_incremental()") || is_tag(at, "if is_incremental( )"))) {
        next = walk_block(walk, at, end + 2);
    }
    if (!next) {
        g_autofree char *inside = inside_of_tag(at + 2, end ? end : at + strlen(at));
        walk->failed = true;
        dbt_leave(walk->import, walk->node, line_at(walk, at),
                  base_tr("`{%% %.60s %%}` is none of the forms that carry over",
                          "`{%% %.60s %%}` 不属于可迁移的写法"),
                  inside);
        return NULL;
    }
    return next;
}

/* One tag; where the text goes on, NULL = nowhere. */
static const char *walk_tag(Walk *walk, const char *at)
{
    if (at[1] == '#') {
        const char *end = strstr(at + 2, "#}");
        return end ? end + 2 : NULL;
    }
    if (at[1] == '%') {
        return walk_statement(walk, at);
    }
    const char *end = end_of_tag(at + 2, "}}");
    if (!end) {
        return NULL;
    }
    g_autofree char *expression = inside_of_tag(at + 2, end);
    put_expression(walk, expression, at);
    return end + 2;
}

static void walk_text(Walk *walk)
{
    const char *at = walk->text;
    while (at && *at != '\0' && !walk->failed) {
        bool tag = *at == '{' && (at[1] == '{' || at[1] == '%' || at[1] == '#');
        if (!tag) {
            g_string_append_c(walk->out, *at++);
            continue;
        }
        const char *tag_at = at;
        at = walk_tag(walk, at);
        if (!at && !walk->failed) {
            walk->failed = true;
            dbt_leave(walk->import, walk->node, line_at(walk, tag_at), "%s",
                      base_tr("a tag of Jinja without end", "Jinja 标签没有结束"));
        }
    }
}

void dbt_sql_config(DbtImport *import, DbtNode *node)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Walk walk = {.import = import, .node = node, .text = node->text, .config_only = true, .out = out};
    walk_text(&walk);
}

void dbt_sql_translate(DbtImport *import, DbtNode *node)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Walk walk = {.import = import, .node = node, .text = node->text, .out = out};
    walk_text(&walk);
    if (walk.failed) {
        return;
    }
    g_autofree char *text = g_string_free(g_steal_pointer(&out), FALSE);
    char *body = g_strstrip(text);
    for (size_t length = strlen(body);
         length > 0 && (body[length - 1] == ';' || g_ascii_isspace(body[length - 1]));) {
        body[--length] = '\0';
    }
    node->sql = g_strdup(body);
}
