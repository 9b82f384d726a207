/* Types: the engine's logical types as EngineLogical trees, and back for feeds. */
#include "engine/duckdb/duckdb_int.h"

static const struct {
    duckdb_type duckdb;
    EngineTypeId id;
    EngineForm form;
    const char *name;
} plain_types[] = {
    {DUCKDB_TYPE_BOOLEAN, ENGINE_BOOLEAN, ENGINE_FORM_BOOL, "BOOLEAN"},
    {DUCKDB_TYPE_TINYINT, ENGINE_INT8, ENGINE_FORM_I8, "TINYINT"},
    {DUCKDB_TYPE_SMALLINT, ENGINE_INT16, ENGINE_FORM_I16, "SMALLINT"},
    {DUCKDB_TYPE_INTEGER, ENGINE_INT32, ENGINE_FORM_I32, "INTEGER"},
    {DUCKDB_TYPE_BIGINT, ENGINE_INT64, ENGINE_FORM_I64, "BIGINT"},
    {DUCKDB_TYPE_HUGEINT, ENGINE_INT128, ENGINE_FORM_I128, "HUGEINT"},
    {DUCKDB_TYPE_UTINYINT, ENGINE_UINT8, ENGINE_FORM_U8, "UTINYINT"},
    {DUCKDB_TYPE_USMALLINT, ENGINE_UINT16, ENGINE_FORM_U16, "USMALLINT"},
    {DUCKDB_TYPE_UINTEGER, ENGINE_UINT32, ENGINE_FORM_U32, "UINTEGER"},
    {DUCKDB_TYPE_UBIGINT, ENGINE_UINT64, ENGINE_FORM_U64, "UBIGINT"},
    {DUCKDB_TYPE_UHUGEINT, ENGINE_UINT128, ENGINE_FORM_U128, "UHUGEINT"},
    {DUCKDB_TYPE_FLOAT, ENGINE_FLOAT, ENGINE_FORM_FLOAT, "FLOAT"},
    {DUCKDB_TYPE_DOUBLE, ENGINE_DOUBLE, ENGINE_FORM_DOUBLE, "DOUBLE"},
    {DUCKDB_TYPE_DECIMAL, ENGINE_DECIMAL, ENGINE_FORM_NONE, "DECIMAL"},
    {DUCKDB_TYPE_VARCHAR, ENGINE_TEXT, ENGINE_FORM_STRING, "VARCHAR"},
    {DUCKDB_TYPE_BLOB, ENGINE_BLOB, ENGINE_FORM_STRING, "BLOB"},
    {DUCKDB_TYPE_DATE, ENGINE_DATE, ENGINE_FORM_I32, "DATE"},
    {DUCKDB_TYPE_TIME, ENGINE_TIME, ENGINE_FORM_I64, "TIME"},
    {DUCKDB_TYPE_TIMESTAMP, ENGINE_TIMESTAMP, ENGINE_FORM_I64, "TIMESTAMP"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, ENGINE_TIMESTAMP_TZ, ENGINE_FORM_I64, "TIMESTAMP WITH TIME ZONE"},
    {DUCKDB_TYPE_TIMESTAMP_S, ENGINE_TIMESTAMP, ENGINE_FORM_TIMESTAMP_S, "TIMESTAMP_S"},
    {DUCKDB_TYPE_TIMESTAMP_MS, ENGINE_TIMESTAMP, ENGINE_FORM_TIMESTAMP_MS, "TIMESTAMP_MS"},
    {DUCKDB_TYPE_TIMESTAMP_NS, ENGINE_OTHER, ENGINE_FORM_TIMESTAMP_NS, "TIMESTAMP_NS"},
    {DUCKDB_TYPE_TIME_NS, ENGINE_OTHER, ENGINE_FORM_TIME_NS, "TIME_NS"},
    {DUCKDB_TYPE_TIME_TZ, ENGINE_OTHER, ENGINE_FORM_TIME_TZ, "TIME WITH TIME ZONE"},
    {DUCKDB_TYPE_BIGNUM, ENGINE_OTHER, ENGINE_FORM_BIGNUM, "BIGNUM"},
    {DUCKDB_TYPE_INTERVAL, ENGINE_INTERVAL, ENGINE_FORM_INTERVAL, "INTERVAL"},
    {DUCKDB_TYPE_UUID, ENGINE_UUID, ENGINE_FORM_I128, "UUID"},
    {DUCKDB_TYPE_BIT, ENGINE_BIT, ENGINE_FORM_STRING, "BIT"},
    {DUCKDB_TYPE_ENUM, ENGINE_ENUM, ENGINE_FORM_NONE, "ENUM"},
    {DUCKDB_TYPE_LIST, ENGINE_LIST, ENGINE_FORM_LIST, "LIST"},
    {DUCKDB_TYPE_STRUCT, ENGINE_STRUCT, ENGINE_FORM_FIELDS, "STRUCT"},
    {DUCKDB_TYPE_MAP, ENGINE_MAP, ENGINE_FORM_LIST, "MAP"},
    {DUCKDB_TYPE_ARRAY, ENGINE_ARRAY, ENGINE_FORM_ARRAY, "ARRAY"},
    {DUCKDB_TYPE_UNION, ENGINE_UNION, ENGINE_FORM_FIELDS, "UNION"},
    {DUCKDB_TYPE_SQLNULL, ENGINE_NULL, ENGINE_FORM_NONE, "NULL"},
    {DUCKDB_TYPE_INVALID, ENGINE_NULL, ENGINE_FORM_NONE, "NULL"}, /* not known before parameters are bound */
    {DUCKDB_TYPE_ANY, ENGINE_NULL, ENGINE_FORM_NONE, "NULL"},
};

const char *engine_type_name(EngineTypeId id)
{
    if (id == ENGINE_JSON) {
        return "JSON";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(plain_types); i++) {
        if (plain_types[i].id == id && id != ENGINE_OTHER) {
            return plain_types[i].name;
        }
    }
    return "OTHER";
}

static EngineForm form_of_storage(duckdb_type storage)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plain_types); i++) {
        if (plain_types[i].duckdb == storage) {
            return plain_types[i].form;
        }
    }
    return ENGINE_FORM_NONE;
}

/* Takes over `type`. */
static EngineLogical *child_of(duckdb_logical_type type)
{
    EngineLogical *child = engine_int_logical(type);
    duckdb_destroy_logical_type(&type);
    return child;
}

static char *take_text(char *text)
{
    char *copy = g_strdup(text);
    duckdb_free(text);
    return copy;
}

static void set_children(EngineLogical *logical, size_t n)
{
    logical->n_children = n;
    logical->children = g_new0(EngineLogical *, n);
    logical->names = g_new0(char *, n);
}

static void append_name(GString *out, const char *name)
{
    g_string_append_c(out, '"');
    for (const char *p = name; *p; p++) {
        g_string_append_c(out, *p);
        if (*p == '"') {
            g_string_append_c(out, '"');
        }
    }
    g_string_append_c(out, '"');
}

static char *fields_text(const EngineLogical *logical, const char *word, size_t first)
{
    GString *out = g_string_new(word);
    for (size_t i = first; i < logical->n_children; i++) {
        g_string_append(out, i == first ? "(" : ", ");
        if (logical->names[i] && logical->names[i][0]) {
            append_name(out, logical->names[i]);
            g_string_append_c(out, ' ');
        }
        g_string_append(out, logical->children[i]->text);
    }
    g_string_append_c(out, ')');
    return g_string_free(out, FALSE);
}

static void fill_struct(EngineLogical *logical, duckdb_logical_type type)
{
    set_children(logical, duckdb_struct_type_child_count(type));
    for (size_t i = 0; i < logical->n_children; i++) {
        logical->names[i] = take_text(duckdb_struct_type_child_name(type, i));
        logical->children[i] = child_of(duckdb_struct_type_child_type(type, i));
    }
    logical->text = fields_text(logical, "STRUCT", 0);
}

/* Lies in memory as a struct whose first field is the tag. */
static void fill_union(EngineLogical *logical, duckdb_logical_type type)
{
    set_children(logical, duckdb_union_type_member_count(type) + 1);
    logical->children[0] = child_of(duckdb_create_logical_type(DUCKDB_TYPE_UTINYINT));
    for (size_t i = 1; i < logical->n_children; i++) {
        logical->names[i] = take_text(duckdb_union_type_member_name(type, i - 1));
        logical->children[i] = child_of(duckdb_union_type_member_type(type, i - 1));
    }
    logical->text = fields_text(logical, "UNION", 1);
}

static void fill_enum(EngineLogical *logical, duckdb_logical_type type)
{
    logical->form = form_of_storage(duckdb_enum_internal_type(type));
    logical->n_words = duckdb_enum_dictionary_size(type);
    logical->words = g_new0(char *, logical->n_words);
    logical->word_lengths = g_new0(size_t, logical->n_words);
    GString *text = g_string_new("ENUM(");
    for (size_t i = 0; i < logical->n_words; i++) {
        logical->words[i] = take_text(duckdb_enum_dictionary_value(type, i));
        logical->word_lengths[i] = strlen(logical->words[i]);
        g_auto(GStrv) parts = g_strsplit(logical->words[i], "'", -1);
        g_autofree char *quoted = g_strjoinv("''", parts);
        g_string_append_printf(text, "%s'%s'", i ? ", " : "", quoted);
    }
    g_string_append_c(text, ')');
    logical->text = g_string_free(text, FALSE);
}

static void fill_nested(EngineLogical *logical, duckdb_logical_type type)
{
    switch (logical->type.id) {
    case ENGINE_LIST:
        set_children(logical, 1);
        logical->children[0] = child_of(duckdb_list_type_child_type(type));
        logical->text = g_strdup_printf("%s[]", logical->children[0]->text);
        break;
    case ENGINE_ARRAY:
        set_children(logical, 1);
        logical->children[0] = child_of(duckdb_array_type_child_type(type));
        logical->array_size = duckdb_array_type_array_size(type);
        logical->text = g_strdup_printf("%s[%" G_GUINT64_FORMAT "]", logical->children[0]->text,
                                        (guint64)logical->array_size);
        break;
    case ENGINE_MAP:
        set_children(logical, 2);
        logical->children[0] = child_of(duckdb_map_type_key_type(type));
        logical->children[1] = child_of(duckdb_map_type_value_type(type));
        logical->text =
            g_strdup_printf("MAP(%s, %s)", logical->children[0]->text, logical->children[1]->text);
        break;
    case ENGINE_STRUCT:
        fill_struct(logical, type);
        break;
    case ENGINE_UNION:
        fill_union(logical, type);
        break;
    case ENGINE_ENUM:
        fill_enum(logical, type);
        break;
    case ENGINE_DECIMAL:
        logical->type.width = duckdb_decimal_width(type);
        logical->type.scale = duckdb_decimal_scale(type);
        logical->form = form_of_storage(duckdb_decimal_internal_type(type));
        logical->text = g_strdup_printf("DECIMAL(%u,%u)", logical->type.width, logical->type.scale);
        break;
    default:
        break;
    }
}

/* A type that has a name of its own: JSON is VARCHAR with an alias. */
static void apply_alias(EngineLogical *logical, duckdb_logical_type type)
{
    char *alias = duckdb_logical_type_get_alias(type);
    if (!alias) {
        return;
    }
    if (alias[0]) {
        g_free(logical->text);
        logical->text = g_strdup(alias);
        if (logical->type.id == ENGINE_TEXT && strcmp(alias, "JSON") == 0) {
            logical->type.id = ENGINE_JSON;
        }
    }
    duckdb_free(alias);
}

EngineLogical *engine_int_logical(duckdb_logical_type type)
{
    EngineLogical *logical = g_new0(EngineLogical, 1);
    duckdb_type id = duckdb_get_type_id(type);
    logical->type.id = ENGINE_OTHER;
    for (size_t i = 0; i < G_N_ELEMENTS(plain_types); i++) {
        if (plain_types[i].duckdb == id) {
            logical->type.id = plain_types[i].id;
            logical->form = plain_types[i].form;
            logical->text = g_strdup(plain_types[i].name);
        }
    }
    g_autofree char *generic = g_steal_pointer(&logical->text);
    fill_nested(logical, type);
    if (!logical->text) {
        logical->text = generic ? g_steal_pointer(&generic) : g_strdup("OTHER");
    }
    apply_alias(logical, type);
    return logical;
}

void engine_int_logical_free(EngineLogical *logical)
{
    if (!logical) {
        return;
    }
    for (size_t i = 0; i < logical->n_children; i++) {
        engine_int_logical_free(logical->children[i]);
        g_free(logical->names[i]);
    }
    for (size_t i = 0; i < logical->n_words; i++) {
        g_free(logical->words[i]);
    }
    g_free(logical->children);
    g_free(logical->names);
    g_free(logical->words);
    g_free(logical->word_lengths);
    g_free(logical->text);
    g_free(logical);
}

duckdb_logical_type engine_int_type_of(EngineType type)
{
    switch (type.id) {
    case ENGINE_DECIMAL:
        return type.width <= 18 ? duckdb_create_decimal_type(type.width, type.scale) : NULL;
    case ENGINE_JSON: {
        duckdb_logical_type json = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
        duckdb_logical_type_set_alias(json, "JSON");
        return json;
    }
    case ENGINE_NULL:
    case ENGINE_INTERVAL:
    case ENGINE_UUID:
    case ENGINE_ENUM:
    case ENGINE_BIT:
    case ENGINE_LIST:
    case ENGINE_STRUCT:
    case ENGINE_MAP:
    case ENGINE_ARRAY:
    case ENGINE_UNION:
    case ENGINE_OTHER:
        return NULL;
    default:
        break;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(plain_types); i++) {
        if (plain_types[i].id == type.id) {
            return duckdb_create_logical_type(plain_types[i].duckdb);
        }
    }
    return NULL;
}
