#include "server/usage.h"
#include "base/period.h"
#include "base/time.h"
#include "engine/sql.h"

#include <string.h>

#define TEXT_MAX_BYTES ((size_t)64 << 10) /* of a statement that is kept to be taken apart */

struct ServerUsage {
    GMutex lock;       /* guards the rest */
    GHashTable *texts; /* "reader\1text" -> Noted */
    guint64 lost;
};

typedef struct {
    char *reader, *text;
    gint64 queries;
} Noted;

static void noted_free(gpointer pointer)
{
    Noted *noted = pointer;
    g_free(noted->reader);
    g_free(noted->text);
    g_free(noted);
}

static guint noted_hash(gconstpointer pointer)
{
    const Noted *noted = pointer;
    return g_str_hash(noted->text) ^ g_str_hash(noted->reader);
}

static gboolean noted_equal(gconstpointer a, gconstpointer b)
{
    const Noted *x = a;
    const Noted *y = b;
    return g_str_equal(x->text, y->text) && g_str_equal(x->reader, y->reader);
}

static GHashTable *new_texts(void)
{
    return g_hash_table_new_full(noted_hash, noted_equal, noted_free, NULL);
}

ServerUsage *server_usage_new(void)
{
    ServerUsage *usage = g_new0(ServerUsage, 1);
    g_mutex_init(&usage->lock);
    usage->texts = new_texts();
    return usage;
}

void server_usage_free(ServerUsage *usage)
{
    if (usage) {
        g_hash_table_unref(usage->texts);
        g_mutex_clear(&usage->lock);
        g_free(usage);
    }
}

void server_usage_note(ServerUsage *usage, const char *reader, const char *text)
{
    Noted key = {.reader = (char *)(guintptr)reader, .text = (char *)(guintptr)text};
    g_mutex_lock(&usage->lock);
    Noted *noted = g_hash_table_lookup(usage->texts, &key);
    if (noted) {
        noted->queries++;
    } else if (g_hash_table_size(usage->texts) >= SERVER_USAGE_MAX_TEXTS || strlen(text) > TEXT_MAX_BYTES) {
        usage->lost++;
    } else {
        noted = g_new0(Noted, 1);
        *noted = (Noted){.reader = g_strdup(reader), .text = g_strdup(text), .queries = 1};
        g_hash_table_insert(usage->texts, noted, noted);
    }
    g_mutex_unlock(&usage->lock);
}

guint64 server_usage_lost(ServerUsage *usage)
{
    g_mutex_lock(&usage->lock);
    guint64 lost = usage->lost;
    g_mutex_unlock(&usage->lock);
    return lost;
}

/* ---- taken apart
 * -------------------------------------------------------------------------------------------- */

typedef struct {
    GHashTable *words;  /* folded names */
    GHashTable *tables; /* set of CatalogObject* */
    bool star;
    gint64 oldest; /* day; G_MAXINT64 = none named */
} Parts;

/* '2024-05-01', '20240501', with a time behind. */
static void note_day(Parts *parts, const char *text)
{
    g_autofree char *dashed = strlen(text) == 8 && strspn(text, "0123456789") == 8
                                  ? g_strdup_printf("%.4s-%.2s-%.2s", text, text + 4, text + 6)
                                  : NULL;
    gint64 us = 0;
    if (g_ascii_isdigit(*text) && base_time_parse(dashed ? dashed : text, NULL, &us)) {
        gint64 day = us / BASE_TIME_DAY_US;
        parts->oldest = MIN(parts->oldest, day);
    }
}

static void note_table(Parts *parts, CatalogSnapshot *snapshot, const char *schema, const char *name)
{
    bool ambiguous = false;
    const CatalogObject *object = catalog_resolve_table(snapshot, schema, name, NULL, &ambiguous);
    if (object) {
        g_hash_table_add(parts->tables, (gpointer)(guintptr)object);
    }
}

static void take_apart(Parts *parts, CatalogSnapshot *snapshot, const GPtrArray *tokens)
{
    for (guint i = 0; i + 1 < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        const EngineToken *next = g_ptr_array_index(tokens, i + 1);
        if (engine_token_is_name(token, false)) {
            g_hash_table_add(parts->words, g_utf8_casefold(token->text, -1));
            const EngineToken *after = i + 2 < tokens->len ? g_ptr_array_index(tokens, i + 2) : NULL;
            if (after && engine_token_is(next, ".") && engine_token_is_name(after, false)) {
                note_table(parts, snapshot, token->text, after->text);
            }
        } else if (token->type == ENGINE_TOKEN_TEXT || token->type == ENGINE_TOKEN_NUMBER) {
            note_day(parts, token->text);
        } else if (engine_token_is(token, "*")) {
            /* count(*) reads no column, a * b multiplies */
            const EngineToken *before = i > 0 ? g_ptr_array_index(tokens, i - 1) : token;
            bool list = engine_token_is(before, "select") || engine_token_is(before, ",") ||
                        engine_token_is(before, ".") || engine_token_is(before, "distinct");
            parts->star = parts->star || list;
        }
    }
}

static char *columns_read(const Parts *parts, const CatalogObject *object)
{
    GString *list = g_string_new(NULL);
    for (guint c = 0; object->columns && c < object->columns->len; c++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, c);
        g_autofree char *folded = g_utf8_casefold(column->name, -1);
        if (parts->star || g_hash_table_contains(parts->words, folded)) {
            g_string_append_printf(list, "%s%s", list->len ? "," : "", column->name);
        }
    }
    return g_string_free(list, FALSE);
}

static void append_row(GString *rows, gint64 today, const CatalogObject *object, const Parts *parts,
                       const Noted *noted)
{
    g_autofree char *columns = columns_read(parts, object);
    bool named = parts->oldest != G_MAXINT64;
    g_string_append_printf(rows, "%s(DATE '1970-01-01' + %" G_GINT64_FORMAT ", ", rows->len ? ", " : "",
                           today);
    engine_sql_append_text(rows, object->full_name);
    g_string_append(rows, ", ");
    engine_sql_append_text(rows, columns);
    g_string_append(rows, ", ");
    engine_sql_append_text(rows, noted->reader);
    g_string_append_printf(rows, ", %" G_GINT64_FORMAT ", ", noted->queries);
    if (named) {
        g_string_append_printf(rows, "DATE '1970-01-01' + %" G_GINT64_FORMAT ", 0)", parts->oldest);
    } else {
        g_string_append_printf(rows, "NULL, %" G_GINT64_FORMAT ")", noted->queries);
    }
}

static void append_noted(GString *rows, gint64 today, CatalogSnapshot *snapshot, const Noted *noted)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(noted->text, ENGINE_DIALECT_WEIR, NULL);
    if (!tokens) {
        return; /* the engine ran it; what the tokens do not show is not counted */
    }
    g_autoptr(GHashTable) words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) tables = g_hash_table_new(NULL, NULL);
    Parts parts = {.words = words, .tables = tables, .oldest = G_MAXINT64};
    take_apart(&parts, snapshot, tokens);
    GHashTableIter iter;
    gpointer object = NULL;
    g_hash_table_iter_init(&iter, tables);
    while (g_hash_table_iter_next(&iter, &object, NULL)) {
        append_row(rows, today, object, &parts, noted);
    }
}

/* ---- written and read
 * -------------------------------------------------------------------------------------------- */

#define CREATE_SQL                                                                                           \
    "CREATE TABLE IF NOT EXISTS _weir.usage (day DATE NOT NULL, object VARCHAR NOT NULL, columns VARCHAR "   \
    "NOT NULL, "                                                                                             \
    "reader VARCHAR NOT NULL, queries BIGINT NOT NULL, oldest DATE, whole BIGINT NOT NULL)"
/* Rows of a day become one for each table, set of columns and reader. */
#define MERGE_SQL                                                                                            \
    "CREATE OR REPLACE TEMPORARY TABLE _weir_usage_day AS SELECT day, object, columns, reader, "             \
    "sum(queries)::BIGINT "                                                                                  \
    "AS queries, min(oldest) AS oldest, sum(whole)::BIGINT AS whole FROM _weir.usage WHERE day = %s GROUP "  \
    "BY ALL; "                                                                                               \
    "DELETE FROM _weir.usage WHERE day = %s OR day < %s - %d; "                                              \
    "INSERT INTO _weir.usage SELECT * FROM _weir_usage_day; DROP TABLE _weir_usage_day"

typedef struct {
    gint64 today; /* in the project's zone, as the days are that queries name */
    GString *rows;
} Written;

static bool write_rows(EngineConn *conn, void *user, GError **error)
{
    const Written *written = user;
    g_autofree char *insert = g_strconcat("INSERT INTO _weir.usage VALUES ", written->rows->str, NULL);
    g_autofree char *today = g_strdup_printf("(DATE '1970-01-01' + %" G_GINT64_FORMAT ")", written->today);
    g_autofree char *merge = g_strdup_printf(MERGE_SQL, today, today, today, SERVER_USAGE_DAYS);
    return engine_exec(conn, CREATE_SQL, error) && engine_exec(conn, insert, error) &&
           engine_exec(conn, merge, error);
}

bool server_usage_write(ServerUsage *usage, Intake *intake, CatalogSnapshot *snapshot, GError **error)
{
    GHashTable *fresh = new_texts();
    g_mutex_lock(&usage->lock);
    g_autoptr(GHashTable) texts = usage->texts;
    usage->texts = fresh;
    g_mutex_unlock(&usage->lock);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    if (!zone) {
        return false; /* a definition with such a zone was refused */
    }
    g_autoptr(GString) rows = g_string_new(NULL);
    Written written = {base_period_ordinal(base_time_now_us(), BASE_PERIOD_DAY, zone), rows};
    GHashTableIter iter;
    gpointer noted = NULL;
    g_hash_table_iter_init(&iter, texts);
    while (g_hash_table_iter_next(&iter, &noted, NULL)) {
        append_noted(rows, written.today, snapshot, noted);
    }
    return rows->len == 0 || intake_transact(intake, write_rows, &written, error);
}

#define READ_SQL                                                                                             \
    "SELECT object, sum(queries)::BIGINT AS queries, string_agg(DISTINCT reader, ',' ORDER BY reader) AS "   \
    "readers, "                                                                                              \
    "max(day - oldest) AS span FROM _weir.usage WHERE day >= current_date - 92 GROUP BY object"
#define COLUMNS_SQL                                                                                          \
    "SELECT object, c AS name, sum(queries)::BIGINT AS queries FROM (SELECT object, queries, "               \
    "unnest(string_split("                                                                                   \
    "columns, ',')) AS c FROM _weir.usage WHERE day >= current_date - 92) AS each_column WHERE c <> '' "     \
    "GROUP BY ALL"
#define MAX_ROWS 1000000

static json_t *table_json(const json_t *row)
{
    json_t *readers = json_array();
    g_auto(GStrv) names = g_strsplit(base_json_string(row, "readers", ""), ",", -1);
    for (size_t i = 0; names[i]; i++) {
        json_array_append_new(readers, json_string(names[i]));
    }
    json_t *table = json_pack("{s:I, s:o, s:{}}", "queries", (json_int_t)base_json_int(row, "queries", 0),
                              "readers", readers, "columns");
    if (json_is_integer(json_object_get(row, "span"))) {
        base_json_set_int(table, "span", MAX(base_json_int(row, "span", 0), 0));
    }
    return table;
}

json_t *server_usage_read(EngineConn *conn, GError **error)
{
    g_autoptr(json_t) all = json_object();
    int64_t there = 0;
    if (!engine_query_int(
            conn, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_weir' AND table_name = 'usage'",
            &there, error)) {
        return NULL;
    }
    if (!there) {
        return g_steal_pointer(&all); /* nothing was ever written */
    }
    g_autoptr(json_t) rows = engine_query_json(conn, READ_SQL, NULL, 0, MAX_ROWS, error);
    g_autoptr(json_t) columns = rows ? engine_query_json(conn, COLUMNS_SQL, NULL, 0, MAX_ROWS, error) : NULL;
    if (!columns) {
        return NULL;
    }
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        json_object_set_new(all, base_json_string(row, "object", ""), table_json(row));
    }
    json_array_foreach (columns, i, row) {
        json_t *table = json_object_get(all, base_json_string(row, "object", ""));
        json_object_set_new(json_object_get(table, "columns"), base_json_string(row, "name", ""),
                            json_integer(base_json_int(row, "queries", 0)));
    }
    return g_steal_pointer(&all);
}
