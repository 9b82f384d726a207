/* Types as Doris, MySQL, the standard and the engine write them, as the engine's.
 *
 * Sources: Doris "Data Types", MySQL manual chapter 11. DECIMAL without size is Doris' (38,9). REAL is
 * DOUBLE, as in MySQL. Lengths of text are accepted and not enforced, as Doris' STRING; they are kept in
 * type_declared. */
#include "base/text.h"
#include "catalog/ddl_int.h"

#include <string.h>

#define DECIMAL_MAX_WIDTH 38

typedef struct {
    const char *name, *type, *unsigned_type;
} SimpleType;

static const SimpleType SIMPLE[] = {
    {"boolean", "BOOLEAN", NULL},
    {"bool", "BOOLEAN", NULL},
    {"tinyint", "TINYINT", "UTINYINT"},
    {"smallint", "SMALLINT", "USMALLINT"},
    {"mediumint", "INTEGER", "UINTEGER"},
    {"int", "INTEGER", "UINTEGER"},
    {"integer", "INTEGER", "UINTEGER"},
    {"bigint", "BIGINT", "UBIGINT"},
    {"largeint", "HUGEINT", "UHUGEINT"},
    {"hugeint", "HUGEINT", NULL},
    {"int1", "TINYINT", NULL},
    {"int2", "SMALLINT", NULL},
    {"int4", "INTEGER", NULL},
    {"int8", "BIGINT", NULL},
    {"utinyint", "UTINYINT", NULL},
    {"usmallint", "USMALLINT", NULL},
    {"uinteger", "UINTEGER", NULL},
    {"ubigint", "UBIGINT", NULL},
    {"uhugeint", "UHUGEINT", NULL},
    {"double", "DOUBLE", "DOUBLE"},
    {"real", "DOUBLE", "DOUBLE"},
    {"float8", "DOUBLE", NULL},
    {"float4", "FLOAT", NULL},
    {"date", "DATE", NULL},
    {"datev2", "DATE", NULL},
    {"datev1", "DATE", NULL},
    {"time", "TIME", NULL},
    {"year", "SMALLINT", NULL},
    {"timestamptz", "TIMESTAMP WITH TIME ZONE", NULL},
    {"timestamp_s", "TIMESTAMP_S", NULL},
    {"timestamp_ms", "TIMESTAMP_MS", NULL},
    {"timestamp_ns", "TIMESTAMP_NS", NULL},
    {"interval", "INTERVAL", NULL},
    {"char", "VARCHAR", NULL},
    {"character", "VARCHAR", NULL},
    {"nchar", "VARCHAR", NULL},
    {"bpchar", "VARCHAR", NULL},
    {"varchar", "VARCHAR", NULL},
    {"nvarchar", "VARCHAR", NULL},
    {"string", "VARCHAR", NULL},
    {"text", "VARCHAR", NULL},
    {"tinytext", "VARCHAR", NULL},
    {"mediumtext", "VARCHAR", NULL},
    {"longtext", "VARCHAR", NULL},
    {"set", "VARCHAR", NULL},
    {"json", "JSON", NULL},
    {"jsonb", "JSON", NULL},
    {"variant", "JSON", NULL},
    {"binary", "BLOB", NULL},
    {"varbinary", "BLOB", NULL},
    {"blob", "BLOB", NULL},
    {"tinyblob", "BLOB", NULL},
    {"mediumblob", "BLOB", NULL},
    {"longblob", "BLOB", NULL},
    {"bytea", "BLOB", NULL},
    {"ipv4", "VARCHAR", NULL},
    {"ipv6", "VARCHAR", NULL},
    {"uuid", "UUID", NULL},
};

bool ddl_take(DdlReader *reader, const char *word)
{
    bool found = ddl_is(reader, 0, word);
    reader->i += found;
    return found;
}

/* The place of a byte as line and column. */
static void place(GError **error, const char *sql, size_t at)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        line += sql[i] == '\n';
        column = sql[i] == '\n' ? 1 : column + 1;
    }
    base_error_place(error, NULL, line, column);
}

bool ddl_unexpected(const DdlReader *reader, const char *expected, GError **error)
{
    const EngineToken *token = ddl_token(reader, 0);
    if (token->type == ENGINE_TOKEN_END) {
        base_fail(error, BASE_E_SQL_SYNTAX, "%s is expected where the statement ends", expected);
    } else {
        base_fail(error, BASE_E_SQL_SYNTAX, "%s is expected near `%.80s`", expected,
                  reader->sql + token->start);
    }
    place(error, reader->sql, token->start);
    return false;
}

static bool expect(DdlReader *reader, const char *symbol, GError **error)
{
    if (ddl_take(reader, symbol)) {
        return true;
    }
    g_autofree char *expected = g_strdup_printf("`%s`", symbol);
    return ddl_unexpected(reader, expected, error);
}

/* ">" that may be half of ">>". */
static bool close_angle(DdlReader *reader, GError **error)
{
    if (reader->open_angles > 0) {
        reader->open_angles--;
        return true;
    }
    if (ddl_take(reader, ">>")) {
        reader->open_angles = 1;
        return true;
    }
    return expect(reader, ">", error);
}

/* "(10,2)": up to two numbers; *ret_n says how many. "(*)" and "(MAX)" count as none. */
static bool read_sizes(DdlReader *reader, gint64 sizes[2], int *ret_n, GError **error)
{
    *ret_n = 0;
    if (!ddl_take(reader, "(")) {
        return true;
    }
    if (ddl_take(reader, "*") || ddl_take(reader, "max")) {
        return expect(reader, ")", error);
    }
    do {
        const EngineToken *token = ddl_token(reader, 0);
        if (token->type != ENGINE_TOKEN_NUMBER || *ret_n == 2 ||
            !base_text_to_int(token->text, 0, G_MAXUINT32, &sizes[*ret_n])) {
            return ddl_unexpected(reader, "a size", error);
        }
        (*ret_n)++;
        reader->i++;
    } while (ddl_take(reader, ","));
    return expect(reader, ")", error);
}

static char *bad_type(GError **error, const char *declared, const char *why, const char *hint)
{
    base_fail(error, BASE_E_VALUE_INVALID, "type `%s` %s", declared, why);
    if (hint) {
        base_error_hint(error, "%s", hint);
    }
    return NULL;
}

static char *decimal_type(DdlReader *reader, GError **error)
{
    gint64 sizes[2] = {DECIMAL_MAX_WIDTH, 9};
    int n;
    if (!read_sizes(reader, sizes, &n, error)) {
        return NULL;
    }
    gint64 width = sizes[0], scale = n == 1 ? 0 : sizes[1];
    if (width < 1 || width > DECIMAL_MAX_WIDTH || scale > width) {
        return bad_type(error, "DECIMAL", "has at most 38 digits, and no more behind the point than in all",
                        NULL);
    }
    while (ddl_take(reader, "unsigned") || ddl_take(reader, "zerofill")) {
    }
    return g_strdup_printf("DECIMAL(%d,%d)", (int)width, (int)scale);
}

static char *timestamp_type(DdlReader *reader, bool may_have_zone, GError **error)
{
    gint64 sizes[2] = {0};
    int n;
    if (!read_sizes(reader, sizes, &n, error)) {
        return NULL;
    }
    if (n > 1 || sizes[0] > 6) {
        return bad_type(error, "DATETIME", "has at most 6 digits behind the second", NULL);
    }
    if (may_have_zone && ddl_is(reader, 1, "time") && ddl_is(reader, 2, "zone")) {
        bool with = ddl_take(reader, "with");
        if (with || ddl_take(reader, "without")) {
            reader->i += 2;
            return g_strdup(with ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP");
        }
    }
    return g_strdup("TIMESTAMP");
}

static char *float_type(DdlReader *reader, GError **error)
{
    gint64 sizes[2] = {0};
    int n;
    if (!read_sizes(reader, sizes, &n, error)) {
        return NULL;
    }
    while (ddl_take(reader, "unsigned") || ddl_take(reader, "zerofill")) {
    }
    return g_strdup(n == 1 && sizes[0] > 24 ? "DOUBLE" : "FLOAT"); /* MySQL: FLOAT(25) is DOUBLE */
}

static char *bit_type(DdlReader *reader, GError **error)
{
    gint64 sizes[2] = {1};
    int n;
    if (!read_sizes(reader, sizes, &n, error)) {
        return NULL;
    }
    return g_strdup(n == 0 || sizes[0] == 1 ? "BOOLEAN" : "UBIGINT");
}

/* ENUM('a', 'b') stays; SET('a', 'b') is text. */
static char *enum_type(DdlReader *reader, bool set, GError **error)
{
    g_autoptr(GString) out = g_string_new("ENUM(");
    if (!expect(reader, "(", error)) {
        return NULL;
    }
    do {
        const EngineToken *token = ddl_token(reader, 0);
        if (token->type != ENGINE_TOKEN_TEXT) {
            ddl_unexpected(reader, "a quoted value", error);
            return NULL;
        }
        if (out->str[out->len - 1] != '(') {
            g_string_append(out, ", ");
        }
        engine_sql_append_text(out, token->text);
        reader->i++;
    } while (ddl_take(reader, ","));
    if (!expect(reader, ")", error)) {
        return NULL;
    }
    g_string_append_c(out, ')');
    return g_strdup(set ? "VARCHAR" : out->str);
}

/* ---- nested ---------------------------------------------------------------------------------- */

static char *read_type(DdlReader *reader, unsigned depth, GError **error);

/* `open` and its partner: "<" ">" of Doris, "(" ")" of the engine. */
static bool open_nested(DdlReader *reader, bool *ret_angle, GError **error)
{
    *ret_angle = ddl_take(reader, "<");
    return *ret_angle || expect(reader, "(", error);
}

static bool close_nested(DdlReader *reader, bool angle, GError **error)
{
    return angle ? close_angle(reader, error) : expect(reader, ")", error);
}

static char *array_type(DdlReader *reader, unsigned depth, GError **error)
{
    bool angle;
    if (!open_nested(reader, &angle, error)) {
        return NULL;
    }
    g_autofree char *item = read_type(reader, depth + 1, error);
    return item && close_nested(reader, angle, error) ? g_strconcat(item, "[]", NULL) : NULL;
}

static char *map_type(DdlReader *reader, unsigned depth, GError **error)
{
    bool angle;
    if (!open_nested(reader, &angle, error)) {
        return NULL;
    }
    g_autofree char *key = read_type(reader, depth + 1, error);
    if (!key || !expect(reader, ",", error)) {
        return NULL;
    }
    g_autofree char *value = read_type(reader, depth + 1, error);
    return value && close_nested(reader, angle, error) ? g_strdup_printf("MAP(%s, %s)", key, value) : NULL;
}

static bool struct_field(DdlReader *reader, GString *out, unsigned depth, GError **error)
{
    const EngineToken *name = ddl_token(reader, 0);
    if (!engine_token_is_name(name, true)) {
        return ddl_unexpected(reader, "the name of a field", error);
    }
    reader->i++;
    ddl_take(reader, ":");
    g_autofree char *type = read_type(reader, depth + 1, error);
    if (!type) {
        return false;
    }
    if (ddl_take(reader, "comment")) {
        reader->i++;
    }
    engine_sql_append_name(out, name->text);
    g_string_append_printf(out, " %s", type);
    return true;
}

static char *struct_type(DdlReader *reader, unsigned depth, GError **error)
{
    bool angle;
    if (!open_nested(reader, &angle, error)) {
        return NULL;
    }
    g_autoptr(GString) out = g_string_new("STRUCT(");
    do {
        if (out->str[out->len - 1] != '(') {
            g_string_append(out, ", ");
        }
        if (!struct_field(reader, out, depth, error)) {
            return NULL;
        }
    } while (ddl_take(reader, ","));
    if (!close_nested(reader, angle, error)) {
        return NULL;
    }
    g_string_append_c(out, ')');
    return g_strdup(out->str);
}

/* ---- one type -------------------------------------------------------------------------------- */

static char *simple_type(DdlReader *reader, const SimpleType *simple, GError **error)
{
    gint64 sizes[2];
    int n;
    bool is_unsigned = false;
    ddl_take(reader, "precision"); /* DOUBLE PRECISION */
    ddl_take(reader, "varying");   /* CHARACTER VARYING */
    if (!read_sizes(reader, sizes, &n, error)) {
        return NULL;
    }
    for (bool more = true; more && simple->unsigned_type;) {
        bool u = ddl_take(reader, "unsigned"),
             other = ddl_take(reader, "zerofill") || ddl_take(reader, "signed");
        is_unsigned = is_unsigned || u;
        more = u || other;
    }
    return g_strdup(is_unsigned ? simple->unsigned_type : simple->type);
}

static char *refused_type(const char *name, GError **error)
{
    static const char *const SKETCHES[] = {"bitmap", "hll", "quantile_state", "agg_state"};
    for (size_t i = 0; i < G_N_ELEMENTS(SKETCHES); i++) {
        if (g_ascii_strcasecmp(name, SKETCHES[i]) == 0) {
            return bad_type(
                error, name, "is not kept by Weir",
                "keep the values (BIGINT) and ask with count(DISTINCT x) or approx_count_distinct(x)");
        }
    }
    return bad_type(error, name, "is unknown",
                    "types of Doris, MySQL and DuckDB are understood, such as BIGINT, VARCHAR(20), "
                    "DECIMAL(18,2), DATETIME, JSON, ARRAY<INT>");
}

static bool is_any(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (g_ascii_strcasecmp(name, *names) == 0) {
            return true;
        }
    }
    return false;
}

static char *base_type(DdlReader *reader, const char *name, unsigned depth, GError **error)
{
    static const char *const DECIMALS[] = {"decimal", "decimalv2", "decimalv3", "numeric",
                                           "dec",     "fixed",     NULL};
    static const char *const DATETIMES[] = {"datetime", "datetimev1", "datetimev2", NULL};
    if (is_any(name, DECIMALS)) {
        return decimal_type(reader, error);
    }
    if (is_any(name, DATETIMES) || g_ascii_strcasecmp(name, "timestamp") == 0) {
        return timestamp_type(reader, !is_any(name, DATETIMES), error);
    }
    if (g_ascii_strcasecmp(name, "float") == 0) {
        return float_type(reader, error);
    }
    if (g_ascii_strcasecmp(name, "bit") == 0) {
        return bit_type(reader, error);
    }
    if (g_ascii_strcasecmp(name, "enum") == 0 || g_ascii_strcasecmp(name, "set") == 0) {
        return enum_type(reader, g_ascii_strcasecmp(name, "set") == 0, error);
    }
    if (g_ascii_strcasecmp(name, "array") == 0 || g_ascii_strcasecmp(name, "list") == 0) {
        return array_type(reader, depth, error);
    }
    if (g_ascii_strcasecmp(name, "map") == 0) {
        return map_type(reader, depth, error);
    }
    if (g_ascii_strcasecmp(name, "struct") == 0) {
        return struct_type(reader, depth, error);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(SIMPLE); i++) {
        if (g_ascii_strcasecmp(name, SIMPLE[i].name) == 0) {
            return simple_type(reader, &SIMPLE[i], error);
        }
    }
    return refused_type(name, error);
}

/* T, T[], T[3] */
static char *read_type(DdlReader *reader, unsigned depth, GError **error)
{
    const EngineToken *name = ddl_token(reader, 0);
    if (depth > DDL_MAX_TYPE_DEPTH) {
        base_fail(error, BASE_E_VALUE_INVALID, "a type is nested more than %d deep", DDL_MAX_TYPE_DEPTH);
        return NULL;
    }
    if (!engine_token_is_name(name, false)) {
        ddl_unexpected(reader, "a type", error);
        return NULL;
    }
    reader->i++;
    g_autofree char *type = base_type(reader, name->text, depth, error);
    while (type && ddl_take(reader, "[")) {
        const EngineToken *size = ddl_token(reader, 0);
        gint64 n = 0;
        if (size->type == ENGINE_TOKEN_NUMBER && base_text_to_int(size->text, 1, 100000, &n)) {
            reader->i++;
        }
        if (!expect(reader, "]", error)) {
            return NULL;
        }
        char *array = n > 0 ? g_strdup_printf("%s[%d]", type, (int)n) : g_strconcat(type, "[]", NULL);
        g_free(type);
        type = array;
    }
    return g_steal_pointer(&type);
}

char *ddl_type_read(DdlReader *reader, GError **error)
{
    return read_type(reader, 0, error);
}

char *catalog_ddl_type(const char *declared, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(declared, ENGINE_DIALECT_MYSQL, &why);
    DdlReader reader = {.sql = declared, .tokens = tokens};
    g_autofree char *type = tokens ? ddl_type_read(&reader, &why) : NULL;
    if (type && ddl_token(&reader, 0)->type != ENGINE_TOKEN_END) {
        ddl_unexpected(&reader, "nothing more", &why);
        g_clear_pointer(&type, g_free);
    }
    if (!type && why->code == BASE_E_SQL_SYNTAX) { /* the declaration is a value, wherever it came from */
        base_fail(error, BASE_E_VALUE_INVALID, "type `%s` does not read: %s", declared, why->message);
    } else if (!type) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return g_steal_pointer(&type);
}
