/* Entities, views, and the tables that views read.
 *
 * Feast has no tables: a source is a file or a query somewhere. Each source that a view reads becomes one
 * table with the columns that its views name, typed as they type them; the rows of a local file come by a
 * source of Weir's, all others are loaded by who has them. */
#include <string.h>

#include "engine/sql.h"
#include "modelling/feast_int.h"

#define DUMMY_ENTITY    "__dummy"                                       /* Feast's own word for: no entity */
#define MAX_TTL_S       (G_GINT64_CONSTANT(9007199254740992) / 1000000) /* 285 years */
#define US_PER_S        G_GINT64_CONSTANT(1000000)
#define PUSH_SOURCE     9 /* DataSource.SourceType */
#define DEFAULT_TIME    "event_timestamp"
#define TIME_COLUMN_SQL "datetime(6)"

/* ---- types, words ------------------------------------------------------------------------------------ */

static const struct {
    const char *feast, *type;
} TYPES[] = {
    [1] = {"BYTES", "bytes"},
    [2] = {"STRING", "string"},
    [3] = {"INT32", "int32"},
    [4] = {"INT64", "int64"},
    [5] = {"DOUBLE", "double"},
    [6] = {"FLOAT", "float"},
    [7] = {"BOOL", "bool"},
    [8] = {"UNIX_TIMESTAMP", "timestamp"},
    [11] = {"BYTES_LIST", "array(bytes)"},
    [12] = {"STRING_LIST", "array(string)"},
    [13] = {"INT32_LIST", "array(int32)"},
    [14] = {"INT64_LIST", "array(int64)"},
    [15] = {"DOUBLE_LIST", "array(double)"},
    [16] = {"FLOAT_LIST", "array(float)"},
    [17] = {"BOOL_LIST", "array(bool)"},
    [18] = {"UNIX_TIMESTAMP_LIST", "array(timestamp)"},
    [19] = {"NULL", NULL},
    [20] = {"MAP", NULL},
    [21] = {"MAP_LIST", NULL},
    [22] = {"BYTES_SET", NULL},
    [23] = {"STRING_SET", NULL},
    [24] = {"INT32_SET", NULL},
    [25] = {"INT64_SET", NULL},
    [26] = {"DOUBLE_SET", NULL},
    [27] = {"FLOAT_SET", NULL},
    [28] = {"BOOL_SET", NULL},
    [29] = {"UNIX_TIMESTAMP_SET", NULL},
    [32] = {"JSON", NULL},
    [33] = {"JSON_LIST", NULL},
    [34] = {"STRUCT", NULL},
    [35] = {"STRUCT_LIST", NULL},
    [36] = {"UUID", NULL},
    [37] = {"TIME_UUID", NULL},
    [44] = {"DECIMAL", NULL},
};

static bool is_listed(gint32 value_type)
{
    return value_type >= 0 && value_type < (gint32)G_N_ELEMENTS(TYPES) && TYPES[value_type].feast;
}

const char *feast_type(gint32 value_type)
{
    return is_listed(value_type) ? TYPES[value_type].type : NULL;
}

const char *feast_type_name(gint32 value_type)
{
    return is_listed(value_type) ? TYPES[value_type].feast : base_tr("one of no name here", "未知类型");
}

void feast_say(json_t *definition, const char *description, const char *owner, Feast__Pair **tags,
               size_t n_tags)
{
    if (*description) {
        base_json_set_string(definition, "description", description);
    }
    if (*owner) {
        base_json_set_string(definition, "owner", owner);
    }
    if (n_tags > 0) {
        json_t *list = json_array();
        for (size_t i = 0; i < n_tags; i++) {
            bool valued = *tags[i]->value != '\0';
            g_autofree char *text =
                g_strconcat(tags[i]->key, valued ? ":" : "", valued ? tags[i]->value : "", NULL);
            json_array_append_new(list, json_string(text));
        }
        json_object_set_new(definition, "tags", list);
    }
}

/* ---- entities ---------------------------------------------------------------------------------------- */

static const char *join_key(const Feast__EntitySpec *entity)
{
    return *entity->join_key ? entity->join_key : entity->name;
}

static const Feast__EntitySpec *find_entity(const FeastImport *import, const char *project, const char *name)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_entities; i++) {
        const Feast__EntitySpec *spec = registry->entities[i]->spec;
        if (spec && g_str_equal(spec->name, name) && g_str_equal(spec->project, project)) {
            return spec;
        }
    }
    return NULL;
}

/* As a view has it: Feast finds it in the source. */
static gint32 key_type(const Feast__ViewSpec *view, const char *key)
{
    for (size_t i = 0; i < view->n_entity_columns; i++) {
        if (g_str_equal(view->entity_columns[i]->name, key)) {
            return view->entity_columns[i]->value_type;
        }
    }
    return 0;
}

static bool reads_entity(const Feast__ViewSpec *view, const Feast__EntitySpec *entity)
{
    bool reads = false;
    for (size_t i = 0; i < view->n_entities; i++) {
        reads = reads || g_str_equal(view->entities[i], entity->name);
    }
    return reads && g_str_equal(view->project, entity->project);
}

/* Its own type, else that of the first view that has one; 0 = none. */
static gint32 entity_type(const FeastImport *import, const Feast__EntitySpec *entity)
{
    const Feast__Registry *registry = import->registry->message;
    gint32 type = entity->value_type;
    for (size_t i = 0; type == 0 && i < registry->n_views; i++) {
        const Feast__ViewSpec *view = registry->views[i]->spec;
        type = view && reads_entity(view, entity) ? key_type(view, join_key(entity)) : 0;
    }
    return type;
}

static void take_entity(FeastImport *import, const Feast__EntitySpec *entity)
{
    gint32 type = entity_type(import, entity);
    if (type == 0) {
        feast_left(import, entity->name, "%s", base_tr("no type is known of its key", "其键没有已知类型"));
        return;
    }
    if (!feast_type(type)) {
        feast_left(import, entity->name,
                   base_tr("its key is %s, which is no type of Weir's", "其键的类型 %s 在 Weir 中不存在"),
                   feast_type_name(type));
        return;
    }
    json_t *definition =
        json_pack("{s:s, s:s, s:s}", "name", entity->name, "key", join_key(entity), "type", feast_type(type));
    feast_say(definition, entity->description, entity->owner, entity->tags, entity->n_tags);
    feast_node_add(import, "entities", entity->project, entity->name, definition);
}

void feast_take_entities(FeastImport *import)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_entities; i++) {
        const Feast__EntitySpec *spec = registry->entities[i]->spec;
        if (spec && !g_str_equal(spec->name, DUMMY_ENTITY)) {
            take_entity(import, spec);
        }
    }
}

/* ---- where the rows are ------------------------------------------------------------------------------ */

/* The options of a source that asks a query engine, and its name; NULL when it is no such source. */
static const Feast__QueryOptions *query_options(const Feast__Source *source, const char **ret_engine)
{
    const struct {
        const Feast__QueryOptions *options;
        const char *engine;
    } ALL[] = {{source->bigquery_options, "BigQuery"},   {source->redshift_options, "Redshift"},
               {source->snowflake_options, "Snowflake"}, {source->spark_options, "Spark"},
               {source->trino_options, "Trino"},         {source->athena_options, "Athena"}};
    for (size_t i = 0; i < G_N_ELEMENTS(ALL); i++) {
        if (ALL[i].options) {
            *ret_engine = ALL[i].engine;
            return ALL[i].options;
        }
    }
    return NULL;
}

/* "BigQuery, table `a.b`" */
static char *where_rows_are(const Feast__Source *source)
{
    const char *engine = NULL;
    const Feast__QueryOptions *options = query_options(source, &engine);
    if (source->file_options) {
        return g_strdup_printf(base_tr("the file `%s`", "文件 `%s`"), source->file_options->uri);
    }
    if (options && *options->query) {
        return g_strdup_printf(base_tr("%s, by the query `%s`", "%s，查询 `%s`"), engine, options->query);
    }
    if (options) {
        return g_strdup_printf(base_tr("%s, table `%s`", "%s，表 `%s`"), engine,
                               *options->table ? options->table : options->third);
    }
    return g_strdup_printf(base_tr("a source of the class `%s`", "类为 `%s` 的数据源"), source->class_type);
}

/* The Parquet file on this machine that a source reads; NULL when it is anything else. Caller frees. */
static char *local_file(const FeastImport *import, const Feast__Source *source)
{
    const Feast__FileOptions *file = source->file_options;
    const char *uri = file ? file->uri : "";
    bool delta =
        file && file->file_format.len > 0 && file->file_format.data[0] != 0x0a; /* field 1: Parquet */
    if (g_str_has_prefix(uri, "file://")) {
        uri += strlen("file://");
    }
    if (!*uri || delta || strstr(uri, "://") || (!import->dir && !g_path_is_absolute(uri))) {
        return NULL;
    }
    g_autofree char *path = g_canonicalize_filename(uri, import->dir);
    return g_file_test(path, G_FILE_TEST_IS_DIR) ? NULL : g_steal_pointer(&path);
}

static char *table_name(const FeastImport *import, const Feast__ViewSpec *view)
{
    const char *domain = base_json_string(import->projects, view->project, "");
    const char *source = view->batch_source->name;
    g_autofree char *base = *source ? g_path_get_basename(source) : g_strdup(view->name);
    if (strrchr(base, '.') > base) {
        *strrchr(base, '.') = '\0';
    }
    g_autofree char *own = g_strconcat("ods_", base, NULL), *folded = import_name(own);
    char *name = folded ? g_strdup(folded) : g_strconcat("ods_", view->name, NULL);
    for (int n = 2; feast_node_find(import, "tables", domain, name); n++) {
        g_free(name);
        name = g_strdup_printf("%s_%d", folded ? folded : view->name, n);
    }
    return name;
}

static void say_rows(FeastImport *import, FeastNode *table, const Feast__Source *source)
{
    g_autofree char *where = where_rows_are(source), *path = local_file(import, source);
    if (!path) {
        feast_changed(
            import, table->name,
            base_tr("its rows are elsewhere, %s: load them into it", "数据在别处（%s），请导入该表"), where);
        return;
    }
    g_autofree char *name = g_strconcat(table->name, "_file", NULL);
    table->source = json_pack("{s:s, s:s, s:[{s:s, s:s, s:s, s:s, s:s}]}", "name", name, "connector", "file",
                              "tables", "name", table->name, "path", path, "format", "parquet", "mode",
                              "snapshot", "to", table->name);
}

/* The table of a view's source, made at the first view that reads it. NULL: it is listed. */
static FeastNode *table_of(FeastImport *import, const Feast__ViewSpec *view)
{
    const Feast__Source *source = view->batch_source;
    g_autofree char *where = where_rows_are(source); /* registries of old have sources of no name */
    g_autofree char *key = g_strconcat(view->project, "\n", *source->name ? source->name : where, NULL);
    FeastNode *table = g_hash_table_lookup(import->tables, key);
    if (table) {
        return table;
    }
    feast_domain(import, view->project);
    g_autofree char *name = table_name(import, view);
    json_t *definition = json_pack("{s:s, s:s}", "name", name, "model", "duplicate");
    feast_say(definition, source->description, source->owner, source->tags, source->n_tags);
    json_object_set_new(definition, "columns", json_array());
    table = feast_node_add(import, "tables", view->project, name, definition);
    if (table) {
        g_hash_table_insert(import->tables, g_steal_pointer(&key), table);
        say_rows(import, table, source);
        if (*source->date_partition_column) {
            feast_changed(import, table->name,
                          base_tr("the partition column `%s` is not made use of", "未使用分区列 `%s`"),
                          source->date_partition_column);
        }
    }
    return table;
}

/* false when another view has the column in another type. */
static bool add_column(const FeastNode *table, const char *name, const char *type)
{
    json_t *columns = json_object_get(table->definition, "columns");
    const json_t *known = base_json_find(columns, "name", name);
    if (!known) {
        json_array_append_new(columns, json_pack("{s:s, s:s}", "name", name, "type", type));
    }
    return !known || g_str_equal(base_json_string(known, "type", ""), type);
}

/* ---- views ------------------------------------------------------------------------------------------- */

typedef struct {
    FeastImport *import;
    const Feast__ViewSpec *spec;
    FeastNode *table; /* NULL = its rows come by push only */
    json_t *definition;
    bool ok;
} View;

/* The column of the source that carries a name of the view: field_mapping the other way round. */
static const char *column_of(const View *view, const char *name)
{
    const Feast__Source *source = view->table ? view->spec->batch_source : NULL;
    for (size_t i = 0; source && i < source->n_field_mapping; i++) {
        if (g_str_equal(source->field_mapping[i]->value, name)) {
            return source->field_mapping[i]->key;
        }
    }
    return name;
}

static void need_column(View *view, const char *name, const char *type)
{
    if (view->table && view->ok && !add_column(view->table, column_of(view, name), type)) {
        view->ok = false;
        feast_left(view->import, view->spec->name,
                   base_tr("another view has `%s` of its source in another type",
                           "另一个视图以不同类型读取来源列 `%s`"),
                   column_of(view, name));
    }
}

static void take_keys(View *view)
{
    json_t *list = json_array();
    json_object_set_new(view->definition, "entities", list);
    for (size_t i = 0; i < view->spec->n_entities; i++) {
        const char *name = view->spec->entities[i];
        if (g_str_equal(name, DUMMY_ENTITY)) {
            continue;
        }
        const Feast__EntitySpec *entity = find_entity(view->import, view->spec->project, name);
        gint32 type = entity ? entity_type(view->import, entity) : 0;
        if (!entity || !feast_type(type)) {
            view->ok = false;
            feast_left(view->import, view->spec->name,
                       base_tr("its entity `%s` stayed behind", "其实体 `%s` 未能迁移"), name);
            return;
        }
        gint32 own = key_type(view->spec, join_key(entity));
        if (own != 0 && own != type) {
            feast_changed(view->import, view->spec->name,
                          base_tr("its key `%s` is %s; as of the entity, it is %s now",
                                  "其键 `%s` 为 %s；现按实体取 %s"),
                          join_key(entity), feast_type_name(own), feast_type_name(type));
        }
        const char *column = column_of(view, join_key(entity));
        json_array_append_new(list, g_str_equal(column, join_key(entity))
                                        ? json_string(name)
                                        : json_pack("{s:s, s:s}", "entity", name, "key", column));
        need_column(view, join_key(entity), catalog_feature_type_sql(feast_type(type)));
    }
}

static json_t *feature_of(const View *view, const Feast__Field *field)
{
    const char *column = column_of(view, field->name);
    json_t *feature = json_pack("{s:s, s:s}", "name", field->name, "type", feast_type(field->value_type));
    if (!g_str_equal(column, field->name)) {
        g_autoptr(GString) expr = g_string_new(NULL);
        engine_sql_append_name(expr, column);
        base_json_set_string(feature, "expr", expr->str);
    }
    feast_say(feature, field->description, "", field->tags, field->n_tags);
    return feature;
}

static void take_features(View *view)
{
    json_t *list = json_array();
    json_object_set_new(view->definition, "features", list);
    for (size_t i = 0; view->ok && i < view->spec->n_features; i++) {
        const Feast__Field *field = view->spec->features[i];
        g_autofree char *whole = g_strconcat(view->spec->name, ":", field->name, NULL);
        if (!feast_type(field->value_type)) {
            feast_left(view->import, whole,
                       base_tr("its type, %s, is none of Weir's", "其类型 %s 在 Weir 中不存在"),
                       feast_type_name(field->value_type));
            continue;
        }
        if (field->vector_index || *field->vector_search_metric) {
            feast_changed(view->import, whole, "%s",
                          base_tr("its index of vectors is not carried over", "其向量索引不迁移"));
        }
        json_array_append_new(list, feature_of(view, field));
        need_column(view, field->name, catalog_feature_type_sql(feast_type(field->value_type)));
    }
    if (view->ok && json_array_size(list) == 0) {
        view->ok = false;
        feast_left(view->import, view->spec->name, "%s", base_tr("it has no feature", "没有任何特征"));
    }
}

/* 0 = none is set; -1 = it is none that Weir can keep. */
static gint64 ttl_us(const Feast__Duration *ttl)
{
    if (!ttl) {
        return 0;
    }
    bool exact = ttl->seconds >= 0 && ttl->seconds < MAX_TTL_S && ttl->nanos >= 0 &&
                 ttl->nanos < 1000000000 && ttl->nanos % 1000 == 0;
    return exact ? ttl->seconds * US_PER_S + ttl->nanos / 1000 : -1;
}

static void take_ttl(View *view)
{
    static const struct {
        const char *unit;
        gint64 us;
    } UNITS[] = {
        {"d", 86400 * US_PER_S}, {"h", 3600 * US_PER_S}, {"m", 60 * US_PER_S}, {"s", US_PER_S}, {"us", 1}};
    gint64 us = ttl_us(view->spec->ttl);
    if (us < 0) {
        view->ok = false;
        feast_left(view->import, view->spec->name,
                   base_tr("its ttl of %" G_GINT64_FORMAT " s is none that Weir can keep",
                           "其 ttl（%" G_GINT64_FORMAT " 秒）无法保留"),
                   view->spec->ttl->seconds);
    }
    for (size_t i = 0; us > 0 && i < G_N_ELEMENTS(UNITS); i++) {
        if (us % UNITS[i].us == 0) {
            g_autofree char *text =
                g_strdup_printf("%" G_GINT64_FORMAT "%s", us / UNITS[i].us, UNITS[i].unit);
            base_json_set_string(view->definition, "ttl", text);
            return;
        }
    }
}

static void take_source(View *view)
{
    const Feast__Source *source = view->table ? view->spec->batch_source : view->spec->stream_source;
    const char *time = source && *source->timestamp_field ? source->timestamp_field : DEFAULT_TIME;
    const char *created = source ? source->created_timestamp_column : "";
    const char *type = source && g_str_equal(source->timestamp_field_type, "DATE") ? "date" : TIME_COLUMN_SQL;
    if (view->table) {
        base_json_set_string(view->definition, "source", view->table->name);
    } else {
        json_object_set_new(view->definition, "push", json_true());
    }
    base_json_set_string(view->definition, "time", column_of(view, time));
    need_column(view, time, type);
    if (*created) {
        base_json_set_string(view->definition, "created", column_of(view, created));
        need_column(view, created, TIME_COLUMN_SQL);
    }
}

/* Rows are pushed into the table that its file is loaded into: a load must not put the file in their place.
 */
static void keep_pushed(FeastImport *import, FeastNode *table)
{
    json_t *entry = json_array_get(json_object_get(table->source, "tables"), 0);
    if (!entry || g_str_equal(base_json_string(entry, "mode", ""), "append")) {
        return;
    }
    base_json_set_string(entry, "mode", "append");
    feast_changed(import, table->name, "%s",
                  base_tr("rows are pushed into it: when its file changes, the file's rows are added to them",
                          "该表接收推送数据：文件变化时，其数据追加到表中，不替换已有数据"));
}

/* What is said of a view and has no place, or another one. */
static void list_changes(FeastImport *import, const Feast__ViewSpec *spec)
{
    const Feast__Source *stream = spec->stream_source;
    bool push = stream && stream->type == PUSH_SOURCE;
    if (stream && !push) {
        feast_changed(import, spec->name,
                      base_tr("the stream `%s` is not read: push its rows", "不读取流 `%s`：请推送其数据"),
                      stream->kafka_options     ? stream->kafka_options->topic
                      : stream->kinesis_options ? stream->kinesis_options->stream_name
                                                : stream->name);
    }
    if (push && !g_str_equal(stream->name, spec->name)) {
        feast_changed(import, spec->name,
                      base_tr("rows are pushed under the name of the view, not of `%s`",
                              "推送时使用视图名，而不是 `%s`"),
                      stream->name);
    }
    if (spec->enable_validation) {
        feast_changed(import, spec->name, "%s",
                      base_tr("Feast's validation of it is no check", "Feast 的校验未成为检查"));
    }
    if (*spec->version && !g_str_equal(spec->version, "latest")) {
        feast_changed(import, spec->name,
                      base_tr("it is pinned to version `%s` in Feast; versions begin anew",
                              "在 Feast 中固定为版本 `%s`；版本重新开始"),
                      spec->version);
    }
}

/* Why the whole view cannot be carried over; NULL = it can. */
static const char *why_not(const Feast__ViewSpec *spec)
{
    return spec->disabled         ? base_tr("it is disabled", "已停用")
           : spec->n_source_views ? base_tr("it is computed of other views", "由其他视图计算得出")
           : spec->transformation ? base_tr("it is computed by a transformation", "由转换计算得出")
                                  : NULL;
}

static void take_view(FeastImport *import, const Feast__ViewSpec *spec)
{
    const char *why = why_not(spec);
    if (why) {
        feast_left(import, spec->name, "%s", why);
        return;
    }
    View view = {.import = import,
                 .spec = spec,
                 .table = spec->batch_source ? table_of(import, spec) : NULL,
                 .definition = json_pack("{s:s}", "name", spec->name),
                 .ok = true};
    feast_say(view.definition, spec->description, spec->owner, spec->tags, spec->n_tags);
    take_keys(&view);
    take_source(&view);
    take_ttl(&view);
    json_object_set_new(view.definition, "online", json_boolean(spec->online));
    take_features(&view);
    if (!view.ok || (spec->batch_source && !view.table)) {
        json_decref(view.definition);
        return;
    }
    if (feast_node_add(import, "feature_views", spec->project, spec->name, view.definition)) {
        list_changes(import, spec);
        if (view.table && spec->stream_source && spec->stream_source->type == PUSH_SOURCE) {
            keep_pushed(import, view.table);
        }
    }
}

void feast_take_views(FeastImport *import)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_views; i++) {
        if (registry->views[i]->spec) {
            take_view(import, registry->views[i]->spec);
        }
    }
}
