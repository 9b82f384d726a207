/* A load's plan: from table and options to the feed's fields and the SELECT over them.
 *
 * What is direct (a field whose name is a column's, of a simple type) is converted by convert.c and merely
 * named in the SELECT. Everything else is SQL over text fields: expressions of `columns`, types that the feed
 * cannot give. Each such column is cast with TRY_CAST; the outer SELECT's one WHERE refuses rows whose cast
 * failed (strict_mode) or that are NULL where they must not be, by calling weir_reject, and only then applies
 * the `where` header. An expression that has no value for some row (an overflow) stands in TRY({'v': ..}),
 * which is NULL just then, and that refuses the row too:
 *
 *   SELECT "a", "c", _weir_load_id, ... FROM (SELECT "a", TRY_CAST(x AS T) AS "c", x AS "_src c", ... FROM
 * weir_feed(ID)) WHERE CASE WHEN <c was refused> THEN weir_reject(...) ELSE coalesce(<where>, false) END */
#include "base/text.h"
#include "base/time.h"
#include "engine/sql.h"
#include "intake/intake_int.h"

#define DELETE_SIGN  "__DORIS_DELETE_SIGN__"
#define SEQUENCE_COL "__DORIS_SEQUENCE_COL__"

static void field_free(gpointer data)
{
    IntakeField *field = data;
    g_free(field->name);
    g_free(field->type_text);
    g_free(field);
}

static void mapping_free(gpointer data)
{
    IntakeMapping *mapping = data;
    g_free(mapping->name);
    g_free(mapping->sql);
    g_free(mapping);
}

IntakePlan *intake_plan_ref(IntakePlan *plan)
{
    g_atomic_int_inc(&plan->refs);
    return plan;
}

void intake_plan_unref(IntakePlan *plan)
{
    if (!plan || !g_atomic_int_dec_and_test(&plan->refs)) {
        return;
    }
    g_clear_pointer(&plan->fields, g_ptr_array_unref);
    g_clear_pointer(&plan->mappings, g_ptr_array_unref);
    g_clear_pointer(&plan->json.names, g_ptr_array_unref);
    g_clear_pointer(&plan->json.paths, g_ptr_array_unref);
    intake_json_path_free(plan->json.root);
    g_free(plan->select_head);
    g_free(plan->select_tail);
    g_free(plan->target_columns);
    g_free(plan->signature);
    g_free(plan->zone_name);
    g_clear_pointer(&plan->zone, g_time_zone_unref);
    g_free(plan);
}

/* While it is made. */
typedef struct {
    IntakePlan *plan;
    const CatalogTable *table;
    const IntakeOptions *options;
    Intake *intake;
    EngineConn *conn;          /* taken for the first expression: most loads have none */
    bool typed;                /* Parquet: fields have the file's types, every column is cast in SQL */
    GHashTable *field_index;   /* folded name -> IntakeField* */
    GHashTable *expressions;   /* folded column name -> header's text */
    GPtrArray *inner, *checks; /* char* */
    GString *outer;
    bool has_order;
} Build;

static char *fold(const char *name)
{
    return g_utf8_strdown(name, -1);
}

static bool refuse(GError **error, const char *format, const char *a, const char *b)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_autofree char *message = g_strdup_printf(format, a, b);
#pragma GCC diagnostic pop
    base_fail(error, BASE_E_LOAD_HEADER, "%s", message);
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

/* ---- fields
 * -------------------------------------------------------------------------------------------------------- */

static bool add_field(Build *b, const char *name, GError **error)
{
    if (b->plan->fields->len >= INTAKE_MAX_FIELDS) {
        return base_fail(error, BASE_E_LOAD_HEADER, "more than %d fields", INTAKE_MAX_FIELDS);
    }
    char *folded = fold(name);
    if (g_hash_table_contains(b->field_index, folded)) {
        g_free(folded);
        return refuse(error, "field `%s` is named twice%.0s", name, "");
    }
    IntakeField *field = g_new0(IntakeField, 1);
    field->name = g_strdup(name);
    field->type.id = ENGINE_TEXT;
    field->type_text = g_strdup("VARCHAR");
    g_ptr_array_add(b->plan->fields, field);
    g_hash_table_insert(b->field_index, folded, field);
    return true;
}

/* Fields and expressions of the `columns` header. */
static bool fields_from_header(Build *b, GError **error)
{
    g_autoptr(GPtrArray) items = intake_columns_parse(b->options->columns, error);
    if (!items) {
        return false;
    }
    for (guint i = 0; i < items->len; i++) {
        const IntakeColumnItem *item = items->pdata[i];
        if (!item->sql) {
            if (!add_field(b, item->name, error)) {
                return false;
            }
        } else if (!g_hash_table_insert(b->expressions, fold(item->name), g_strdup(item->sql))) {
            return refuse(error, "column `%s` is computed twice in `columns`%.0s", item->name, "");
        }
    }
    return true;
}

static bool all_are_columns(const CatalogTable *table, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        if (!catalog_table_column(table, names->pdata[i])) {
            return false;
        }
    }
    return names->len > 0;
}

static bool is_hidden_sequence(const CatalogTable *table, const CatalogColumn *column)
{
    return table->sequence && g_ascii_strcasecmp(table->sequence, column->name) == 0 &&
           g_ascii_strcasecmp(column->name, SEQUENCE_COL) == 0;
}

static bool fields_from_table(Build *b, GError **error)
{
    for (guint i = 0; i < b->table->columns->len; i++) {
        const CatalogColumn *column = b->table->columns->pdata[i];
        if (!is_hidden_sequence(b->table, column) && !add_field(b, column->name, error)) {
            return false;
        }
    }
    return true;
}

static bool fields_from_names(Build *b, const GPtrArray *names, bool only_known, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        if (only_known && !catalog_table_column(b->table, names->pdata[i])) {
            continue;
        }
        if (!add_field(b, names->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* The names in the header line of a CSV file map columns when every one is a column; else, as in Doris,
 * position counts. */
static bool make_fields(Build *b, const GPtrArray *header, GError **error)
{
    bool ok;
    if (b->options->columns) {
        ok = fields_from_header(b, error);
    } else if (header && (b->typed || all_are_columns(b->table, header))) {
        ok = fields_from_names(b, header, b->typed, error);
    } else {
        ok = fields_from_table(b, error);
    }
    if (!ok || !b->options->hidden_columns) {
        return ok;
    }
    g_auto(GStrv) hidden = g_strsplit(b->options->hidden_columns, ",", INTAKE_MAX_FIELDS);
    for (size_t i = 0; hidden[i]; i++) {
        g_strstrip(hidden[i]);
        g_autofree char *folded = fold(hidden[i]);
        if (*hidden[i] && !g_hash_table_contains(b->field_index, folded) && !add_field(b, hidden[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- names for expressions
 * ---------------------------------------------------------------------------------------------- */

/* The type that a field has in expressions: its column's when it is loaded as such. */
static void type_field(Build *b, IntakeField *field)
{
    g_autofree char *folded = fold(field->name);
    const CatalogColumn *column = catalog_table_column(b->table, field->name);
    if (strcmp(folded, "__doris_delete_sign__") == 0) {
        field->type = (EngineType){ENGINE_INT32, 0, 0};
        return;
    }
    if (strcmp(folded, "__doris_sequence_col__") == 0 && b->table->sequence) {
        column = catalog_table_column(b->table, b->table->sequence);
    }
    EngineType type;
    if (!column || g_hash_table_contains(b->expressions, folded) ||
        !intake_type_simple(column->type, &type)) {
        return;
    }
    field->is_json = type.id == ENGINE_JSON;
    field->type = field->is_json ? (EngineType){ENGINE_TEXT, 0, 0} : type;
    g_free(field->type_text);
    field->type_text = g_strdup(column->type);
}

/* Decimals that a datetime keeps: Doris's DATETIME is DATETIME(0); the engine's TIMESTAMP keeps six. */
int intake_time_digits(const CatalogColumn *column)
{
    const char *declared = column->type_declared ? column->type_declared : "";
    if (g_ascii_strncasecmp(declared, "datetime", 8) != 0) {
        return 6;
    }
    const char *open = strchr(declared, '(');
    return open && g_ascii_isdigit(open[1]) ? MIN(open[1] - '0', 6) : 0;
}

guint32 intake_text_limit(const CatalogColumn *column)
{
    const char *declared = column->type_declared ? column->type_declared : "";
    if (g_ascii_strncasecmp(declared, "varchar", 7) != 0 && g_ascii_strncasecmp(declared, "char", 4) != 0) {
        return 0;
    }
    const char *open = strchr(declared, '(');
    g_autofree char *digits = open ? g_strndup(open + 1, strcspn(open + 1, ") ")) : NULL;
    gint64 n;
    return digits && base_text_to_int(digits, 1, G_MAXINT32, &n) ? (guint32)n : 0;
}

static void names_clear(IntakeNames *names)
{
    GHashTable **const SETS[] = {&names->names,   &names->texts,    &names->strings,
                                 &names->numbers, &names->integers, &names->times};
    for (size_t i = 0; i < G_N_ELEMENTS(SETS); i++) {
        g_clear_pointer(SETS[i], g_hash_table_unref);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IntakeNames, names_clear)

/* `name` is of type `id`, whatever it was before. */
static void name_type(IntakeNames *names, const char *name, EngineTypeId id)
{
    bool integer = id >= ENGINE_INT8 && id <= ENGINE_UINT128;
    bool number = integer || id == ENGINE_FLOAT || id == ENGINE_DOUBLE || id == ENGINE_DECIMAL;
    const struct {
        GHashTable *set;
        bool in;
    } SETS[] = {{names->strings, id == ENGINE_TEXT},
                {names->numbers, number},
                {names->integers, integer},
                {names->times, id == ENGINE_DATE || id == ENGINE_TIMESTAMP}};
    g_autofree char *folded = fold(name);
    for (size_t i = 0; i < G_N_ELEMENTS(SETS); i++) {
        if (SETS[i].in) {
            g_hash_table_add(SETS[i].set, g_strdup(folded));
        } else {
            g_hash_table_remove(SETS[i].set, folded);
        }
    }
}

/* Of a column; JSON and what is not simple have no kind here. */
static EngineTypeId column_kind(const CatalogColumn *column)
{
    EngineType type;
    if (intake_type_simple(column->type, &type)) {
        return type.id;
    }
    return g_str_has_prefix(column->type, "DECIMAL") ? ENGINE_DECIMAL
           : strcmp(column->type, "HUGEINT") == 0    ? ENGINE_INT128
                                                     : ENGINE_OTHER;
}

/* Fields by name, and what they are; nothing is known of Parquet's. */
static void name_tables(Build *b, IntakeNames *names)
{
    names->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTable **const SETS[] = {&names->texts, &names->strings, &names->numbers, &names->integers,
                                 &names->times};
    for (size_t i = 0; i < G_N_ELEMENTS(SETS); i++) {
        *SETS[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    for (guint i = 0; i < b->plan->fields->len; i++) {
        const IntakeField *field = b->plan->fields->pdata[i];
        g_hash_table_insert(names->names, fold(field->name), g_strdup(field->name));
        if (!b->typed) {
            name_type(names, field->name, field->is_json ? ENGINE_JSON : field->type.id);
        }
        const CatalogColumn *column = catalog_table_column(b->table, field->name);
        bool real_text = column && g_ascii_strncasecmp(column->type, "VARCHAR", 7) == 0;
        if (field->type.id == ENGINE_TEXT && !real_text && !b->typed) {
            g_hash_table_add(names->texts, fold(field->name));
        }
    }
}

static void append_type(GString *sql, EngineType type)
{
    g_string_append(sql, type.id == ENGINE_TEXT ? "VARCHAR" : engine_type_name(type.id));
    if (type.id == ENGINE_DECIMAL) {
        g_string_append_printf(sql, "(%u,%u)", type.width, type.scale);
    }
}

/* (SELECT NULL::T AS "field", ...): what expressions are bound against. With `columns`, the table's columns
 * too. */
static char *dummy_source(Build *b, bool columns)
{
    GString *sql = g_string_new("(SELECT 0");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; columns && i < b->table->columns->len; i++) {
        const CatalogColumn *column = b->table->columns->pdata[i];
        g_string_append_printf(sql, ", NULL::%s AS ", column->type);
        engine_sql_append_name(sql, column->name);
        g_hash_table_add(seen, fold(column->name));
    }
    for (guint i = 0; i < b->plan->fields->len; i++) {
        const IntakeField *field = b->plan->fields->pdata[i];
        if (!g_hash_table_add(seen, fold(field->name))) {
            continue;
        }
        g_string_append(sql, ", NULL::");
        append_type(sql, field->type);
        g_string_append(sql, " AS ");
        engine_sql_append_name(sql, field->name);
    }
    g_string_append(sql, ")");
    return g_string_free(sql, FALSE);
}

static bool binds(Build *b, const char *expression, const char *source, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT 1 FROM %s WHERE (%s) IS NULL", source, expression);
    g_autoptr(EngineStmt) statement = engine_prepare(b->conn, sql, error);
    return statement != NULL;
}

static void mark_used(Build *b, GHashTable *used)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, used);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        IntakeField *field = g_hash_table_lookup(b->field_index, key);
        if (field) {
            field->used = true;
        }
    }
}

/* What TRY({'v': ..}) holds. */
static char *value_of(const char *tried)
{
    return g_strdup_printf("struct_extract(%s, 'v')", tried);
}

/* As `bare`; in TRY when it may fail and holds no volatile function, which cannot stand there. */
static char *bind_one(Build *b, const char *bare, const char *source, bool may_fail, bool *ret_tried,
                      GError **error)
{
    g_autofree char *tried = g_strdup_printf("TRY({'v': %s})", bare);
    *ret_tried = may_fail && (b->typed || binds(b, tried, source, NULL));
    if (*ret_tried) {
        return g_steal_pointer(&tried);
    }
    return b->typed || binds(b, bare, source, error) ? g_strdup(bare) : NULL;
}

/* The header's expression as the engine's, checked. Integers are widened as far as its functions take it;
 * then every text field is tried as a number. Parquet's fields have types that are not known here: bound
 * later. *ret_tried: it is TRY({'v': expression}), NULL for a row that it cannot be computed for. */
static char *expression(Build *b, const char *sql, const char *what, bool condition, const IntakeNames *names,
                        bool *ret_tried, GError **error)
{
    static const IntakeReading READINGS[] = {
        {.wide = "HUGEINT"}, {.wide = "BIGINT"}, {.wide = NULL}, {.numeric = true}};
    g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *source = dummy_source(b, condition);
    g_autoptr(GError) why = NULL;
    if (!b->conn && !(b->conn = intake_conn_take_in(b->intake, b->options->timezone, error))) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(READINGS); i++) {
        IntakeReading reading = READINGS[i];
        bool may_fail;
        reading.condition = condition;
        g_autofree char *bare =
            intake_expression(b->conn, sql, what, names, &reading, used, &may_fail, error);
        if (!bare) {
            return NULL;
        }
        mark_used(b, used);
        g_autofree char *whole = condition ? g_strdup_printf("CAST((%s) AS BOOLEAN)", bare) : g_strdup(bare);
        char *bound = bind_one(b, whole, source, may_fail, ret_tried, why ? NULL : &why);
        if (bound) {
            return bound;
        }
    }
    base_fail(error, BASE_E_LOAD_HEADER, "`%s`: %s", what,
              why ? why->message : "the expression cannot be bound");
    base_error_not_done(error, "Nothing was loaded.");
    return NULL;
}

/* ---- columns
 * ---------------------------------------------------------------------------------------------------------------
 */

static IntakeMapping *add_mapping(Build *b, const CatalogColumn *column)
{
    IntakeMapping *mapping = g_new0(IntakeMapping, 1);
    mapping->name = g_strdup(column->name);
    g_ptr_array_add(b->plan->mappings, mapping);
    return mapping;
}

static void add_reject(Build *b, const char *condition, const char *reason, const char *source)
{
    GString *sql = g_string_new(NULL);
    g_string_append_printf(sql, "WHEN %s THEN weir_reject(" INTAKE_LOAD_ID ", " INTAKE_ORDER ", ", condition);
    engine_sql_append_text(sql, reason);
    if (source) {
        g_string_append_printf(sql, " || ' [' || left(%s::VARCHAR, 200) || ']'", source);
    }
    g_string_append(sql, " || chr(31) || coalesce(" INTAKE_LINE ", ''))");
    g_ptr_array_add(b->checks, g_string_free(sql, FALSE));
    b->plan->in_sql = b->plan->wants_line = true;
}

char *intake_cast_text(const char *sql, const char *type, bool try)
{
    const char *cast = try ? "TRY_CAST" : "CAST";
    if (!strstr(type, "MAP(")) {
        return g_strdup_printf("%s(%s AS %s)", cast, sql, type);
    }
    /* The engine reads maps of its own spelling ({a=1}) only; inside of JSON it reads all. A map is told from
     * its text by its JSON, which no map of the engine's is. */
    return g_strdup_printf("CASE WHEN json_valid(CAST(%s AS VARCHAR)) THEN %s(CAST(%s AS JSON) AS %s) ELSE "
                           "%s(%s AS %s) END",
                           sql, cast, sql, type, cast, sql, type);
}

/* A column computed in SQL: cast, and checked row by row. */
static void map_in_sql(Build *b, const CatalogColumn *column, const char *source_sql, bool derived)
{
    GString *name = g_string_new(NULL), *source = g_string_new(NULL);
    engine_sql_append_name(name, column->name);
    g_autofree char *source_name = g_strconcat("_src ", column->name, NULL);
    engine_sql_append_name(source, source_name);
    g_autofree char *cast = intake_cast_text(source_sql, column->type, true);
    g_ptr_array_add(b->inner, g_strdup_printf("%s AS %s", cast, name->str));
    g_ptr_array_add(b->inner, g_strdup_printf("%s AS %s", source_sql, source->str));
    bool strict = b->plan->strict && !derived;
    if (strict || column->not_null) {
        g_autofree char *condition = g_strdup_printf("%s IS NULL AND %s IS NOT NULL", name->str, source->str);
        g_autofree char *reason = g_strdup_printf("column_name[%s], the value can not be converted to %s",
                                                  column->name, column->type);
        add_reject(b, condition, reason, source->str);
    }
    if (column->not_null) {
        g_autofree char *condition = g_strdup_printf("%s IS NULL", name->str);
        g_autofree char *reason = g_strdup_printf("column_name[%s], null value for not null column, type=%s",
                                                  column->name, column->type);
        add_reject(b, condition, reason, NULL);
    }
    if (intake_text_limit(column) > 0) {
        g_autofree char *condition = g_strdup_printf("strlen(%s) > %u", name->str, intake_text_limit(column));
        g_autofree char *reason =
            g_strdup_printf("column_name[%s], the length of input is too long than schema", column->name);
        add_reject(b, condition, reason, source->str);
    }
    g_string_free(name, TRUE);
    g_string_free(source, TRUE);
}

/* A column that an expression computes. */
static bool map_computed(Build *b, const CatalogColumn *column, const char *given, const IntakeNames *names,
                         GError **error)
{
    bool tried;
    g_autofree char *sql = expression(b, given, "columns", false, names, &tried, error);
    if (!sql) {
        return false;
    }
    add_mapping(b, column);
    if (!tried) {
        map_in_sql(b, column, sql, true);
        return true;
    }
    g_autoptr(GString) name = g_string_new(NULL);
    g_autofree char *plain = g_strconcat("_try ", column->name, NULL);
    engine_sql_append_name(name, plain);
    g_ptr_array_add(b->inner, g_strdup_printf("%s AS %s", sql, name->str));
    g_autofree char *value = value_of(name->str);
    g_autofree char *condition = g_strdup_printf("%s IS NULL", name->str);
    g_autofree char *reason =
        g_strdup_printf("column_name[%s], its expression has no value for this row", column->name);
    add_reject(b, condition, reason, NULL);
    map_in_sql(b, column, value, true);
    return true;
}

/* `where` or `delete`: true or false; a row for which it cannot be told is refused. */
static char *condition(Build *b, const char *given, const char *what, const IntakeNames *names,
                       GError **error)
{
    bool tried;
    g_autofree char *sql = expression(b, given, what, true, names, &tried, error);
    if (!sql) {
        return NULL;
    }
    g_autofree char *value = tried ? value_of(sql) : g_strdup(sql);
    if (tried) {
        g_autofree char *none = g_strdup_printf("%s IS NULL", sql);
        g_autofree char *reason = g_strdup_printf("`%s` has no value for this row", what);
        add_reject(b, none, reason, NULL);
    }
    return g_strdup_printf("coalesce(%s, false)", value);
}

static void map_direct(Build *b, const CatalogColumn *column, IntakeField *field)
{
    EngineType type;
    field->used = true;
    GString *name = g_string_new(NULL);
    engine_sql_append_name(name, field->name);
    if (b->typed || !intake_type_simple(column->type, &type)) {
        map_in_sql(b, column, name->str, false);
    } else {
        field->not_null = column->not_null;
        field->max_bytes = intake_text_limit(column);
        field->time_digits = intake_time_digits(column);
        g_string_append(name, " AS ");
        engine_sql_append_name(name, column->name);
        g_ptr_array_add(b->inner, g_strdup(name->str));
    }
    g_string_free(name, TRUE);
}

/* The field that feeds a column without an expression; NULL = none. */
static IntakeField *field_of(Build *b, const CatalogColumn *column)
{
    bool sequence = b->table->sequence && g_ascii_strcasecmp(b->table->sequence, column->name) == 0;
    if (sequence) {
        IntakeField *hidden = g_hash_table_lookup(b->field_index, "__doris_sequence_col__");
        g_autofree char *named = b->options->sequence_col ? fold(b->options->sequence_col) : NULL;
        if (hidden || (named && (hidden = g_hash_table_lookup(b->field_index, named)))) {
            return hidden;
        }
    }
    g_autofree char *folded = fold(column->name);
    return g_hash_table_lookup(b->field_index, folded);
}

static bool map_missing(Build *b, const CatalogColumn *column, GError **error)
{
    if (b->options->partial_columns) { /* missing keys: check_keys */
        return true;
    }
    if (column->not_null && !column->default_sql) {
        return refuse(error, "Column has no default value, column=%s%.0s", column->name, "");
    }
    return true;
}

static bool map_columns(Build *b, const IntakeNames *names, GError **error)
{
    for (guint i = 0; i < b->table->columns->len; i++) {
        const CatalogColumn *column = b->table->columns->pdata[i];
        g_autofree char *folded = fold(column->name);
        const char *given = g_hash_table_lookup(b->expressions, folded);
        IntakeField *field = given ? NULL : field_of(b, column);
        if (given) {
            if (!map_computed(b, column, given, names, error)) {
                return false;
            }
        } else if (field) {
            add_mapping(b, column);
            map_direct(b, column, field);
        } else if (!map_missing(b, column, error)) {
            return false;
        }
    }
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, b->expressions);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (!catalog_table_column(b->table, key)) {
            return refuse(error, "`columns` computes `%s`, which is no column of `%s`", key, b->table->name);
        }
    }
    return true;
}

/* ---- merge
 * -------------------------------------------------------------------------------------------------------------------
 */

static bool check_merge(const CatalogTable *table, const IntakeOptions *options, GError **error)
{
    if (table->model != CATALOG_UNIQUE && options->merge != INTAKE_APPEND) {
        return refuse(error, "Load by MERGE or DELETE is only supported in unique tables.%.0s%.0s", "", "");
    }
    if (table->model != CATALOG_UNIQUE && options->partial_columns) {
        return refuse(error, "Only unique key merge on write support partial update%.0s%.0s", "", "");
    }
    if (options->sequence_col && !table->sequence) {
        return refuse(error, "There is no sequence column in the table %s%.0s", table->name, "");
    }
    return true;
}

static bool has_mapping(const IntakePlan *plan, const char *column)
{
    for (guint i = 0; i < plan->mappings->len; i++) {
        if (g_ascii_strcasecmp(((IntakeMapping *)plan->mappings->pdata[i])->name, column) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_keys(Build *b, GError **error)
{
    for (guint i = 0; i < b->table->columns->len; i++) {
        const CatalogColumn *column = b->table->columns->pdata[i];
        if (column->key && b->plan->partial && !has_mapping(b->plan, column->name)) {
            return refuse(error, "Partial update should include all key columns, missing: %s%.0s",
                          column->name, "");
        }
    }
    if (b->table->model == CATALOG_UNIQUE && b->table->sequence && !b->plan->partial &&
        !has_mapping(b->plan, b->table->sequence)) {
        return refuse(error, "Table %s has sequence column, need to specify the sequence column%.0s",
                      b->table->name, "");
    }
    return true;
}

/* The expression of INTAKE_DELETE_FLAG; *ret NULL = the load deletes nothing. */
static bool delete_flag(Build *b, const IntakeNames *names, char **ret, GError **error)
{
    IntakeField *sign = g_hash_table_lookup(b->field_index, "__doris_delete_sign__");
    *ret = NULL;
    if (b->table->model != CATALOG_UNIQUE) {
        return sign ? refuse(error, DELETE_SIGN " has a meaning in unique tables only%.0s%.0s", "", "")
                    : true;
    }
    if (b->options->merge == INTAKE_DELETE) {
        *ret = g_strdup("true");
    } else if (b->options->merge == INTAKE_MERGE) {
        *ret = condition(b, b->options->delete_on, "delete", names, error);
        return *ret != NULL;
    } else if (sign) {
        sign->used = true;
        *ret = g_strdup("coalesce(\"" DELETE_SIGN "\" = 1, false)");
    }
    return true;
}

/* ---- the SELECT
 * ---------------------------------------------------------------------------------------------------------------
 */

/* Fields that the outer level (where, delete) reads and the inner one does not name yet. */
static void pass_fields(Build *b)
{
    for (guint i = 0; i < b->plan->fields->len; i++) {
        const IntakeField *field = b->plan->fields->pdata[i];
        if (field->used && !catalog_table_column(b->table, field->name)) {
            GString *name = g_string_new(NULL);
            engine_sql_append_name(name, field->name);
            g_ptr_array_add(b->inner, g_string_free(name, FALSE));
        }
    }
}

static void append_targets(Build *b, GString *sql)
{
    for (guint i = 0; i < b->plan->mappings->len; i++) {
        if (i > 0) {
            g_string_append(sql, ", ");
        }
        engine_sql_append_name(sql, ((IntakeMapping *)b->plan->mappings->pdata[i])->name);
    }
}

static void write_select(Build *b, const char *where, const char *delete_sql)
{
    IntakePlan *plan = b->plan;
    GString *targets = g_string_new(NULL);
    append_targets(b, targets);
    plan->target_columns = g_string_free(targets, FALSE);
    GString *head = g_string_new("SELECT "), *tail = g_string_new(NULL);
    g_string_append_printf(head, "%s, " INTAKE_LOAD_ID, plan->target_columns);
    if (b->has_order) {
        g_string_append(head, ", " INTAKE_ORDER);
    }
    if (delete_sql) {
        g_string_append_printf(head, ", %s AS " INTAKE_DELETE_FLAG, delete_sql);
    }
    g_string_append(head, " FROM (SELECT " INTAKE_LOAD_ID ", " INTAKE_ORDER);
    if (plan->wants_line) {
        g_string_append(head, ", " INTAKE_LINE);
    }
    for (guint i = 0; i < b->inner->len; i++) {
        g_string_append_printf(head, ", %s", (const char *)b->inner->pdata[i]);
    }
    g_string_append(head, " FROM ");
    g_string_append(tail, ")");
    if (b->checks->len > 0) {
        g_string_append(tail, " WHERE CASE");
        for (guint i = 0; i < b->checks->len; i++) {
            g_string_append_printf(tail, " %s", (const char *)b->checks->pdata[i]);
        }
        g_string_append_printf(tail, " ELSE %s END", where ? where : "true");
    } else if (where) {
        g_string_append_printf(tail, " WHERE %s", where);
    }
    plan->select_head = g_string_free(head, FALSE);
    plan->select_tail = g_string_free(tail, FALSE);
}

char *intake_plan_select(const IntakePlan *plan, const char *from)
{
    return g_strconcat(plan->select_head, from, plan->select_tail, NULL);
}

/* What two loads must share to be one INSERT: table, SELECT, the feed's fields, and the zone that its plan
 * was made under. */
static void sign(IntakePlan *plan)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s.%s|%d%d|%s|%s%s|", plan->table->schema, plan->table->name, plan->partial,
                           plan->new_key_error, plan->zone_name ? plan->zone_name : "", plan->select_head,
                           plan->select_tail);
    for (guint i = 0; i < plan->fields->len; i++) {
        const IntakeField *field = plan->fields->pdata[i];
        g_string_append_printf(text, "%d,%u,%u,%s;", (int)field->type.id, field->type.width,
                               field->type.scale, field->name);
    }
    plan->signature = g_string_free(text, FALSE);
}

/* ---- JSON
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool plan_json(Build *b, GError **error)
{
    IntakePlan *plan = b->plan;
    const IntakeOptions *options = b->options;
    plan->is_json = true;
    plan->json.strip_outer_array = options->strip_outer_array;
    plan->json.by_line = options->read_json_by_line;
    plan->json.names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plan->fields->len; i++) {
        g_ptr_array_add(plan->json.names, g_strdup(((IntakeField *)plan->fields->pdata[i])->name));
    }
    if (options->json_root && !(plan->json.root = intake_json_path_parse(options->json_root, error))) {
        return false;
    }
    if (!options->jsonpaths) {
        return true;
    }
    plan->json.paths = intake_json_paths_parse(options->jsonpaths, error);
    if (!plan->json.paths) {
        return false;
    }
    if (plan->json.paths->len != plan->fields->len) {
        base_fail(error, BASE_E_LOAD_HEADER, "jsonpaths has %u paths for %u columns", plan->json.paths->len,
                  plan->fields->len);
        base_error_hint(error, "name the fields in `columns`, one for each path, in the same order");
        return false;
    }
    return true;
}

/* ---- all together
 * -------------------------------------------------------------------------------------------------------------------
 */

static bool build(Build *b, const GPtrArray *header, GError **error)
{
    IntakePlan *plan = b->plan;
    if (!check_merge(b->table, b->options, error) || !make_fields(b, header, error)) {
        return false;
    }
    for (guint i = 0; i < plan->fields->len && !b->typed; i++) {
        type_field(b, plan->fields->pdata[i]);
    }
    if (b->options->format == INTAKE_JSON && !plan_json(b, error)) {
        return false;
    }
    g_auto(IntakeNames) names = {0};
    name_tables(b, &names);
    if (!map_columns(b, &names, error)) {
        return false;
    }
    if (plan->mappings->len == 0) {
        return refuse(error, "no field of the load is a column of `%s`%.0s", b->table->name, "");
    }
    if (!check_keys(b, error)) {
        return false;
    }
    /* where and delete see the table's columns and the source's fields. */
    for (guint i = 0; i < plan->mappings->len; i++) {
        const char *name = ((IntakeMapping *)plan->mappings->pdata[i])->name;
        g_hash_table_replace(names.names, fold(name), g_strdup(name));
        g_autofree char *folded = fold(name);
        g_hash_table_remove(names.texts, folded);
        name_type(&names, name, column_kind(catalog_table_column(b->table, name)));
    }
    g_autofree char *deletes = NULL, *where = NULL;
    if (!delete_flag(b, &names, &deletes, error)) {
        return false;
    }
    if (b->options->where) {
        where = condition(b, b->options->where, "where", &names, error);
        if (!where) {
            return false;
        }
        plan->in_sql = true;
    }
    plan->has_delete = deletes != NULL;
    pass_fields(b);
    write_select(b, where, deletes);
    sign(plan);
    return true;
}

IntakePlan *intake_plan_new(Intake *intake, const CatalogTable *table, const IntakeOptions *options,
                            const GPtrArray *header, GError **error)
{
    g_autoptr(IntakePlan) plan = g_new0(IntakePlan, 1);
    plan->refs = 1;
    plan->table = table;
    plan->fields = g_ptr_array_new_with_free_func(field_free);
    plan->mappings = g_ptr_array_new_with_free_func(mapping_free);
    plan->strict = options->strict_mode;
    plan->partial = options->partial_columns;
    plan->new_key_error =
        options->new_key_behavior && g_ascii_strcasecmp(options->new_key_behavior, "ERROR") == 0;
    if (options->timezone && !(plan->zone = base_time_zone(options->timezone, error))) {
        return NULL;
    }
    plan->zone_name = g_strdup(options->timezone);
    g_autoptr(GHashTable) index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) expressions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) inner = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) checks = g_ptr_array_new_with_free_func(g_free);
    Build b = {.plan = plan,
               .table = table,
               .options = options,
               .intake = intake,
               .typed = options->format == INTAKE_PARQUET,
               .field_index = index,
               .expressions = expressions,
               .inner = inner,
               .checks = checks,
               .has_order = intake_needs_merge(table)};
    bool ok = build(&b, header, error);
    intake_conn_give(intake, b.conn);
    return ok ? g_steal_pointer(&plan) : NULL;
}
