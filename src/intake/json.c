/* JSON rows, by yyjson (built from the engine's own copy), in place: strings and numbers of a row are slices
 * of its block.
 *
 * Numbers are kept as they are written (YYJSON_READ_NUMBER_AS_RAW), so that every value is text for convert.c
 * and no digit is lost. Keys are looked up in the order in which the row before had them: rows of one load
 * have mostly one order, so the lookup is one comparison a key.
 *
 * By line: each line is one document; a NUL is put in the place of its newline, so that a broken document
 * ends there. An array: blocks hold whole elements with their commas (intake_json_boundary). A broken element
 * of an array cannot be told from its neighbours: it fails the load. With json_root the document is parsed
 * whole (load.max_json_bytes). */
#include <yyjson.h>

#include "base/json.h"
#include "intake/intake_int.h"

#define MAX_STEPS   64
#define KEY_PADDING 8

/* ---- paths
 * -------------------------------------------------------------------------------------------------- */

typedef struct {
    char *key;    /* NULL = an index */
    gint64 index; /* -1 = [*] */
} Step;

struct IntakeJsonPath {
    GArray *steps; /* Step */
};

static void step_clear(gpointer data)
{
    g_free(((Step *)data)->key);
}

void intake_json_path_free(IntakeJsonPath *path)
{
    if (path) {
        g_array_unref(path->steps);
        g_free(path);
    }
}

static bool bad_path(const char *text, GError **error)
{
    g_autofree char *shown = g_strndup(text, 80);
    base_fail(error, BASE_E_LOAD_HEADER, "invalid json path: %s", shown);
    base_error_hint(error, "a path is like $.a.b[0] or $[\"a b\"]");
    return false;
}

static void add_step(IntakeJsonPath *path, const char *key, size_t len, gint64 index)
{
    const Step step = {key ? g_strndup(key, len) : NULL, index};
    g_array_append_val(path->steps, step);
}

/* [0], [*], ["key"] */
static const char *parse_bracket(IntakeJsonPath *path, const char *p)
{
    p++;
    if (*p == '"' || *p == '\'') {
        const char *close = strchr(p + 1, *p);
        if (!close || close[1] != ']') {
            return NULL;
        }
        add_step(path, p + 1, (size_t)(close - p - 1), 0);
        return close + 2;
    }
    if (p[0] == '*' && p[1] == ']') {
        add_step(path, NULL, 0, -1);
        return p + 2;
    }
    gint64 index = 0;
    size_t n = 0;
    for (; g_ascii_isdigit(*p) && n < 9; p++, n++) {
        index = index * 10 + (*p - '0');
    }
    if (n == 0 || *p != ']') {
        return NULL;
    }
    add_step(path, NULL, 0, index);
    return p + 1;
}

static const char *parse_key(IntakeJsonPath *path, const char *p)
{
    p++;
    if (*p == '"') {
        const char *close = strchr(p + 1, '"');
        if (!close) {
            return NULL;
        }
        add_step(path, p + 1, (size_t)(close - p - 1), 0);
        return close + 1;
    }
    size_t len = strcspn(p, ".[");
    if (len == 0) {
        return NULL;
    }
    add_step(path, p, len, 0);
    return p + len;
}

IntakeJsonPath *intake_json_path_parse(const char *text, GError **error)
{
    IntakeJsonPath *path = g_new0(IntakeJsonPath, 1);
    path->steps = g_array_new(FALSE, FALSE, sizeof(Step));
    g_array_set_clear_func(path->steps, step_clear);
    const char *p = *text == '$' ? text + 1 : NULL;
    while (p && *p && path->steps->len <= MAX_STEPS) {
        p = *p == '.' ? parse_key(path, p) : *p == '[' ? parse_bracket(path, p) : NULL;
    }
    if (!p || path->steps->len > MAX_STEPS) {
        intake_json_path_free(path);
        bad_path(text, error);
        return NULL;
    }
    return path;
}

GPtrArray *intake_json_paths_parse(const char *text, GError **error)
{
    GError *why = NULL;
    g_autoptr(json_t) list = base_json_parse(text, strlen(text), &why);
    if (!list || !json_is_array(list) || json_array_size(list) > INTAKE_MAX_FIELDS) {
        g_clear_error(&why);
        base_fail(error, BASE_E_LOAD_HEADER, "Invalid json path: jsonpaths is a JSON array of paths");
        return NULL;
    }
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func((GDestroyNotify)intake_json_path_free);
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *path_text = json_string_value(item);
        IntakeJsonPath *path = path_text ? intake_json_path_parse(path_text, error) : NULL;
        if (!path) {
            if (!path_text) {
                bad_path("(not text)", error);
            }
            return NULL;
        }
        g_ptr_array_add(paths, path);
    }
    return g_steal_pointer(&paths);
}

static bool is_last(const IntakeJsonPath *path, guint i)
{
    return i + 1 == path->steps->len;
}

/* From step *i on, which is left at the [*] that more steps follow: what they find in its items is many. */
static yyjson_val *follow_one(yyjson_val *value, const IntakeJsonPath *path, guint *i)
{
    for (; value && *i < path->steps->len; (*i)++) {
        const Step *step = &g_array_index(path->steps, Step, *i);
        if (step->key) {
            value = yyjson_obj_get(value, step->key);
        } else if (step->index >= 0) {
            value = yyjson_arr_get(value, (size_t)step->index);
        } else if (!yyjson_is_arr(value)) {
            value = NULL; /* [*]: the array itself */
        } else if (!is_last(path, *i)) {
            return value;
        }
    }
    return value;
}

static yyjson_val *follow(yyjson_val *value, const IntakeJsonPath *path)
{
    guint i = 0;
    value = follow_one(value, path, &i);
    return i < path->steps->len ? NULL : value;
}

/* What the path finds under `value` from step `i` on, each into `out`. */
static void collect(yyjson_val *value, const IntakeJsonPath *path, guint i, yyjson_mut_doc *doc,
                    yyjson_mut_val *out)
{
    value = follow_one(value, path, &i);
    if (!value) {
        return;
    }
    if (i == path->steps->len) {
        yyjson_mut_arr_append(out, yyjson_val_mut_copy(doc, value));
        return;
    }
    size_t k, n;
    yyjson_val *item;
    yyjson_arr_foreach(value, k, n, item)
    {
        collect(item, path, i + 1, doc, out);
    }
}

/* ---- boundaries
 * ---------------------------------------------------------------------------------------------------- */

size_t intake_json_boundary(IntakeJsonScan *scan, const char *data, size_t len)
{
    size_t boundary = 0;
    IntakeJsonScan s = *scan;
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (s.in_string) {
            if (s.escaped) {
                s.escaped = false;
            } else if (c == '\\') {
                s.escaped = true;
            } else if (c == '"') {
                s.in_string = false;
            }
        } else if (c == '"') {
            s.in_string = true;
        } else if (c == '{' || c == '[') {
            s.depth++;
        } else if (c == '}' || c == ']') {
            s.depth -= s.depth > 0;
        } else if (c == ',' && s.depth == 1) {
            boundary = i + 1;
        }
    }
    *scan = s;
    return boundary;
}

/* ---- memory for one document
 * ----------------------------------------------------------------------------------------- */

typedef struct {
    char *data;
    size_t capacity;
} Pool;

/* yyjson asks for one piece a document and grows it: the same piece serves every document. */
static void *pool_malloc(void *context, size_t size)
{
    Pool *pool = context;
    if (pool->capacity < size) {
        g_free(pool->data);
        pool->data = g_malloc(size);
        pool->capacity = size;
    }
    return pool->data;
}

static void *pool_realloc(void *context, void *data, size_t old_size, size_t size)
{
    (void)data;
    (void)old_size;
    Pool *pool = context;
    if (pool->capacity < size) {
        pool->data = g_realloc(pool->data, size);
        pool->capacity = size;
    }
    return pool->data;
}

static void pool_free(void *context, void *data)
{
    (void)context;
    (void)data;
}

/* ---- parser
 * ---------------------------------------------------------------------------------------------------------------
 */

struct IntakeJsonParser {
    const IntakeJson *json;
    Pool pool;
    yyjson_alc alc;
    GHashTable *fields; /* key -> index + 1 */
    char **names;       /* json->names, each with KEY_PADDING bytes after it */
    size_t *name_lens;
    guint *guess; /* guess[i] = field of the i-th key of the last row, or n_fields */
    guint n_guess, guess_capacity;
    char *data;
    const char *pristine;
    size_t len, pos;
    yyjson_arr_iter rows; /* of the document at hand */
    bool in_rows;
    const char *line; /* of the document at hand */
    size_t line_len;
};

IntakeJsonParser *intake_json_parser_new(const IntakeJson *json)
{
    IntakeJsonParser *parser = g_new0(IntakeJsonParser, 1);
    parser->json = json;
    parser->alc = (yyjson_alc){pool_malloc, pool_realloc, pool_free, &parser->pool};
    parser->fields = g_hash_table_new(g_str_hash, g_str_equal);
    parser->names = g_new0(char *, json->names->len + 1);
    parser->name_lens = g_new(size_t, json->names->len + 1);
    for (guint i = 0; i < json->names->len; i++) {
        size_t len = strlen(json->names->pdata[i]);
        parser->names[i] = g_malloc0(len + 1 + KEY_PADDING);
        memcpy(parser->names[i], json->names->pdata[i], len);
        parser->name_lens[i] = len;
        g_hash_table_insert(parser->fields, parser->names[i], GUINT_TO_POINTER(i + 1));
    }
    return parser;
}

void intake_json_parser_free(IntakeJsonParser *parser)
{
    if (parser) {
        g_free(parser->pool.data);
        g_strfreev(parser->names);
        g_free(parser->name_lens);
        g_free(parser->guess);
        g_hash_table_unref(parser->fields);
        g_free(parser);
    }
}

void intake_json_parser_block(IntakeJsonParser *parser, char *data, size_t len, const char *pristine)
{
    parser->data = data;
    parser->len = len;
    parser->pos = 0;
    parser->pristine = pristine;
    parser->in_rows = false;
}

/* Frees `text`; NULL is no value. */
static void give_text(IntakeRows *rows, IntakeCell *cell, char *text, size_t len)
{
    if (!text) {
        *cell = (IntakeCell){0};
        return;
    }
    char *out = intake_arena_alloc(rows->arena, len);
    memcpy(out, text, len);
    free(text);
    *cell = (IntakeCell){.bytes = out, .len = (guint32)len, .enclosed = 1};
}

static void write_nested(IntakeRows *rows, IntakeCell *cell, const yyjson_val *value)
{
    size_t len = 0;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, NULL, &len, NULL);
    give_text(rows, cell, text, len);
}

static void set_cell(IntakeRows *rows, IntakeCell *cell, yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_RAW:
        *cell = (IntakeCell){yyjson_get_raw(value), (guint32)yyjson_get_len(value), 1};
        break;
    case YYJSON_TYPE_STR:
        *cell = (IntakeCell){yyjson_get_str(value), (guint32)yyjson_get_len(value), 1};
        break;
    case YYJSON_TYPE_BOOL:
        *cell = yyjson_get_bool(value) ? (IntakeCell){"true", 4, 1} : (IntakeCell){"false", 5, 1};
        break;
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ:
        write_nested(rows, cell, value);
        break;
    default:
        *cell = (IntakeCell){0};
        break;
    }
}

static void reject(IntakeJsonParser *parser, IntakeRows *rows, const char *reason)
{
    rows->n_rejected++;
    rows->reject(rows->reject_user, parser->line, parser->line_len, reason);
}

/* Keys are short and equal nearly always: a word at a time, without a call. Both sides have KEY_PADDING bytes
 * that may be read behind them (a block has INTAKE_BLOCK_PADDING). */
static inline bool same_key(const char *a, const char *b, size_t len)
{
    guint64 x, y;
    for (; len > sizeof x; a += sizeof x, b += sizeof x, len -= sizeof x) {
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        if (x != y) {
            return false;
        }
    }
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    guint64 differ = GUINT64_FROM_LE(x ^ y);
    return len == 0 || differ << (64 - 8 * len) == 0;
}

/* The field of the i-th key of an object. */
static guint field_of(IntakeJsonParser *parser, guint i, yyjson_val *key)
{
    const char *name = yyjson_get_str(key);
    size_t len = yyjson_get_len(key);
    guint n = parser->json->names->len;
    if (i < parser->n_guess) {
        guint guessed = parser->guess[i];
        if (guessed < n && parser->name_lens[guessed] == len && same_key(parser->names[guessed], name, len)) {
            return guessed;
        }
    }
    guint field = strlen(name) == len ? GPOINTER_TO_UINT(g_hash_table_lookup(parser->fields, name)) : 0;
    field = field ? field - 1 : n;
    if (i >= parser->guess_capacity) {
        parser->guess_capacity = MAX(16, parser->guess_capacity * 2);
        parser->guess = g_renew(guint, parser->guess, parser->guess_capacity);
    }
    if (i < INTAKE_MAX_FIELDS && i <= parser->n_guess) {
        parser->guess[i] = field;
        parser->n_guess = MAX(parser->n_guess, i + 1);
    }
    return field;
}

static bool cells_by_key(IntakeJsonParser *parser, IntakeRows *rows, IntakeCell *cells, yyjson_val *object)
{
    bool any = false;
    memset(cells, 0, rows->n_fields * sizeof *cells);
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    guint i = 0;
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)); i++) {
        guint field = i < INTAKE_MAX_FIELDS ? field_of(parser, i, key) : (guint)rows->n_fields;
        if (field < rows->n_fields) {
            set_cell(rows, &cells[field], yyjson_obj_iter_get_val(key));
            any = true;
        }
    }
    return any;
}

/* `$.v[*].n`: a list of each item's n. False: not such a path, or nothing is there. */
static bool set_many(IntakeRows *rows, IntakeCell *cell, yyjson_val *value, const IntakeJsonPath *path)
{
    guint i = 0;
    if (!follow_one(value, path, &i) || i == path->steps->len) {
        return false;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    collect(value, path, 0, doc, list);
    size_t len = 0;
    char *text = yyjson_mut_arr_size(list) > 0
                     ? yyjson_mut_val_write_opts(list, YYJSON_WRITE_NOFLAG, NULL, &len, NULL)
                     : NULL;
    give_text(rows, cell, text, len);
    yyjson_mut_doc_free(doc);
    return text != NULL;
}

static bool cells_by_path(IntakeJsonParser *parser, IntakeRows *rows, IntakeCell *cells, yyjson_val *value)
{
    bool any = false;
    for (guint i = 0; i < parser->json->paths->len; i++) {
        yyjson_val *found = follow(value, parser->json->paths->pdata[i]);
        set_cell(rows, &cells[i], found);
        any = found || set_many(rows, &cells[i], value, parser->json->paths->pdata[i]) || any;
    }
    return any;
}

/* One value as one row. */
static void add_row(IntakeJsonParser *parser, IntakeRows *rows, yyjson_val *value)
{
    guint64 order = rows->next_order++;
    IntakeCell *cells = rows->cells + rows->n_rows * rows->n_fields;
    if (!yyjson_is_obj(value) && !parser->json->paths) {
        reject(parser, rows, "Expect json object value");
        return;
    }
    bool any = parser->json->paths ? cells_by_path(parser, rows, cells, value)
                                   : cells_by_key(parser, rows, cells, value);
    if (!any) {
        reject(parser, rows, "All fields is null, this is a invalid row.");
        return;
    }
    IntakeLine line = {
        .bytes = parser->line, .len = (guint32)MIN(parser->line_len, G_MAXUINT32), .order = order};
    if (parser->in_rows) { /* one of many of its document: shown by itself */
        IntakeCell shown = {0};
        write_nested(rows, &shown, value);
        line.bytes = shown.bytes ? shown.bytes : "";
        line.len = shown.len;
    }
    rows->lines[rows->n_rows++] = line;
}

/* A document's rows: itself, or its elements. */
static void take_document(IntakeJsonParser *parser, IntakeRows *rows, yyjson_val *root)
{
    if (parser->json->root && !(root = follow(root, parser->json->root))) {
        reject(parser, rows, "JSON Root not found.");
        return;
    }
    if (yyjson_is_arr(root) && parser->json->strip_outer_array) {
        parser->rows = yyjson_arr_iter_with(root);
        parser->in_rows = true;
    } else if (yyjson_is_arr(root) && !parser->json->paths) {
        reject(parser, rows, "JSON data is array-object, `strip_outer_array` must be TRUE.");
    } else if (parser->json->strip_outer_array) {
        reject(parser, rows, "JSON data is not an array-object, `strip_outer_array` must be FALSE.");
    } else {
        add_row(parser, rows, root);
    }
}

static const yyjson_read_flag FLAGS =
    YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_STOP_WHEN_DONE;

static bool only_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n' || *p == '\0')) {
        p++;
    }
    return p == end;
}

/* The next line that is not blank, as a document. */
static void next_line(IntakeJsonParser *parser, IntakeRows *rows)
{
    char *start = parser->data + parser->pos;
    char *newline = memchr(start, '\n', parser->len - parser->pos);
    size_t len = newline ? (size_t)(newline - start) : parser->len - parser->pos;
    parser->line = parser->pristine + parser->pos;
    parser->line_len = len;
    parser->pos += len + (newline ? 1 : 0);
    if (only_blank(start, start + len)) {
        return;
    }
    start[len] = '\0';
    yyjson_read_err why;
    yyjson_doc *doc = yyjson_read_opts(start, len, FLAGS, &parser->alc, &why);
    if (!doc || !only_blank(start + yyjson_doc_get_read_size(doc), start + len)) {
        g_autofree char *reason =
            g_strdup_printf("Parse json data failed. code: %d, error info: %s", doc ? 0 : (int)why.code,
                            doc ? "bytes after the end of the document" : why.msg);
        rows->next_order++;
        reject(parser, rows, reason);
        return;
    }
    take_document(parser, rows, yyjson_doc_get_root(doc));
}

static bool broken(const IntakeJsonParser *parser, const char *what, GError **error)
{
    size_t at = MIN(parser->pos, parser->len);
    g_autofree char *near = g_utf8_make_valid(parser->pristine + at, (gssize)MIN(parser->len - at, 60));
    return base_fail(error, BASE_E_FORMAT_INVALID, "Parse json data failed. %s, near `%s`", what, near);
}

/* The next element of the outer array. */
static bool next_element(IntakeJsonParser *parser, IntakeRows *rows, GError **error)
{
    while (parser->pos < parser->len && strchr(" \t\r\n,[]", parser->data[parser->pos])) {
        if (parser->data[parser->pos] == '\0' ||
            (parser->data[parser->pos] == '[' && rows->next_order & 0xFFFFFF)) {
            break;
        }
        parser->pos++;
    }
    if (parser->pos >= parser->len) {
        return true;
    }
    yyjson_read_err why;
    yyjson_doc *doc =
        yyjson_read_opts(parser->data + parser->pos, parser->len - parser->pos, FLAGS, &parser->alc, &why);
    if (!doc) {
        return broken(parser, why.msg, error);
    }
    size_t used = yyjson_doc_get_read_size(doc);
    parser->line = parser->pristine + parser->pos;
    parser->line_len = used;
    parser->pos += used;
    add_row(parser, rows, yyjson_doc_get_root(doc));
    return true;
}

static bool whole_document(IntakeJsonParser *parser, IntakeRows *rows, GError **error)
{
    yyjson_read_err why;
    yyjson_doc *doc = yyjson_read_opts(parser->data, parser->len, FLAGS, &parser->alc, &why);
    if (!doc) {
        parser->pos = why.pos;
        return broken(parser, why.msg, error);
    }
    parser->line = parser->pristine;
    parser->line_len = MIN(parser->len, 4096);
    size_t used = yyjson_doc_get_read_size(doc);
    if (!only_blank(parser->data + used, parser->data + parser->len)) {
        parser->pos = used;
        return broken(
            parser, "bytes after the end of the document (one object a line needs read_json_by_line)", error);
    }
    parser->pos = parser->len;
    take_document(parser, rows, yyjson_doc_get_root(doc));
    return true;
}

bool intake_json_parser_rows(IntakeJsonParser *parser, IntakeRows *rows, bool *ret_more, GError **error)
{
    while (rows->n_rows < rows->max_rows) {
        if (parser->in_rows) {
            yyjson_val *value = yyjson_arr_iter_next(&parser->rows);
            if (value) {
                add_row(parser, rows, value);
                continue;
            }
            parser->in_rows = false;
        }
        if (parser->pos >= parser->len) {
            *ret_more = false;
            return true;
        }
        if (parser->json->by_line) {
            next_line(parser, rows);
        } else if (parser->json->strip_outer_array && !parser->json->root) {
            if (!next_element(parser, rows, error)) {
                return false;
            }
        } else if (!whole_document(parser, rows, error)) {
            return false;
        }
    }
    *ret_more = true;
    return true;
}

bool intake_json_text_valid(const char *text, size_t len)
{
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text, len, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
    yyjson_doc_free(doc);
    return doc != NULL;
}
