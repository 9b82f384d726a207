/* Types in MySQL's spelling. See mysql_types.h. */
#include "server/mysql_types.h"

#include "base/text.h"

#define TEXT_CHARACTERS 65533 /* Doris's longest VARCHAR */

static const struct {
    const char *engine, *data_type, *column_type;
    gint64 precision, scale, fraction;
} TYPES[] = {
    {"BOOLEAN", "tinyint", "tinyint(1)", 3, 0, -1},
    {"TINYINT", "tinyint", "tinyint", 3, 0, -1},
    {"SMALLINT", "smallint", "smallint", 5, 0, -1},
    {"INTEGER", "int", "int", 10, 0, -1},
    {"BIGINT", "bigint", "bigint", 19, 0, -1},
    {"HUGEINT", "decimal", "decimal(39,0)", 39, 0, -1},
    {"UTINYINT", "tinyint", "tinyint unsigned", 3, 0, -1},
    {"USMALLINT", "smallint", "smallint unsigned", 5, 0, -1},
    {"UINTEGER", "int", "int unsigned", 10, 0, -1},
    {"UBIGINT", "bigint", "bigint unsigned", 20, 0, -1},
    {"UHUGEINT", "decimal", "decimal(39,0)", 39, 0, -1},
    {"FLOAT", "float", "float", 12, -1, -1},
    {"DOUBLE", "double", "double", 22, -1, -1},
    {"DATE", "date", "date", -1, -1, -1},
    {"TIME", "time", "time(6)", -1, -1, 6},
    {"TIMESTAMP", "datetime", "datetime(6)", -1, -1, 6},
    {"TIMESTAMP WITH TIME ZONE", "timestamp", "timestamp(6)", -1, -1, 6},
    {"TIMESTAMP_S", "datetime", "datetime", -1, -1, 0},
    {"TIMESTAMP_MS", "datetime", "datetime(3)", -1, -1, 3},
    {"TIMESTAMP_NS", "datetime", "datetime(6)", -1, -1, 6},
    {"BLOB", "longblob", "longblob", -1, -1, -1},
    {"JSON", "json", "json", -1, -1, -1},
};

/* The number in brackets of "varchar(20)"; `fallback` when there is none. */
static gint64 length_of(const char *declared, gint64 fallback)
{
    const char *open = declared ? strchr(declared, '(') : NULL;
    const char *close = open ? strchr(open, ')') : NULL;
    gint64 length = fallback;
    if (close) {
        g_autofree char *number = g_strndup(open + 1, (size_t)(close - open - 1));
        if (!base_text_to_int(number, 1, G_MAXINT32, &length)) {
            return fallback;
        }
    }
    return length;
}

static MysqlTypeText decimal_text(const char *type)
{
    MysqlTypeText text = {.characters = -1, .precision = 18, .scale = 3, .fraction = -1};
    g_auto(GStrv) parts = g_strsplit_set(type, "(,)", -1);
    if (g_strv_length(parts) >= 3) {
        (void)!base_text_to_int(g_strstrip(parts[1]), 1, 76, &text.precision);
        (void)!base_text_to_int(g_strstrip(parts[2]), 0, 76, &text.scale);
    }
    text.data_type = g_strdup("decimal");
    text.column_type = g_strdup_printf("decimal(%d,%d)", (int)text.precision, (int)text.scale);
    return text;
}

/* datetime, datetime(n): as declared. */
static void set_fraction(MysqlTypeText *text, const char *declared)
{
    if (declared && g_ascii_strncasecmp(declared, "datetime", 8) == 0) {
        const char *open = strchr(declared, '(');
        gint64 digits = open && g_ascii_isdigit(open[1]) ? MIN(open[1] - '0', 6) : 0;
        text->fraction = digits;
        g_free(text->column_type);
        text->column_type = digits > 0 ? g_strdup_printf("datetime(%d)", (int)digits) : g_strdup("datetime");
    }
}

MysqlTypeText mysql_type_text(const char *type, const char *declared)
{
    MysqlTypeText text = {.characters = -1, .precision = -1, .scale = -1, .fraction = -1};
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++) {
        if (g_str_equal(TYPES[i].engine, type)) {
            text.data_type = g_strdup(TYPES[i].data_type);
            text.column_type = g_strdup(TYPES[i].column_type);
            text.precision = TYPES[i].precision;
            text.scale = TYPES[i].scale;
            text.fraction = TYPES[i].fraction;
            if (g_str_equal(type, "TIMESTAMP")) {
                set_fraction(&text, declared);
            }
            return text;
        }
    }
    if (g_str_has_prefix(type, "DECIMAL")) {
        return decimal_text(type);
    }
    /* lists, structs and maps are shown as JSON text */
    if (g_str_has_suffix(type, "]") || g_str_has_prefix(type, "STRUCT") || g_str_has_prefix(type, "MAP")) {
        text.data_type = g_strdup("json");
        text.column_type = g_strdup("json");
        return text;
    }
    bool is_char = declared && g_ascii_strncasecmp(declared, "char", 4) == 0;
    text.characters = length_of(g_str_has_prefix(type, "VARCHAR") ? declared : NULL, TEXT_CHARACTERS);
    text.data_type = g_strdup(is_char ? "char" : "varchar");
    text.column_type = g_strdup_printf("%s(%d)", text.data_type, (int)text.characters);
    return text;
}

void mysql_type_clear(MysqlTypeText *text)
{
    g_free(text->data_type);
    g_free(text->column_type);
}
