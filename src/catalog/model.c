/* SQL model files: a leading `-- ---` comment block is YAML, what follows is one SELECT.
 *
 *   -- ---
 *   -- kind: full
 *   -- ---
 *   SELECT ...
 * The block's lines lose "-- " and are read as YAML with their positions kept, so that a mistake in the
 * header is shown in the SQL file. The name of a model is the name of its file. */
#include "base/text.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"

#define FENCE        "-- ---"
#define PREFIX_BYTES 3 /* "-- " */

typedef struct {
    GString *yaml;
    unsigned line0; /* lines before the first of the YAML */
    size_t body_offset;
    bool found;
} Header;

static bool is_fence(const char *line, size_t len)
{
    while (len > 0 && g_ascii_isspace(line[len - 1])) {
        len--;
    }
    return len == strlen(FENCE) && memcmp(line, FENCE, len) == 0;
}

static size_t line_length(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
}

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isspace(line[i])) {
            return false;
        }
    }
    return true;
}

/* Takes one line of the block; false when it is no comment, so that the block is not closed. */
static bool header_line(CatalogBuild *build, CatalogFile *file, Header *header, const char *line, size_t len,
                        unsigned number)
{
    if (is_blank(line, len)) {
        g_string_append_c(header->yaml, '\n');
        return true;
    }
    if (len < 2 || line[0] != '-' || line[1] != '-') {
        BaseDiag *diag = base_diags_add(build->diags, BASE_E_YAML_SYNTAX, file->path, number, 1,
                                        "the header is not closed");
        base_diag_hint(diag, "end it with a line `%s` before the SELECT", FENCE);
        return false;
    }
    size_t skip = len > 2 && line[2] == ' ' ? PREFIX_BYTES : 2;
    if (skip == 2 && !is_blank(line + 2, len - 2)) {
        BaseDiag *diag = base_diags_add(build->diags, BASE_E_YAML_SYNTAX, file->path, number, 3,
                                        "a header line begins with `-- `");
        base_diag_hint(diag, "one space after the two dashes");
    }
    g_string_append_len(header->yaml, line + skip, (gssize)(len - skip));
    return true;
}

static void split_header(CatalogBuild *build, CatalogFile *file, Header *header)
{
    const char *end = file->text + file->len;
    const char *at = file->text;
    unsigned number = 1;
    while (at < end && is_blank(at, line_length(at, end))) {
        at += line_length(at, end);
        number++;
    }
    if (at >= end || !is_fence(at, line_length(at, end))) {
        return;
    }
    header->found = true;
    at += line_length(at, end);
    header->line0 = number++;
    for (; at < end; number++) {
        size_t len = line_length(at, end);
        if (is_fence(at, len)) {
            header->body_offset = (size_t)(at - file->text) + len;
            return;
        }
        if (!header_line(build, file, header, at, len, number)) {
            break;
        }
        at += len;
    }
    header->body_offset = (size_t)(at - file->text);
}

static char *file_stem(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    return g_strndup(base, strlen(base) - strlen(".sql"));
}

static void check_file_name(CatalogBuild *build, CatalogFile *file, const char *name)
{
    if (!base_text_is_name(name)) {
        BaseDiag *diag = base_diags_add(build->diags, BASE_E_NAME_INVALID, file->path, 1, 1,
                                        "`%s` is not a name for a model", name);
        base_diag_hint(diag, "rename the file: lower-case letters, digits and _, beginning with a letter");
    } else if (engine_sql_reserved(name)) {
        BaseDiag *diag = base_diags_add(build->diags, BASE_E_NAME_INVALID, file->path, 1, 1,
                                        "`%s` is a reserved word of SQL", name);
        base_diag_hint(diag, "rename the file, for example `%s_all.sql`", name);
    }
}

void catalog_bind_model_file(CatalogBuild *build, CatalogFile *file)
{
    g_autofree char *name = file_stem(file->path);
    Header header = {.yaml = g_string_new(NULL)};
    split_header(build, file, &header);
    BaseYaml *doc = NULL;
    if (header.found) {
        doc = base_yaml_parse(header.yaml->str, header.yaml->len, file->path, header.line0, PREFIX_BYTES,
                              build->diags);
    }
    g_string_free(header.yaml, TRUE);
    bool bad_header = header.found && !doc;
    if (doc) {
        g_ptr_array_add(build->docs, doc);
        if (doc->type != BASE_YAML_MAP) {
            base_diags_add(build->diags, BASE_E_VALUE_INVALID, file->path, doc->line, doc->column,
                           "a header is a map of keys");
            bad_header = true;
        }
    }
    check_file_name(build, file, name);
    catalog_bind_object(build, file, CATALOG_MODEL, bad_header ? NULL : doc, name, header.body_offset);
    CatalogItem *item = g_ptr_array_index(build->items, build->items->len - 1);
    item->failed = item->failed || bad_header || !base_text_is_name(name) || engine_sql_reserved(name);
}

/* ---- what the header says ------------------------------------------------------------------------- */

static const char *const *text_list(const json_t *value)
{
    GPtrArray *list = g_ptr_array_new();
    if (json_is_string(value)) {
        g_ptr_array_add(list, g_strdup(json_string_value(value)));
    }
    size_t i;
    json_t *entry;
    json_array_foreach (value, i, entry) {
        if (json_is_string(entry)) {
            g_ptr_array_add(list, g_strdup(json_string_value(entry)));
        }
    }
    g_ptr_array_add(list, NULL);
    return (const char *const *)g_ptr_array_free(list, FALSE);
}

static char *model_body(const CatalogItem *item)
{
    const char *start = item->file->text + item->body_offset;
    size_t len = item->file->len - item->body_offset;
    while (len > 0 && (g_ascii_isspace(start[len - 1]) || start[len - 1] == ';')) {
        len--;
    }
    return g_strndup(start, len);
}

void catalog_bind_model(CatalogBuild *build, CatalogItem *item)
{
    CatalogModelInfo *model = item->node->model_owned = g_new0(CatalogModelInfo, 1);
    CatalogObject *object = &item->node->object;
    const json_t *definition = object->definition;
    model->kind = catalog_model_kind_by_name(base_json_string(definition, "kind", "view"));
    model->sql = model_body(item);
    model->sql_resolved = g_strdup(model->sql);
    model->sql_line = 1;
    for (size_t i = 0; i < item->body_offset; i++) {
        model->sql_line += item->file->text[i] == '\n';
    }
    const char *time = base_json_string(definition, "time", NULL);
    model->time = g_strdup(time);
    model->key = text_list(json_object_get(definition, "key"));
    model->schedule = g_strdup(base_json_string(definition, "schedule", NULL));
    object->model = model;
    object->columns = item->node->columns_owned =
        g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    item->node->columns_open = true; /* until its SELECT is resolved */
    catalog_bind_strategy(build, item, model);
    if (model->kind == CATALOG_MODEL_SCD2 && item->yaml) {
        catalog_bind_scd2(build, item);
    }
    if (!*model->sql) {
        BaseDiag *diag = base_diags_add(build->diags, BASE_E_SQL_SYNTAX, item->file->path, model->sql_line, 1,
                                        "the model has no SELECT");
        base_diag_hint(diag, "the query stands after the header");
        item->failed = true;
    }
}

void catalog_model_place(const CatalogItem *item, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
    const BaseYaml *sql = item->query_of ? base_yaml_get(item->query_of->yaml, "sql", NULL) : NULL;
    if (sql) { /* how the text was folded into one scalar is not known */
        *ret_line = sql->line;
        *ret_column = sql->column;
        return;
    }
    size_t at = MIN(item->body_offset + offset, item->file->len);
    unsigned line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++) {
        if (item->file->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = (unsigned)(at - start) + 1;
}

const char *catalog_layer_of(const char *name)
{
    static const char *const layers[] = {"ods", "dwd", "dwm", "dws", "app", "dim", "ads", "dm", "mid", "tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
        size_t len = strlen(layers[i]);
        if (strncmp(name, layers[i], len) == 0 && name[len] == '_') {
            return layers[i];
        }
    }
    return NULL;
}
