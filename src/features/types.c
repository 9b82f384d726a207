/* Names of types, in YAML, in Feast and in the engine. */
#include "features/types.h"

static const struct {
    FeaturesType type;
    const char *name, *value_type, *feast, *sql;
} TYPES[] = {
    {FEATURES_BYTES, "bytes", "BYTES", "Bytes", "BLOB"},
    {FEATURES_STRING, "string", "STRING", "String", "VARCHAR"},
    {FEATURES_INT32, "int32", "INT32", "Int32", "INTEGER"},
    {FEATURES_INT64, "int64", "INT64", "Int64", "BIGINT"},
    {FEATURES_DOUBLE, "double", "DOUBLE", "Float64", "DOUBLE"},
    {FEATURES_FLOAT, "float", "FLOAT", "Float32", "FLOAT"},
    {FEATURES_BOOL, "bool", "BOOL", "Bool", "BOOLEAN"},
    {FEATURES_TIMESTAMP, "timestamp", "UNIX_TIMESTAMP", "UnixTimestamp", "TIMESTAMP WITH TIME ZONE"},
    {FEATURES_BYTES_LIST, "array(bytes)", "BYTES_LIST", "Array(Bytes)", "BLOB[]"},
    {FEATURES_STRING_LIST, "array(string)", "STRING_LIST", "Array(String)", "VARCHAR[]"},
    {FEATURES_INT32_LIST, "array(int32)", "INT32_LIST", "Array(Int32)", "INTEGER[]"},
    {FEATURES_INT64_LIST, "array(int64)", "INT64_LIST", "Array(Int64)", "BIGINT[]"},
    {FEATURES_DOUBLE_LIST, "array(double)", "DOUBLE_LIST", "Array(Float64)", "DOUBLE[]"},
    {FEATURES_FLOAT_LIST, "array(float)", "FLOAT_LIST", "Array(Float32)", "FLOAT[]"},
    {FEATURES_BOOL_LIST, "array(bool)", "BOOL_LIST", "Array(Bool)", "BOOLEAN[]"},
    {FEATURES_TIMESTAMP_LIST, "array(timestamp)", "UNIX_TIMESTAMP_LIST", "Array(UnixTimestamp)",
     "TIMESTAMP WITH TIME ZONE[]"},
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
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++) {
        if (TYPES[i].type == type) {
            return TYPES[i].sql;
        }
    }
    return "";
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
