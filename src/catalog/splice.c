/* A model's text with every table named in full: only the names change, at the bytes where they stand, so
 * that the rest, comments and line breaks too, is what the user wrote, and the engine's errors can be led
 * back.
 *
 * With a `prefix` it is the text that is bound in schemas of that prefix: there literals stand for the
 * parameters, since nothing else tells their type. */
#include "catalog/splice_int.h"
#include "engine/sql.h"

typedef struct {
    size_t start, end;
    char *text;
} Change;

static void clear_change(gpointer data)
{
    g_free(((Change *)data)->text);
}

static gint by_start(gconstpointer a, gconstpointer b)
{
    const Change *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* The end of one identifier at `at`; 0 when there is none. `name` must be what stands there. */
static size_t identifier_end(const char *sql, size_t at, const char *name)
{
    if (sql[at] == '"') {
        size_t i = at + 1, k = 0;
        for (; sql[i]; i++) {
            if (sql[i] == '"' && sql[i + 1] != '"') {
                return name[k] == '\0' ? i + 1 : 0;
            }
            i += sql[i] == '"';
            if (g_ascii_tolower(sql[i]) != g_ascii_tolower(name[k++])) {
                return 0;
            }
        }
        return 0;
    }
    size_t len = strlen(name);
    bool same = len > 0 && g_ascii_strncasecmp(sql + at, name, len) == 0;
    char next = same ? sql[at + len] : '_';
    return g_ascii_isalnum(next) || next == '_' || (guchar)next >= 0x80 ? 0 : at + len;
}

static size_t skip_space(const char *sql, size_t at)
{
    while (g_ascii_isspace(sql[at])) {
        at++;
    }
    return at;
}

static size_t use_end(const char *sql, const CatalogTableUse *use)
{
    size_t at = use->offset;
    if (*use->schema) {
        at = identifier_end(sql, at, use->schema);
        at = at ? skip_space(sql, at) : 0;
        if (!at || sql[at] != '.') {
            return 0;
        }
        at = skip_space(sql, at + 1);
    }
    return identifier_end(sql, at, use->name);
}

/* The table in full. A version has the columns of its table, which is all that binding wants of it. What is
 * no point in time was complained of (resolve.c). */
static char *table_text(const CatalogTableUse *use, const char *prefix)
{
    g_autofree char *version = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!*prefix && catalog_version_sql(use->object, use->name, &version, NULL) && version) {
        g_string_append(text, version);
        if (!use->aliased) {
            g_string_append(text, " AS ");
            engine_sql_append_name(text, use->object->plain_name);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    g_autofree char *schema = g_strconcat(prefix, use->object->domain, NULL);
    engine_sql_append_table(text, schema, use->object->name);
    if (use->object->environment && !use->aliased) { /* the text goes on to call it by its plain name */
        g_string_append(text, " AS ");
        engine_sql_append_name(text, use->object->plain_name);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool add_tables(const char *sql, const GArray *uses, const char *prefix, GArray *changes)
{
    for (guint i = 0; i < uses->len; i++) {
        const CatalogTableUse *use = &g_array_index(uses, CatalogTableUse, i);
        size_t end = use->offset < strlen(sql) ? use_end(sql, use) : 0;
        if (!end) {
            return false;
        }
        Change change = {.start = use->offset, .end = end, .text = table_text(use, prefix)};
        g_array_append_val(changes, change);
    }
    return true;
}

static void add_schemas(const char *sql, const GArray *schemas, const char *prefix, GArray *changes)
{
    for (guint i = 0; i < schemas->len; i++) {
        const CatalogTableUse *use = &g_array_index(schemas, CatalogTableUse, i);
        size_t end = use->offset < strlen(sql) ? identifier_end(sql, use->offset, use->name) : 0;
        bool renamed = use->object->environment != NULL; /* its alias has no domain */
        size_t dot = end ? skip_space(sql, end) : 0;
        if (end && renamed && sql[dot] == '.') {
            Change change = {.start = use->offset, .end = dot + 1, .text = g_strdup("")};
            g_array_append_val(changes, change);
        } else if (end && *prefix) {
            g_autofree char *schema = g_strconcat(prefix, use->object->domain, NULL);
            GString *text = g_string_new(NULL);
            engine_sql_append_name(text, schema);
            Change change = {.start = use->offset, .end = end, .text = g_string_free(text, FALSE)};
            g_array_append_val(changes, change);
        }
    }
}

const char *catalog_parameter_sample(const char *parameter)
{
    static const char *const SAMPLES[][2] = {{"$start", "TIMESTAMP '2000-01-01'"},
                                             {"$end", "TIMESTAMP '2000-01-01'"},
                                             {"$business_date", "DATE '2000-01-01'"},
                                             {"$ds", "'2000-01-01'"},
                                             {"$bizdate", "'20000101'"}};
    for (size_t i = 0; i < G_N_ELEMENTS(SAMPLES); i++) {
        if (g_str_equal(parameter, SAMPLES[i][0])) {
            return SAMPLES[i][1];
        }
    }
    return NULL;
}

static void add_parameters(const char *sql, GArray *changes)
{
    bool none = !strpbrk(sql, "$?"); /* of most texts, and told at once */
    g_autoptr(GPtrArray) tokens = none ? NULL : engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL);
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        const char *sample = token->type == ENGINE_TOKEN_PARAM ? catalog_parameter_sample(token->text) : NULL;
        if (sample) {
            Change change = {.start = token->start, .end = token->end, .text = g_strdup(sample)};
            g_array_append_val(changes, change);
        }
    }
}

bool catalog_splice(const char *sql, const CatalogColumnsResult *result, const char *prefix, GString *out,
                    GArray *map)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(Change));
    g_array_set_clear_func(changes, clear_change);
    g_autofree char *marked = engine_sql_mark_versions(sql);
    if (!add_tables(marked ? marked : sql, result->uses, prefix, changes)) {
        return false;
    }
    add_schemas(sql, result->schemas, prefix, changes);
    if (*prefix) {
        add_parameters(sql, changes);
    }
    g_array_sort(changes, by_start);
    size_t at = 0;
    for (guint i = 0; i < changes->len; i++) {
        const Change *change = &g_array_index(changes, Change, i);
        if (change->start < at) {
            continue; /* the same place twice: a CTE that is read twice is walked once, but be safe */
        }
        g_string_append_len(out, sql + at, (gssize)(change->start - at));
        CatalogSplice splice = {.out = out->len,
                                .in = change->start,
                                .out_end = out->len + strlen(change->text),
                                .in_end = change->end};
        g_string_append(out, change->text);
        at = change->end;
        if (map) {
            g_array_append_val(map, splice);
        }
    }
    g_string_append(out, sql + at);
    return true;
}

size_t catalog_splice_back(const GArray *map, size_t offset)
{
    size_t out = 0, in = 0;
    for (guint i = 0; i < map->len; i++) {
        const CatalogSplice *splice = &g_array_index(map, CatalogSplice, i);
        if (offset < splice->out) {
            break;
        }
        if (offset < splice->out_end) {
            return splice->in;
        }
        out = splice->out_end;
        in = splice->in_end;
    }
    return in + (offset - out);
}
