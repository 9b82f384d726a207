/* Names of types, in YAML and in Feast; the engine's are the catalog's to tell. */
#include "features/types.h"

#include "catalog/catalog.h"

static const struct {
    FeaturesType type;
    const char *name, *value_type, *feast;
} TYPES[] = {
    {FEATURES_BYTES, "bytes", "BYTES", "Bytes"},
    {FEATURES_STRING, "string", "STRING", "String"},
    {FEATURES_INT32, "int32", "INT32", "Int32"},
    {FEATURES_INT64, "int64", "INT64", "Int64"},
    {FEATURES_DOUBLE, "double", "DOUBLE", "Float64"},
    {FEATURES_FLOAT, "float", "FLOAT", "Float32"},
    {FEATURES_BOOL, "bool", "BOOL", "Bool"},
    {FEATURES_TIMESTAMP, "timestamp", "UNIX_TIMESTAMP", "UnixTimestamp"},
    {FEATURES_BYTES_LIST, "array(bytes)", "BYTES_LIST", "Array(Bytes)"},
    {FEATURES_STRING_LIST, "array(string)", "STRING_LIST", "Array(String)"},
    {FEATURES_INT32_LIST, "array(int32)", "INT32_LIST", "Array(Int32)"},
    {FEATURES_INT64_LIST, "array(int64)", "INT64_LIST", "Array(Int64)"},
    {FEATURES_DOUBLE_LIST, "array(double)", "DOUBLE_LIST", "Array(Float64)"},
    {FEATURES_FLOAT_LIST, "array(float)", "FLOAT_LIST", "Array(Float32)"},
    {FEATURES_BOOL_LIST, "array(bool)", "BOOL_LIST", "Array(Bool)"},
    {FEATURES_TIMESTAMP_LIST, "array(timestamp)", "UNIX_TIMESTAMP_LIST", "Array(UnixTimestamp)"},
};

const char *features_type_name(FeaturesType type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++) {
        if (TYPES[i].type == type) {
            return TYPES[i].name;
        }
    }
    return "";
}

const char *features_type_sql(FeaturesType type)
{
    return catalog_feature_type_sql(features_type_name(type));
}

FeaturesType features_type_by_name(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++) {
        if (!g_ascii_strcasecmp(TYPES[i].name, text) || !g_ascii_strcasecmp(TYPES[i].value_type, text) ||
            !g_ascii_strcasecmp(TYPES[i].feast, text)) {
            return TYPES[i].type;
        }
    }
    return FEATURES_INVALID;
}

/* ---- types of the engine ----------------------------------------------------------------------------- */

/* What a column of the engine's type is kept as when nothing is declared, and what else it fits into. */
static const struct {
    const char *sql;
    FeaturesType type, also[4];
} SQL_TYPES[] = {
    {"BOOLEAN", FEATURES_BOOL, {0}},
    {"TINYINT", FEATURES_INT32, {FEATURES_INT64, FEATURES_FLOAT, FEATURES_DOUBLE}},
    {"SMALLINT", FEATURES_INT32, {FEATURES_INT64, FEATURES_FLOAT, FEATURES_DOUBLE}},
    {"UTINYINT", FEATURES_INT32, {FEATURES_INT64, FEATURES_FLOAT, FEATURES_DOUBLE}},
    {"USMALLINT", FEATURES_INT32, {FEATURES_INT64, FEATURES_FLOAT, FEATURES_DOUBLE}},
    {"INTEGER", FEATURES_INT32, {FEATURES_INT64, FEATURES_DOUBLE}},
    {"UINTEGER", FEATURES_INT64, {FEATURES_DOUBLE}},
    {"BIGINT", FEATURES_INT64, {0}},
    {"UBIGINT", FEATURES_INT64, {0}},
    {"HUGEINT", FEATURES_INT64, {0}},
    {"UHUGEINT", FEATURES_INT64, {0}},
    {"FLOAT", FEATURES_FLOAT, {FEATURES_DOUBLE}},
    {"DOUBLE", FEATURES_DOUBLE, {0}},
    {"DECIMAL", FEATURES_DOUBLE, {0}},
    {"VARCHAR", FEATURES_STRING, {0}},
    {"JSON", FEATURES_STRING, {0}},
    {"UUID", FEATURES_STRING, {0}},
    {"ENUM", FEATURES_STRING, {0}},
    {"BLOB", FEATURES_BYTES, {0}},
    {"DATE", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMP", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMP_S", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMP_MS", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMP_NS", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMP WITH TIME ZONE", FEATURES_TIMESTAMP, {0}},
    {"TIMESTAMPTZ", FEATURES_TIMESTAMP, {0}},
};

/* Row of the item's type in SQL_TYPES, or -1; a list's brackets and what stands in round ones do not count.
 */
static int sql_row(const char *sql_type, bool *ret_list)
{
    size_t len = strlen(sql_type), word = strcspn(sql_type, "([");
    *ret_list = len > 0 && sql_type[len - 1] == ']';
    const char *bracket = *ret_list ? strrchr(sql_type, '[') : NULL;
    if (bracket > sql_type && bracket[-1] == ']') {
        return -1; /* a list of lists */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(SQL_TYPES); i++) {
        if (strlen(SQL_TYPES[i].sql) == word && !g_ascii_strncasecmp(SQL_TYPES[i].sql, sql_type, word)) {
            return (int)i;
        }
    }
    return -1;
}

FeaturesType features_type_of_sql(const char *sql_type)
{
    bool list;
    int row = sql_row(sql_type, &list);
    if (row < 0) {
        return FEATURES_INVALID;
    }
    return list ? (FeaturesType)(SQL_TYPES[row].type + 10) : SQL_TYPES[row].type;
}

bool features_type_takes(FeaturesType type, const char *sql_type)
{
    bool list;
    int row = sql_row(sql_type, &list);
    FeaturesType item = features_type_item(type);
    if (row < 0 || list != features_type_is_list(type)) {
        return false;
    }
    bool takes = SQL_TYPES[row].type == item;
    for (size_t i = 0; i < G_N_ELEMENTS(SQL_TYPES[row].also); i++) {
        takes = takes || (item != FEATURES_INVALID && SQL_TYPES[row].also[i] == item);
    }
    return takes;
}
