/* The table that a source's entry loads into when none is declared: the engine sniffs a sample of the first
 * file (names, types), whole rows of at most SAMPLE_BYTES, decompressed into the spool. */
#include "base/text.h"
#include "engine/sql.h"
#include "intake/source_int.h"

#define SAMPLE_BYTES (8 * 1024 * 1024)

/* The first rows of a body as a spool of plain bytes. */
static IntakeSpool *sample(Intake *intake, IntakeSpool *body, const IntakeOptions *options, GError **error)
{
    g_autoptr(IntakeReader) reader = intake_reader_new(intake, body, options, error);
    if (!reader) {
        return NULL;
    }
    g_autoptr(IntakeSpool) out = intake_spool_new(intake);
    IntakeBlock block = {0};
    g_autoptr(GPtrArray) unused = NULL;
    const char *const no_names[] = {NULL};
    /* For CSV the header line stays in the sample; for JSON this finds out its shape. */
    bool ok = options->format == INTAKE_CSV || intake_reader_header(reader, no_names, &unused, error);
    while (ok && intake_spool_bytes(out) < SAMPLE_BYTES) {
        ok = intake_reader_next(reader, &block, error) &&
             (block.len == 0 || intake_spool_append(out, block.data, block.len, error));
        if (block.len == 0) {
            break;
        }
    }
    intake_block_clear(&block);
    return ok ? g_steal_pointer(&out) : NULL;
}

static void append_byte_option(GString *sql, const char *name, gint64 byte)
{
    if (byte >= 0) {
        const char text[2] = {(char)byte, '\0'};
        g_string_append_printf(sql, ", %s = ", name);
        engine_sql_append_text(sql, text);
    }
}

static char *sniff_sql(const IntakeOptions *options, const char *path)
{
    GString *sql = g_string_new("SELECT * FROM ");
    g_string_append(sql, options->format == INTAKE_PARQUET ? "read_parquet("
                         : options->format == INTAKE_JSON  ? "read_json_auto("
                                                           : "read_csv(");
    engine_sql_append_text(sql, path);
    if (options->format == INTAKE_CSV) {
        g_string_append(sql, ", sample_size = -1, delim = ");
        engine_sql_append_text(sql, options->separator->str);
        append_byte_option(sql, "quote", options->enclose);
        append_byte_option(sql, "escape", options->escape);
        if (options->header_lines > 0) {
            g_string_append(sql, ", header = true");
        }
    } else if (options->format == INTAKE_JSON) {
        g_string_append(sql, ", sample_size = -1");
    }
    g_string_append(sql, ") LIMIT 0");
    return g_string_free(sql, FALSE);
}

/* Types that a table keeps; what is nested is kept as JSON. */
static const char *kept_type(EngineTypeId id)
{
    switch (id) {
    case ENGINE_BOOLEAN:
        return "BOOLEAN";
    case ENGINE_INT8:
    case ENGINE_INT16:
    case ENGINE_INT32:
    case ENGINE_INT64:
    case ENGINE_UINT8:
    case ENGINE_UINT16:
    case ENGINE_UINT32:
        return "BIGINT";
    case ENGINE_UINT64:
    case ENGINE_INT128:
    case ENGINE_UINT128:
        return "HUGEINT";
    case ENGINE_FLOAT:
    case ENGINE_DOUBLE:
        return "DOUBLE";
    case ENGINE_DATE:
        return "DATE";
    case ENGINE_TIME:
        return "TIME";
    case ENGINE_TIMESTAMP:
    case ENGINE_TIMESTAMP_TZ:
        return "TIMESTAMP";
    case ENGINE_BLOB:
        return "BLOB";
    case ENGINE_UUID:
        return "UUID";
    case ENGINE_JSON:
    case ENGINE_LIST:
    case ENGINE_STRUCT:
    case ENGINE_MAP:
    case ENGINE_ARRAY:
    case ENGINE_UNION:
        return "JSON";
    default:
        return "VARCHAR";
    }
}

static bool is_key(const json_t *keys, const char *name)
{
    for (size_t i = 0; i < base_json_n_entries(keys); i++) {
        const json_t *item = base_json_entry(keys, i);
        if (json_is_string(item) && g_ascii_strcasecmp(json_string_value(item), name) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *column_json(const char *name, const char *type, bool key)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", name, "type", type, "type_declared", type, "key",
                     key, "not_null", key);
}

/* As catalog_table_from_json reads it: keys first. */
static CatalogTable *table_of(const EngineStmt *statement, const char *schema, const char *name,
                              const json_t *keys, GError **error)
{
    json_t *columns = json_array();
    size_t n_keys = 0;
    for (size_t i = 0; i < engine_stmt_n_columns(statement); i++) {
        g_autofree char *column = g_utf8_strdown(engine_stmt_column_name(statement, i), -1);
        if (!base_text_is_name(column)) {
            json_decref(columns);
            base_fail(error, BASE_E_NAME_INVALID,
                      "the file's column `%s` cannot be a column of an inferred table", column);
            base_error_hint(error,
                            "declare the table under `tables:` and name the file's fields in `columns`");
            return NULL;
        }
        EngineType type = engine_stmt_column_type(statement, i);
        g_autofree char *decimal =
            type.id == ENGINE_DECIMAL ? g_strdup_printf("DECIMAL(%u,%u)", type.width, type.scale) : NULL;
        bool key = is_key(keys, column);
        json_t *made = column_json(column, decimal ? decimal : kept_type(type.id), key);
        if (key) {
            json_array_insert_new(columns, n_keys++, made);
        } else {
            json_array_append_new(columns, made);
        }
    }
    g_autoptr(json_t) root = json_pack("{s:s, s:s, s:s, s:o}", "schema", schema, "name", name, "model",
                                       n_keys ? "unique" : "duplicate", "columns", columns);
    return catalog_table_from_json(root, error);
}

static CatalogTable *infer_from(Intake *intake, const CatalogObject *source, json_t *entry, IntakeSpool *body,
                                const char *path, GError **error)
{
    g_autoptr(IntakeOptions) options = intake_source_options(entry, path, error);
    if (!options) {
        return NULL;
    }
    g_autoptr(IntakeSpool) taken = NULL;
    if (options->format != INTAKE_PARQUET && !(taken = sample(intake, body, options, error))) {
        return NULL;
    }
    const char *file = intake_spool_path(taken ? taken : body, error);
    EngineConn *conn = file ? intake_conn_take(intake, error) : NULL;
    if (!conn) {
        return NULL;
    }
    g_autofree char *sql = sniff_sql(options, file);
    EngineStmt *statement = engine_prepare(conn, sql, error);
    CatalogTable *table = NULL;
    if (statement) {
        const char *to = base_json_string(entry, "to", base_json_string(entry, "name", source->name));
        g_auto(GStrv) parts = g_strsplit(to, ".", 2);
        const char *schema = parts[1] ? parts[0] : *source->domain ? source->domain : "main";
        table =
            table_of(statement, schema, parts[1] ? parts[1] : parts[0], json_object_get(entry, "key"), error);
    }
    engine_stmt_free(statement);
    intake_conn_give(intake, conn);
    return table;
}

CatalogTable *intake_source_infer(Intake *intake, const char *root, const CatalogObject *source, size_t entry,
                                  GError **error)
{
    json_t *definition = json_array_get(json_object_get(source->definition, "tables"), entry);
    if (strcmp(base_json_string(source->definition, "connector", "file"), "http") == 0) {
        g_autofree char *url = NULL, *version = NULL;
        g_autoptr(IntakeSpool) body =
            intake_source_fetch(intake, source, definition, NULL, &url, &version, error);
        return body ? infer_from(intake, source, definition, body, url, error) : NULL;
    }
    g_autoptr(GPtrArray) files = intake_source_files(root, source, definition, error);
    g_autoptr(IntakeSpool) body = files ? intake_spool_open(intake, files->pdata[0], error) : NULL;
    return body ? infer_from(intake, source, definition, body, files->pdata[0], error) : NULL;
}
