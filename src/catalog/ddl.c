/* CREATE TABLE of Doris, StarRocks and MySQL.
 *
 * Read on tokens, with its own small grammar (Doris "CREATE TABLE", MySQL manual 13.1.20), because no parser
 * that Weir has reads it. What has no meaning on one machine (partitions, buckets, replicas, secondary
 * indexes) is kept in `properties` as written, shown again by SHOW CREATE TABLE, and named in `warnings`.
 *
 * properties: {engine, partition, distribution, rollup, order_by, indexes:[text], properties:{key: value}}.
 */
#include "catalog/ddl_int.h"

#include <string.h>

typedef struct {
    DdlReader reader;
    CatalogTable *table;
    GPtrArray *warnings; /* char*; may be NULL */
    GPtrArray *keys;     /* char*: names of the key clause, in its order */
    bool keys_lead;      /* Doris' form: keys must be the first columns */
    bool model_said;
} Ddl;

static void warn(Ddl *ddl, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void warn(Ddl *ddl, const char *format, ...)
{
    if (ddl->warnings) {
        va_list args;
        va_start(args, format);
        g_ptr_array_add(ddl->warnings, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

static bool is(const Ddl *ddl, const char *word)
{
    return ddl_is(&ddl->reader, 0, word);
}

static bool take(Ddl *ddl, const char *word)
{
    return ddl_take(&ddl->reader, word);
}

static bool take_two(Ddl *ddl, const char *first, const char *second)
{
    bool found = is(ddl, first) && ddl_is(&ddl->reader, 1, second);
    ddl->reader.i += found ? 2 : 0;
    return found;
}

static bool expect(Ddl *ddl, const char *word, GError **error)
{
    if (take(ddl, word)) {
        return true;
    }
    g_autofree char *quoted = g_strdup_printf("`%s`", word);
    return ddl_unexpected(&ddl->reader, quoted, error);
}

static bool at_end(const Ddl *ddl)
{
    return ddl_token(&ddl->reader, 0)->type == ENGINE_TOKEN_END;
}

/* The source from `start` (a byte) to the end of the last token read, on one line. */
static char *source_from(const Ddl *ddl, size_t start)
{
    const EngineToken *last = g_ptr_array_index(ddl->reader.tokens, ddl->reader.i - 1);
    GString *out = g_string_new(NULL);
    for (size_t i = start; i < last->end; i++) {
        char c = ddl->reader.sql[i];
        bool blank = g_ascii_isspace(c);
        if (!blank || (out->len > 0 && out->str[out->len - 1] != ' ')) {
            g_string_append_c(out, blank ? ' ' : c);
        }
    }
    return g_string_free(out, FALSE);
}

/* Moves behind the parenthesis that opens here. */
static bool skip_parentheses(Ddl *ddl, GError **error)
{
    size_t depth = 0;
    if (!is(ddl, "(")) {
        return ddl_unexpected(&ddl->reader, "`(`", error);
    }
    for (; !at_end(ddl); ddl->reader.i++) {
        depth += is(ddl, "(");
        if (is(ddl, ")") && --depth == 0) {
            ddl->reader.i++;
            return true;
        }
    }
    return ddl_unexpected(&ddl->reader, "`)`", error);
}

static char *read_name(Ddl *ddl, GError **error)
{
    const EngineToken *token = ddl_token(&ddl->reader, 0);
    if (!engine_token_is_name(token, true) || token->len == 0) {
        ddl_unexpected(&ddl->reader, "a name", error);
        return NULL;
    }
    ddl->reader.i++;
    return g_strdup(token->text);
}

static char *read_text(Ddl *ddl, GError **error)
{
    const EngineToken *token = ddl_token(&ddl->reader, 0);
    if (token->type != ENGINE_TOKEN_TEXT) {
        ddl_unexpected(&ddl->reader, "a quoted text", error);
        return NULL;
    }
    ddl->reader.i++;
    return g_strdup(token->text);
}

/* (a, b(10), c DESC): names only. NULL + error. */
static GPtrArray *read_names(Ddl *ddl, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!expect(ddl, "(", error)) {
        return NULL;
    }
    do {
        char *name = read_name(ddl, error);
        if (!name) {
            return NULL;
        }
        g_ptr_array_add(names, name);
        if (is(ddl, "(") && !skip_parentheses(ddl, error)) {
            return NULL;
        }
        if (!take(ddl, "asc")) {
            take(ddl, "desc");
        }
    } while (take(ddl, ","));
    return expect(ddl, ")", error) ? g_steal_pointer(&names) : NULL;
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool read_agg(Ddl *ddl, CatalogColumn *column, GError **error)
{
    static const struct {
        const char *word;
        CatalogAgg agg;
    } AGGS[] = {{"sum", CATALOG_AGG_SUM},
                {"min", CATALOG_AGG_MIN},
                {"max", CATALOG_AGG_MAX},
                {"replace", CATALOG_AGG_REPLACE},
                {"replace_if_not_null", CATALOG_AGG_REPLACE_IF_NOT_NULL}};
    static const char *const SKETCHES[] = {"hll_union", "bitmap_union", "quantile_union", "generic"};
    for (size_t i = 0; i < G_N_ELEMENTS(AGGS); i++) {
        if (take(ddl, AGGS[i].word)) {
            column->agg = AGGS[i].agg;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(SKETCHES); i++) {
        if (is(ddl, SKETCHES[i])) {
            return base_fail(error, BASE_E_VALUE_INVALID, "column `%s`: %s is not kept by Weir", column->name,
                             SKETCHES[i]);
        }
    }
    return true;
}

static bool is_now(const EngineToken *token)
{
    return engine_token_is(token, "current_timestamp") || engine_token_is(token, "now") ||
           engine_token_is(token, "localtimestamp") || engine_token_is(token, "localtime");
}

/* DEFAULT v, translated to the engine's dialect; DEFAULT NULL is no default. */
static bool read_default(Ddl *ddl, CatalogColumn *column, GError **error)
{
    const EngineToken *token = ddl_token(&ddl->reader, 0);
    size_t start = token->start;
    g_clear_pointer(&column->default_sql, g_free);
    if (take(ddl, "null")) {
        return true;
    }
    if (is_now(token)) {
        ddl->reader.i++;
        bool whole = g_ascii_strncasecmp(column->type_declared, "datetime", 8) == 0 &&
                     !strchr(column->type_declared, '('); /* MySQL's clock has no more decimals than asked */
        column->default_sql = g_strdup(whole ? CATALOG_DDL_NOW_SECOND : CATALOG_DDL_NOW);
        return !is(ddl, "(") || skip_parentheses(ddl, error);
    }
    if (take(ddl, "current_date")) {
        column->default_sql = g_strdup("current_date");
        return !is(ddl, "(") || skip_parentheses(ddl, error);
    }
    if (is(ddl, "(")) {
        if (!skip_parentheses(ddl, error)) {
            return false;
        }
    } else {
        bool sign = take(ddl, "-") || take(ddl, "+");
        token = ddl_token(&ddl->reader, 0);
        bool literal = token->type == ENGINE_TOKEN_NUMBER || (!sign && token->type == ENGINE_TOKEN_TEXT) ||
                       (!sign && (is(ddl, "true") || is(ddl, "false") || is(ddl, "uuid")));
        bool prefixed =
            token->type == ENGINE_TOKEN_WORD && ddl_token(&ddl->reader, 1)->type == ENGINE_TOKEN_TEXT;
        if (!literal && !prefixed && !is(ddl, "pi")) {
            return ddl_unexpected(&ddl->reader, "a default value", error);
        }
        ddl->reader.i += prefixed ? 2 : 1;
        if (is(ddl, "(") && !skip_parentheses(ddl, error)) {
            return false;
        }
    }
    g_autofree char *source = source_from(ddl, start);
    column->default_sql = engine_sql_from_mysql(source, NULL, NULL, error);
    return column->default_sql != NULL;
}

static void add_key(Ddl *ddl, const char *name)
{
    g_ptr_array_add(ddl->keys, g_strdup(name));
}

static bool skip_check(Ddl *ddl, const char *what, GError **error)
{
    warn(ddl, "%s is not enforced", what);
    return skip_parentheses(ddl, error);
}

static bool skip_references(Ddl *ddl, GError **error)
{
    warn(ddl, "foreign keys are not enforced");
    g_autofree char *name = read_name(ddl, error);
    while (name && take(ddl, ".")) {
        ddl->reader.i++;
    }
    if (!name || (is(ddl, "(") && !skip_parentheses(ddl, error))) {
        return false;
    }
    while (take(ddl, "on") || take(ddl, "match")) { /* ON DELETE SET NULL, ON UPDATE NO ACTION, MATCH FULL */
        bool match = engine_token_is(g_ptr_array_index(ddl->reader.tokens, ddl->reader.i - 1), "match");
        ddl->reader.i += match ? 0 : 1;
        ddl->reader.i += is(ddl, "set") || is(ddl, "no") ? 2 : 1;
    }
    return true;
}

/* One attribute behind a column's type. *ret_more false = there was none. */
static bool read_attribute(Ddl *ddl, CatalogColumn *column, bool *ret_more, GError **error)
{
    *ret_more = true;
    if (take_two(ddl, "not", "null")) {
        column->not_null = true;
    } else if (take(ddl, "null")) {
        column->not_null = false;
    } else if (take(ddl, "default")) {
        return read_default(ddl, column, error);
    } else if (take(ddl, "comment")) {
        g_free(column->comment);
        column->comment = read_text(ddl, error);
        return column->comment != NULL;
    } else if (take_two(ddl, "primary", "key")) {
        ddl->table->model = CATALOG_UNIQUE;
        ddl->model_said = true;
        column->not_null = true;
        add_key(ddl, column->name);
    } else if (take(ddl, "key")) {
        column->key = true;
    } else if (take(ddl, "unique")) {
        take(ddl, "key");
        warn(ddl, "UNIQUE of column `%s` is not enforced; a key clause makes a unique table", column->name);
    } else if (take(ddl, "auto_increment")) {
        warn(ddl, "AUTO_INCREMENT of column `%s` has no effect: loads bring the value", column->name);
        return !is(ddl, "(") || skip_parentheses(ddl, error);
    } else if (take_two(ddl, "on", "update")) {
        warn(ddl, "ON UPDATE of column `%s` has no effect", column->name);
        ddl->reader.i++;
        return !is(ddl, "(") || skip_parentheses(ddl, error);
    } else if (take_two(ddl, "character", "set") || take(ddl, "charset") || take(ddl, "collate")) {
        ddl->reader.i++;
    } else if (take(ddl, "check")) {
        return skip_check(ddl, "CHECK", error);
    } else if (take(ddl, "references")) {
        return skip_references(ddl, error);
    } else if (!take(ddl, "visible") && !take(ddl, "invisible") && !take(ddl, "signed")) {
        *ret_more = false;
    }
    return true;
}

static bool check_column_name(const Ddl *ddl, const char *name, GError **error)
{
    if (g_str_has_prefix(name, "_weir_") || g_str_has_prefix(name, "__DORIS_") || strlen(name) > 256) {
        return base_fail(error, BASE_E_NAME_INVALID, "`%s` is no name for a column of one's own", name);
    }
    if (catalog_table_column(ddl->table, name)) {
        return base_fail(error, BASE_E_NAME_DUPLICATE, "Duplicate column name '%s'", name);
    }
    if (ddl->table->columns->len >= DDL_MAX_COLUMNS) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a table has at most %d columns", DDL_MAX_COLUMNS);
    }
    return true;
}

static bool read_column(Ddl *ddl, GError **error)
{
    g_autofree char *name = read_name(ddl, error);
    if (!name || !check_column_name(ddl, name, error)) {
        return false;
    }
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    g_ptr_array_add(ddl->table->columns, column);
    column->name = g_steal_pointer(&name);
    size_t start = ddl_token(&ddl->reader, 0)->start;
    column->type = ddl_type_read(&ddl->reader, error);
    if (!column->type) {
        return false;
    }
    column->type_declared = source_from(ddl, start);
    for (bool more = true; more;) {
        if (!read_attribute(ddl, column, &more, error)) {
            return false;
        }
        if (!more) {
            CatalogAgg before = column->agg;
            if (!read_agg(ddl, column, error)) {
                return false;
            }
            more = column->agg != before;
        }
    }
    if (is(ddl, "as") || is(ddl, "generated")) {
        return base_fail(error, BASE_E_VALUE_INVALID,
                         "column `%s`: generated columns are not kept; use a model", column->name);
    }
    return true;
}

/* ---- elements -------------------------------------------------------------------------------- */

/* To the comma or parenthesis that ends the element. */
static bool skip_element(Ddl *ddl, GError **error)
{
    while (!at_end(ddl) && !is(ddl, ",") && !is(ddl, ")")) {
        if (!is(ddl, "(")) {
            ddl->reader.i++;
        } else if (!skip_parentheses(ddl, error)) {
            return false;
        }
    }
    return true;
}

static bool keep_index(Ddl *ddl, GError **error)
{
    size_t start = ddl_token(&ddl->reader, 0)->start;
    if (!skip_element(ddl, error)) {
        return false;
    }
    json_t *indexes = json_object_get(ddl->table->properties, "indexes");
    if (!indexes) {
        indexes = json_array();
        json_object_set_new(ddl->table->properties, "indexes", indexes);
        warn(ddl, "indexes are kept in the definition but not built");
    }
    g_autofree char *text = source_from(ddl, start);
    json_array_append_new(indexes, json_string(text));
    return true;
}

static bool read_primary_key(Ddl *ddl, GError **error)
{
    take(ddl, "using");
    g_autoptr(GPtrArray) names = read_names(ddl, error);
    if (!names) {
        return false;
    }
    ddl->table->model = CATALOG_UNIQUE;
    ddl->model_said = true;
    for (guint i = 0; i < names->len; i++) {
        add_key(ddl, g_ptr_array_index(names, i));
    }
    return skip_element(ddl, error);
}

static bool is_index(const Ddl *ddl)
{
    static const char *const WORDS[] = {"index", "key", "fulltext", "spatial"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        const EngineToken *next = ddl_token(&ddl->reader, 1);
        /* `key INT` is a column of that name */
        bool column = engine_token_is_name(next, false) && !ddl_is(&ddl->reader, 2, "(") &&
                      !ddl_is(&ddl->reader, 2, "using");
        if (is(ddl, WORDS[i]) && ddl_token(&ddl->reader, 0)->type == ENGINE_TOKEN_WORD && !column) {
            return true;
        }
    }
    return false;
}

static bool read_element(Ddl *ddl, GError **error)
{
    if (take(ddl, "constraint")) {
        if (!is(ddl, "primary") && !is(ddl, "unique") && !is(ddl, "foreign") && !is(ddl, "check")) {
            ddl->reader.i++;
        }
    }
    if (take_two(ddl, "primary", "key")) {
        return read_primary_key(ddl, error);
    }
    if (is(ddl, "unique") && (ddl_is(&ddl->reader, 1, "key") || ddl_is(&ddl->reader, 1, "index") ||
                              ddl_is(&ddl->reader, 1, "("))) {
        warn(ddl, "UNIQUE is not enforced; a key clause makes a unique table");
        return keep_index(ddl, error);
    }
    if (is(ddl, "foreign") && ddl_is(&ddl->reader, 1, "key")) {
        warn(ddl, "foreign keys are not enforced");
        return skip_element(ddl, error);
    }
    if (is(ddl, "check") && ddl_is(&ddl->reader, 1, "(")) {
        warn(ddl, "CHECK is not enforced");
        return skip_element(ddl, error);
    }
    return is_index(ddl) ? keep_index(ddl, error) : read_column(ddl, error);
}

static bool read_elements(Ddl *ddl, GError **error)
{
    if (!expect(ddl, "(", error)) {
        return false;
    }
    do {
        if (!read_element(ddl, error)) {
            return false;
        }
    } while (take(ddl, ","));
    return expect(ddl, ")", error);
}

/* ---- options --------------------------------------------------------------------------------- */

static bool ends_clause(const Ddl *ddl)
{
    static const char *const WORDS[] = {"distributed", "properties", "rollup",    "order",
                                        "comment",     "engine",     "partition", ";"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (is(ddl, WORDS[i])) {
            return true;
        }
    }
    return at_end(ddl) || (is(ddl, "auto") && ddl_is(&ddl->reader, 1, "partition"));
}

/* A clause kept as written: from the token before the reader to the next clause. */
static bool keep_clause(Ddl *ddl, const char *key, size_t start, const char *warning, GError **error)
{
    while (!ends_clause(ddl)) {
        if (!is(ddl, "(")) {
            ddl->reader.i++;
        } else if (!skip_parentheses(ddl, error)) {
            return false;
        }
    }
    g_autofree char *text = source_from(ddl, start);
    base_json_set_string(ddl->table->properties, key, text);
    warn(ddl, "%s", warning);
    return true;
}

static bool read_properties(Ddl *ddl, GError **error)
{
    json_t *properties = json_object();
    json_object_set_new(ddl->table->properties, "properties", properties);
    g_autoptr(GString) ignored = g_string_new(NULL);
    if (!expect(ddl, "(", error)) {
        return false;
    }
    while (!is(ddl, ")")) {
        g_autofree char *key = read_name(ddl, error);
        g_autofree char *value = key && expect(ddl, "=", error) ? read_name(ddl, error) : NULL;
        if (!value) {
            return false;
        }
        base_json_set_string(properties, key, value);
        if (g_ascii_strcasecmp(key, "function_column.sequence_type") == 0) {
            base_fail(error, BASE_E_VALUE_INVALID, "a hidden sequence column (%s) is not kept by Weir", key);
            base_error_hint(error, "declare a column, and name it: \"%s\" = \"the_column\"",
                            CATALOG_DDL_SEQUENCE);
            return false;
        }
        if (g_ascii_strcasecmp(key, CATALOG_DDL_SEQUENCE) == 0) {
            g_free(ddl->table->sequence);
            ddl->table->sequence = g_strdup(value);
        } else {
            g_string_append_printf(ignored, "%s%s", ignored->len > 0 ? ", " : "", key);
        }
        if (!take(ddl, ",")) {
            break;
        }
    }
    if (ignored->len > 0) {
        warn(ddl, "properties without effect on one machine: %s", ignored->str);
    }
    return expect(ddl, ")", error);
}

static bool read_key_clause(Ddl *ddl, CatalogTableModel model, GError **error)
{
    if (ddl->model_said) {
        return base_fail(error, BASE_E_SQL_SYNTAX, "a table has one key clause");
    }
    g_autoptr(GPtrArray) names = read_names(ddl, error);
    if (!names) {
        return false;
    }
    ddl->table->model = model;
    ddl->model_said = ddl->keys_lead = true;
    for (guint i = 0; i < names->len; i++) {
        add_key(ddl, g_ptr_array_index(names, i));
    }
    return true;
}

/* MySQL: [DEFAULT] CHARSET [=] x, ROW_FORMAT=x, AUTO_INCREMENT=5, ... */
static bool skip_mysql_option(Ddl *ddl, GError **error)
{
    static const char *const OPTIONS[] = {
        "charset",          "collate",         "auto_increment", "row_format", "key_block_size",
        "stats_persistent", "checksum",        "max_rows",       "min_rows",   "avg_row_length",
        "pack_keys",        "delay_key_write", "tablespace",     "compression"};
    take(ddl, "default");
    bool known = take_two(ddl, "character", "set");
    for (size_t i = 0; i < G_N_ELEMENTS(OPTIONS) && !known; i++) {
        known = take(ddl, OPTIONS[i]);
    }
    if (!known) {
        return ddl_unexpected(&ddl->reader, "a table option", error);
    }
    take(ddl, "=");
    ddl->reader.i++;
    return true;
}

static bool read_option(Ddl *ddl, GError **error)
{
    size_t start = ddl_token(&ddl->reader, 0)->start;
    if (take(ddl, "engine")) {
        take(ddl, "=");
        g_autofree char *engine = read_name(ddl, error);
        base_json_set_string(ddl->table->properties, "engine", engine);
        return engine != NULL;
    }
    if (take_two(ddl, "duplicate", "key")) {
        return read_key_clause(ddl, CATALOG_DUPLICATE, error);
    }
    if (take_two(ddl, "unique", "key") || take_two(ddl, "primary", "key")) {
        return read_key_clause(ddl, CATALOG_UNIQUE, error);
    }
    if (take_two(ddl, "aggregate", "key")) {
        return read_key_clause(ddl, CATALOG_AGGREGATE, error);
    }
    if (take(ddl, "comment")) {
        take(ddl, "=");
        g_free(ddl->table->comment);
        ddl->table->comment = read_text(ddl, error);
        return ddl->table->comment != NULL;
    }
    if (take_two(ddl, "partition", "by") || (is(ddl, "auto") && ddl_is(&ddl->reader, 1, "partition"))) {
        ddl->reader.i += is(ddl, "auto") ? 2 : 0;
        return keep_clause(ddl, "partition", start,
                           "PARTITION BY is kept in the definition but has no effect on one machine", error);
    }
    if (take_two(ddl, "distributed", "by")) {
        return keep_clause(ddl, "distribution", start,
                           "DISTRIBUTED BY is kept in the definition but has no effect on one machine",
                           error);
    }
    if (take_two(ddl, "order", "by") || take_two(ddl, "cluster", "by")) {
        return keep_clause(ddl, "order_by", start,
                           "ORDER BY of the table is kept in the definition but has no effect", error);
    }
    if (take(ddl, "rollup")) {
        return keep_clause(ddl, "rollup", start, "ROLLUP is kept in the definition but not built", error);
    }
    if (take(ddl, "properties")) {
        return read_properties(ddl, error);
    }
    take(ddl, ",");
    return skip_mysql_option(ddl, error);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool fail_key(GError **error, const char *text, const char *name)
{
    return base_fail(error, BASE_E_VALUE_INVALID, "%s: `%s`", text, name);
}

/* Marks the columns of the key clause and moves them to the front. */
static bool apply_keys(Ddl *ddl, GError **error)
{
    GPtrArray *columns = ddl->table->columns;
    for (guint i = 0; i < ddl->keys->len; i++) {
        const char *name = g_ptr_array_index(ddl->keys, i);
        guint at = 0;
        while (at < columns->len &&
               g_ascii_strcasecmp(((CatalogColumn *)g_ptr_array_index(columns, at))->name, name) != 0) {
            at++;
        }
        if (at == columns->len) {
            return fail_key(error, "the key names a column that the table has not", name);
        }
        if (at < i) {
            return fail_key(error, "the key names a column twice", name);
        }
        if (at != i && ddl->keys_lead) {
            return fail_key(error, "Key columns should be a ordered prefix of the schema", name);
        }
        CatalogColumn *column = g_ptr_array_index(columns, at);
        for (; at > i; at--) {
            columns->pdata[at] = columns->pdata[at - 1];
        }
        columns->pdata[i] = column;
        column->key = true;
        column->not_null = column->not_null || !ddl->keys_lead; /* PRIMARY KEY */
    }
    return true;
}

/* Without a key clause: columns marked KEY, or all columns without aggregate when some have one. */
static void infer_keys(Ddl *ddl)
{
    bool marked = false, aggregated = false;
    for (guint i = 0; i < ddl->table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(ddl->table->columns, i);
        marked = marked || column->key;
        aggregated = aggregated || column->agg != CATALOG_AGG_NONE;
    }
    if (ddl->model_said || (!marked && !aggregated)) {
        return;
    }
    ddl->table->model = aggregated ? CATALOG_AGGREGATE : CATALOG_DUPLICATE;
    ddl->keys_lead = true;
    for (guint i = 0; i < ddl->table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(ddl->table->columns, i);
        if (marked ? column->key : column->agg == CATALOG_AGG_NONE) {
            add_key(ddl, column->name);
        }
    }
}

static bool check_column(const CatalogTable *table, const CatalogColumn *column, GError **error)
{
    bool aggregate = table->model == CATALOG_AGGREGATE;
    if (column->key && column->agg != CATALOG_AGG_NONE) {
        return fail_key(error, "a key column has no aggregate", column->name);
    }
    if (!aggregate && column->agg != CATALOG_AGG_NONE) {
        return fail_key(error, "only an AGGREGATE KEY table has columns with an aggregate", column->name);
    }
    if (aggregate && !column->key && column->agg == CATALOG_AGG_NONE) {
        return fail_key(error, "a column of an AGGREGATE KEY table that is no key needs an aggregate",
                        column->name);
    }
    bool nested = g_str_has_suffix(column->type, "]") || g_str_has_prefix(column->type, "MAP(") ||
                  g_str_has_prefix(column->type, "STRUCT(");
    if (column->key && table->model != CATALOG_DUPLICATE && (nested || strcmp(column->type, "JSON") == 0)) {
        return fail_key(error, "a key cannot be of a nested type", column->name);
    }
    return true;
}

static bool check_table(Ddl *ddl, GError **error)
{
    CatalogTable *table = ddl->table;
    for (guint i = 0; i < table->columns->len; i++) {
        if (!check_column(table, g_ptr_array_index(table->columns, i), error)) {
            return false;
        }
    }
    if (table->sequence && table->model != CATALOG_UNIQUE) {
        return base_fail(error, BASE_E_VALUE_INVALID, "%s belongs to a UNIQUE KEY table",
                         CATALOG_DDL_SEQUENCE);
    }
    if (table->sequence && !catalog_table_column(table, table->sequence)) {
        return fail_key(error, "the sequence column is not in the table", table->sequence);
    }
    if (table->columns->len == 0) {
        return base_fail(error, BASE_E_SQL_SYNTAX, "A table must have at least 1 column");
    }
    if (table->model != CATALOG_DUPLICATE && ddl->keys->len == 0) {
        return base_fail(error, BASE_E_VALUE_INVALID, "the key is empty");
    }
    return true;
}

/* CREATE [TEMPORARY|EXTERNAL] TABLE [IF NOT EXISTS] [db.]name */
static bool read_head(Ddl *ddl, const char *default_schema, bool *ret_if_not_exists, GError **error)
{
    if (!expect(ddl, "create", error)) {
        return false;
    }
    if (is(ddl, "temporary") || is(ddl, "external")) {
        return base_fail(error, BASE_E_STATEMENT_REFUSED, "%s tables are not kept",
                         ddl_token(&ddl->reader, 0)->text);
    }
    if (!expect(ddl, "table", error)) {
        return false;
    }
    bool exists = is(ddl, "if") && ddl_is(&ddl->reader, 1, "not") && ddl_is(&ddl->reader, 2, "exists");
    ddl->reader.i += exists ? 3 : 0;
    if (ret_if_not_exists) {
        *ret_if_not_exists = exists;
    }
    g_autofree char *schema = NULL;
    g_autofree char *name = read_name(ddl, error);
    while (name && take(ddl, ".")) { /* catalog.db.table: the catalog is this one */
        g_free(schema);
        schema = g_steal_pointer(&name);
        name = read_name(ddl, error);
    }
    if (!name) {
        return false;
    }
    if (!schema && !default_schema) {
        base_fail(error, BASE_E_DATABASE_UNKNOWN, "No database selected");
        base_error_hint(error, "write db.%s, or USE db first", name);
        return false;
    }
    ddl->table = ddl_table_new(schema ? schema : default_schema, name);
    return true;
}

static bool read_statement(Ddl *ddl, const char *default_schema, bool *ret_if_not_exists, GError **error)
{
    if (!read_head(ddl, default_schema, ret_if_not_exists, error) || !read_elements(ddl, error)) {
        return false;
    }
    while (!at_end(ddl) && !is(ddl, ";")) {
        if (!read_option(ddl, error)) {
            return false;
        }
    }
    infer_keys(ddl);
    return apply_keys(ddl, error) && check_table(ddl, error);
}

CatalogTable *catalog_ddl_parse(const char *sql, const char *default_schema, bool *ret_if_not_exists,
                                GPtrArray *warnings, GError **error)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_MYSQL, error);
    if (!tokens) {
        return NULL;
    }
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    Ddl ddl = {.reader = {.sql = sql, .tokens = tokens}, .warnings = warnings, .keys = keys};
    bool ok = read_statement(&ddl, default_schema, ret_if_not_exists, error);
    g_autoptr(CatalogTable) table = ddl.table;
    return ok ? g_steal_pointer(&table) : NULL;
}
