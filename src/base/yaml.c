/* YAML as a tree with positions, from libyaml's events.
 *
 * Positions: libyaml counts characters and breaks lines at NEL, LS and PS too; editors and SQL engines
 * count bytes and '\n'. So only the mark's character index is used, and a cursor over the text turns it
 * into line and byte column. Marks come in rising order, hence the whole file costs one walk.
 *
 * Limits: aliases are copied, and what is copied counts against BASE_YAML_MAX_NODES, the depth limit and
 * YAML_MAX_TEXT_BYTES, so that an alias bomb ends early. */
#include "base/yaml.h"

#include <yaml.h>

#include "base/text.h"

#define YAML_MAX_TEXT_BYTES ((size_t)4 * BASE_YAML_MAX_BYTES) /* of all scalars, after aliases */

typedef struct {
    const char *text;
    size_t len;
    size_t index; /* characters before `at` */
    size_t at, line_start;
    unsigned line; /* from 0 */
} Cursor;

typedef struct {
    yaml_parser_t yaml;
    const char *file;
    unsigned line0, column0;
    BaseDiags *diags;
    Cursor cursor;
    GHashTable *anchors;  /* name -> BaseYaml*, borrowed from the tree or the graveyard */
    GPtrArray *graveyard; /* nodes taken out of the tree while an anchor may still point to them */
    size_t nodes;
    size_t text_bytes;
} Parser;

static BaseYaml *parse_node(Parser *parser, const yaml_event_t *event, unsigned depth);

void base_yaml_free(BaseYaml *node)
{
    if (node == NULL) {
        return;
    }
    g_free(node->text);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_free(node);
}

static void node_free(gpointer data)
{
    base_yaml_free(data);
}

/* ---- positions ---- */

static void cursor_seek(Cursor *cursor, size_t index)
{
    if (index < cursor->index) {
        *cursor = (Cursor){.text = cursor->text, .len = cursor->len};
    }
    while (cursor->index < index && cursor->at < cursor->len) {
        unsigned char c = (unsigned char)cursor->text[cursor->at];
        size_t width = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        cursor->at = MIN(cursor->at + width, cursor->len);
        cursor->index++;
        if (c == '\n') {
            cursor->line++;
            cursor->line_start = cursor->at;
        }
    }
}

static void place(Parser *parser, size_t index, unsigned *ret_line, unsigned *ret_column)
{
    cursor_seek(&parser->cursor, index);
    *ret_line = parser->cursor.line + 1 + parser->line0;
    *ret_column = (unsigned)(parser->cursor.at - parser->cursor.line_start) + 1 + parser->column0;
}

static BaseDiag *fail_at(Parser *parser, BaseErrorCode code, size_t index, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static BaseDiag *fail_at(Parser *parser, BaseErrorCode code, size_t index, const char *format, ...)
{
    unsigned line = 0;
    unsigned column = 0;
    place(parser, index, &line, &column);
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return base_diags_add(parser->diags, code, parser->file, line, column, "%s", message);
}

static void hint_syntax(BaseDiag *diag, const char *problem)
{
    if (strstr(problem, "cannot start any token") != NULL) {
        base_diag_hint(diag, "indent with blanks, and quote a value that begins with @ ` %% or a tab");
    } else if (strstr(problem, "mapping values are not allowed") != NULL) {
        base_diag_hint(diag, "quote a value that holds `: `, or check the indentation");
    } else if (strstr(problem, "did not find expected") != NULL) {
        base_diag_hint(diag, "check the indentation, brackets and quotes above this place");
    }
}

static void report_syntax(Parser *parser)
{
    const char *problem = parser->yaml.problem == NULL ? "not YAML" : parser->yaml.problem;
    if (parser->yaml.error == YAML_READER_ERROR) {
        /* problem_offset is in bytes and the text up to it is valid. */
        size_t end = MIN(parser->yaml.problem_offset, parser->cursor.len);
        fail_at(parser, BASE_E_YAML_SYNTAX, (size_t)g_utf8_strlen(parser->cursor.text, (gssize)end), "%s",
                problem);
        return;
    }
    bool twice = parser->yaml.context != NULL && parser->yaml.error != YAML_MEMORY_ERROR;
    BaseDiag *diag = fail_at(parser, BASE_E_YAML_SYNTAX, parser->yaml.problem_mark.index, "%s%s%s", problem,
                             twice ? " " : "", twice ? parser->yaml.context : "");
    hint_syntax(diag, problem);
}

/* ---- events ---- */

static bool next_event(Parser *parser, yaml_event_t *event)
{
    if (yaml_parser_parse(&parser->yaml, event) == 0) {
        report_syntax(parser);
        return false;
    }
    return true;
}

/* False when the file has grown past what one file may hold. */
static bool count(Parser *parser, size_t index, unsigned depth, size_t text_bytes)
{
    parser->nodes++;
    parser->text_bytes += text_bytes;
    if (depth > BASE_YAML_MAX_DEPTH) {
        fail_at(parser, BASE_E_YAML_SYNTAX, index, "nested deeper than %d levels", BASE_YAML_MAX_DEPTH);
        return false;
    }
    if (parser->nodes > BASE_YAML_MAX_NODES || parser->text_bytes > YAML_MAX_TEXT_BYTES) {
        fail_at(parser, BASE_E_FILE_TOO_LARGE, index, "more than %d values after aliases are followed",
                BASE_YAML_MAX_NODES);
        return false;
    }
    return true;
}

static BaseYaml *node_new(Parser *parser, BaseYamlType type, const yaml_event_t *event)
{
    BaseYaml *node = g_new0(BaseYaml, 1);
    node->type = type;
    place(parser, event->start_mark.index, &node->line, &node->column);
    node->end_column = node->column + 1;
    if (type != BASE_YAML_SCALAR) {
        node->items = g_ptr_array_new_with_free_func(node_free);
    }
    if (type == BASE_YAML_MAP) {
        node->keys = g_ptr_array_new_with_free_func(node_free);
    }
    return node;
}

static void remember(Parser *parser, const yaml_char_t *anchor, BaseYaml *node)
{
    if (anchor != NULL) {
        g_hash_table_replace(parser->anchors, g_strdup((const char *)anchor), node);
    }
}

static bool check_tag(Parser *parser, const yaml_event_t *event, const yaml_char_t *tag, bool *ret_text)
{
    static const char *const KNOWN[] = {"str", "int", "float", "bool", "null", "map", "seq", NULL};
    static const char PREFIX[] = "tag:yaml.org,2002:";
    *ret_text = false;
    if (tag == NULL) {
        return true;
    }
    const char *text = (const char *)tag;
    if (strcmp(text, "!") == 0) {
        *ret_text = true;
        return true;
    }
    if (g_str_has_prefix(text, PREFIX) && g_strv_contains(KNOWN, text + strlen(PREFIX))) {
        *ret_text = strcmp(text + strlen(PREFIX), "str") == 0;
        return true;
    }
    fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index, "the tag `%s` has no meaning here", text);
    return false;
}

static BaseYaml *parse_scalar(Parser *parser, const yaml_event_t *event, unsigned depth)
{
    size_t len = event->data.scalar.length;
    bool is_text = false;
    if (!count(parser, event->start_mark.index, depth, len) ||
        !check_tag(parser, event, event->data.scalar.tag, &is_text)) {
        return NULL;
    }
    const char *text = (const char *)event->data.scalar.value;
    if (memchr(text, '\0', len) != NULL) { /* "\0" in double quotes */
        fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index, "text holds a zero byte");
        return NULL;
    }
    BaseYaml *node = node_new(parser, BASE_YAML_SCALAR, event);
    node->text = g_strndup(text, len);
    node->quoted = is_text || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    unsigned end_line = 0;
    unsigned end_column = 0;
    place(parser, event->end_mark.index, &end_line, &end_column);
    if (end_line == node->line && end_column > node->column) {
        node->end_column = end_column;
    }
    remember(parser, event->data.scalar.anchor, node);
    return node;
}

static BaseYaml *parse_list(Parser *parser, const yaml_event_t *start, unsigned depth)
{
    bool is_text = false;
    if (!count(parser, start->start_mark.index, depth, 0) ||
        !check_tag(parser, start, start->data.sequence_start.tag, &is_text)) {
        return NULL;
    }
    g_autoptr(BaseYaml) list = node_new(parser, BASE_YAML_LIST, start);
    for (;;) {
        yaml_event_t event;
        if (!next_event(parser, &event)) {
            return NULL;
        }
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        BaseYaml *item = end ? NULL : parse_node(parser, &event, depth + 1);
        yaml_event_delete(&event);
        if (end) {
            break;
        }
        if (item == NULL) {
            return NULL;
        }
        g_ptr_array_add(list->items, item);
    }
    remember(parser, start->data.sequence_start.anchor, list);
    return g_steal_pointer(&list);
}

/* ---- maps ---- */

/* A map in the making: `seen` finds duplicate keys in constant time. */
typedef struct {
    BaseYaml *map;
    GHashTable *seen; /* text -> key node, both of the map */
} MapBuild;

static void map_put(Parser *parser, MapBuild *build, BaseYaml *key, BaseYaml *value)
{
    const BaseYaml *first = g_hash_table_lookup(build->seen, key->text);
    if (first != NULL) {
        BaseDiag *diag = base_diags_add(parser->diags, BASE_E_YAML_SYNTAX, parser->file, key->line,
                                        key->column, "the key `%s` stands twice in one map", key->text);
        diag->end_column = key->end_column;
        base_diag_hint(diag, "the first is in line %u", first->line);
        g_ptr_array_add(parser->graveyard, key);
        g_ptr_array_add(parser->graveyard, value);
        return;
    }
    g_hash_table_insert(build->seen, key->text, key);
    g_ptr_array_add(build->map->keys, key);
    g_ptr_array_add(build->map->items, value);
}

/* Moves the entries that `map` has not yet out of `from`. */
static void merge_map(MapBuild *build, BaseYaml *from)
{
    for (guint i = 0; i < from->keys->len;) {
        BaseYaml *key = g_ptr_array_index(from->keys, i);
        if (g_hash_table_contains(build->seen, key->text)) {
            i++;
            continue;
        }
        BaseYaml *value = g_ptr_array_index(from->items, i);
        from->keys->pdata[i] = NULL;
        from->items->pdata[i] = NULL;
        g_ptr_array_remove_index(from->keys, i);
        g_ptr_array_remove_index(from->items, i);
        g_hash_table_insert(build->seen, key->text, key);
        g_ptr_array_add(build->map->keys, key);
        g_ptr_array_add(build->map->items, value);
    }
}

/* `<<: *base` or `<<: [*a, *b]`: an explicit key wins, then the earlier map. */
static bool merge(Parser *parser, MapBuild *build, BaseYaml *value)
{
    bool good = value->type == BASE_YAML_MAP;
    if (value->type == BASE_YAML_LIST) {
        good = true;
        for (guint i = 0; i < value->items->len; i++) {
            good = good && ((BaseYaml *)g_ptr_array_index(value->items, i))->type == BASE_YAML_MAP;
        }
    }
    if (!good) {
        base_diags_add(parser->diags, BASE_E_YAML_SYNTAX, parser->file, value->line, value->column,
                       "`<<` takes a map or a list of maps");
        return false;
    }
    if (value->type == BASE_YAML_MAP) {
        merge_map(build, value);
        return true;
    }
    for (guint i = 0; i < value->items->len; i++) {
        merge_map(build, g_ptr_array_index(value->items, i));
    }
    return true;
}

static BaseYaml *parse_key(Parser *parser, const yaml_event_t *event, unsigned depth)
{
    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
        fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index, "a key must be text");
        return NULL;
    }
    g_autoptr(BaseYaml) key = parse_node(parser, event, depth);
    if (key != NULL && key->type != BASE_YAML_SCALAR) {
        fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index, "a key must be text");
        return NULL;
    }
    return g_steal_pointer(&key);
}

static BaseYaml *parse_value(Parser *parser, unsigned depth)
{
    yaml_event_t event;
    if (!next_event(parser, &event)) {
        return NULL;
    }
    BaseYaml *value = parse_node(parser, &event, depth);
    yaml_event_delete(&event);
    return value;
}

static bool parse_entries(Parser *parser, MapBuild *build, GPtrArray *merges, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(parser, &event)) {
            return false;
        }
        bool end = event.type == YAML_MAPPING_END_EVENT;
        g_autoptr(BaseYaml) key = end ? NULL : parse_key(parser, &event, depth + 1);
        yaml_event_delete(&event);
        if (end) {
            return true;
        }
        BaseYaml *value = key == NULL ? NULL : parse_value(parser, depth + 1);
        if (value == NULL) {
            return false;
        }
        if (!key->quoted && strcmp(key->text, "<<") == 0) {
            g_ptr_array_add(merges, value);
        } else {
            map_put(parser, build, g_steal_pointer(&key), value);
        }
    }
}

static BaseYaml *parse_map(Parser *parser, const yaml_event_t *start, unsigned depth)
{
    bool is_text = false;
    if (!count(parser, start->start_mark.index, depth, 0) ||
        !check_tag(parser, start, start->data.mapping_start.tag, &is_text)) {
        return NULL;
    }
    g_autoptr(BaseYaml) map = node_new(parser, BASE_YAML_MAP, start);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) merges = g_ptr_array_new();
    MapBuild build = {.map = map, .seen = seen};
    bool ok = parse_entries(parser, &build, merges, depth);
    for (guint i = 0; i < merges->len; i++) {
        BaseYaml *value = g_ptr_array_index(merges, i);
        ok = ok && merge(parser, &build, value);
        g_ptr_array_add(parser->graveyard, value);
    }
    if (!ok) {
        return NULL;
    }
    remember(parser, start->data.mapping_start.anchor, map);
    return g_steal_pointer(&map);
}

/* ---- aliases ---- */

static void copy_list(GPtrArray **to, const GPtrArray *from)
{
    *to = from == NULL ? NULL : g_ptr_array_new_full(from->len, node_free);
}

static BaseYaml *copy_node(Parser *parser, const BaseYaml *from, size_t index, unsigned depth)
{
    if (!count(parser, index, depth, from->text == NULL ? 0 : strlen(from->text))) {
        return NULL;
    }
    g_autoptr(BaseYaml) node = g_new0(BaseYaml, 1);
    *node = *from;
    node->text = g_strdup(from->text);
    copy_list(&node->items, from->items);
    copy_list(&node->keys, from->keys);
    for (guint i = 0; from->keys != NULL && i < from->keys->len; i++) {
        BaseYaml *key = copy_node(parser, g_ptr_array_index(from->keys, i), index, depth + 1);
        if (key == NULL) {
            return NULL;
        }
        g_ptr_array_add(node->keys, key);
    }
    for (guint i = 0; from->items != NULL && i < from->items->len; i++) {
        BaseYaml *item = copy_node(parser, g_ptr_array_index(from->items, i), index, depth + 1);
        if (item == NULL) {
            return NULL;
        }
        g_ptr_array_add(node->items, item);
    }
    return g_steal_pointer(&node);
}

static BaseYaml *parse_alias(Parser *parser, const yaml_event_t *event, unsigned depth)
{
    const char *name = (const char *)event->data.alias.anchor;
    const BaseYaml *target = g_hash_table_lookup(parser->anchors, name);
    if (target == NULL) {
        fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index,
                "no anchor `&%s` stands before this alias", name);
        return NULL;
    }
    BaseYaml *node = copy_node(parser, target, event->start_mark.index, depth);
    if (node != NULL) {
        /* The alias is what the reader sees here; what is inside it keeps the anchor's places. */
        place(parser, event->start_mark.index, &node->line, &node->column);
        node->end_column = node->column + (unsigned)strlen(name) + 1;
    }
    return node;
}

static BaseYaml *parse_node(Parser *parser, const yaml_event_t *event, unsigned depth)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return parse_scalar(parser, event, depth);
    case YAML_SEQUENCE_START_EVENT:
        return parse_list(parser, event, depth);
    case YAML_MAPPING_START_EVENT:
        return parse_map(parser, event, depth);
    case YAML_ALIAS_EVENT:
        return parse_alias(parser, event, depth);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    default:
        fail_at(parser, BASE_E_YAML_SYNTAX, event->start_mark.index, "a value is missing");
        return NULL;
    }
}

/* ---- the document ---- */

static BaseYaml *empty_map(const Parser *parser)
{
    BaseYaml *map = g_new0(BaseYaml, 1);
    map->type = BASE_YAML_MAP;
    map->line = parser->line0 + 1;
    map->column = parser->column0 + 1;
    map->end_column = map->column;
    map->items = g_ptr_array_new_with_free_func(node_free);
    map->keys = g_ptr_array_new_with_free_func(node_free);
    return map;
}

/* Stream start, document start, root, document end, stream end. */
static BaseYaml *parse_stream(Parser *parser)
{
    g_autoptr(BaseYaml) root = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next_event(parser, &event)) {
            return NULL;
        }
        yaml_event_type_t type = event.type;
        bool again = type == YAML_DOCUMENT_START_EVENT && root != NULL;
        if (again) {
            fail_at(parser, BASE_E_YAML_SYNTAX, event.start_mark.index,
                    "a file holds one document, here a second begins");
        }
        bool is_value = type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                        type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT;
        if (is_value) {
            root = parse_node(parser, &event, 1);
        }
        yaml_event_delete(&event);
        if (again || (is_value && root == NULL)) {
            return NULL;
        }
        if (type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT) {
            break;
        }
    }
    if (root == NULL || base_yaml_is_null(root)) {
        base_yaml_free(g_steal_pointer(&root));
        return empty_map(parser);
    }
    return g_steal_pointer(&root);
}

static bool check_bytes(Parser *parser, const char *text, size_t len)
{
    if (len > BASE_YAML_MAX_BYTES) {
        base_diags_add(parser->diags, BASE_E_FILE_TOO_LARGE, parser->file, 0, 0, "larger than %d bytes",
                       BASE_YAML_MAX_BYTES);
        return false;
    }
    const char *end = NULL;
    if (!g_utf8_validate_len(text, len, &end)) {
        size_t index = (size_t)g_utf8_strlen(text, end - text);
        fail_at(parser, BASE_E_YAML_SYNTAX, index, "byte 0x%02x is not UTF-8 text", (unsigned char)*end);
        return false;
    }
    return true;
}

BaseYaml *base_yaml_parse(const char *text, size_t len, const char *file, unsigned line0, unsigned column0,
                          BaseDiags *diags)
{
    Parser parser = {.file = file, .line0 = line0, .column0 = column0, .diags = diags};
    parser.cursor = (Cursor){.text = text, .len = len};
    if (!check_bytes(&parser, text, len)) {
        return NULL;
    }
    if (yaml_parser_initialize(&parser.yaml) == 0) {
        g_error("out of memory");
    }
    parser.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    parser.graveyard = g_ptr_array_new_with_free_func(node_free);
    yaml_parser_set_encoding(&parser.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser.yaml, (const unsigned char *)text, len);
    BaseYaml *root = parse_stream(&parser);
    yaml_parser_delete(&parser.yaml);
    g_hash_table_unref(parser.anchors);
    g_ptr_array_unref(parser.graveyard);
    return root;
}

/* ---- reading the tree ---- */

const BaseYaml *base_yaml_get(const BaseYaml *map, const char *key, const BaseYaml **ret_key)
{
    if (map == NULL || map->type != BASE_YAML_MAP) {
        return NULL;
    }
    for (guint i = 0; i < map->keys->len; i++) {
        const BaseYaml *at = g_ptr_array_index(map->keys, i);
        if (strcmp(at->text, key) == 0) {
            if (ret_key != NULL) {
                *ret_key = at;
            }
            return g_ptr_array_index(map->items, i);
        }
    }
    return NULL;
}

static bool is_plain(const BaseYaml *node)
{
    return node != NULL && node->type == BASE_YAML_SCALAR && !node->quoted;
}

static bool is_one_of(const char *text, const char *const *words)
{
    return g_strv_contains(words, text);
}

bool base_yaml_is_null(const BaseYaml *node)
{
    static const char *const NULLS[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_plain(node) && is_one_of(node->text, NULLS);
}

bool base_yaml_to_bool(const BaseYaml *node, bool *ret)
{
    static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
    static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
    if (!is_plain(node)) {
        return false;
    }
    if (is_one_of(node->text, TRUES)) {
        *ret = true;
        return true;
    }
    if (is_one_of(node->text, FALSES)) {
        *ret = false;
        return true;
    }
    return false;
}

bool base_yaml_to_int(const BaseYaml *node, gint64 *ret)
{
    if (!is_plain(node)) {
        return false;
    }
    const char *text = node->text;
    guint base = g_str_has_prefix(text, "0x") ? 16 : g_str_has_prefix(text, "0o") ? 8 : 10;
    if (base == 10) {
        return base_text_to_int(text, G_MININT64, G_MAXINT64, ret);
    }
    guint64 value = 0;
    if (!g_ascii_string_to_unsigned(text + 2, base, 0, G_MAXINT64, &value, NULL)) {
        return false;
    }
    *ret = (gint64)value;
    return true;
}

bool base_yaml_to_real(const BaseYaml *node, double *ret)
{
    return is_plain(node) && base_text_to_real(node->text, ret);
}

static json_t *scalar_to_json(const BaseYaml *node)
{
    bool flag = false;
    gint64 number = 0;
    double real = 0;
    if (base_yaml_is_null(node)) {
        return json_null();
    }
    if (base_yaml_to_bool(node, &flag)) {
        return json_boolean(flag);
    }
    if (base_yaml_to_int(node, &number)) {
        return json_integer(number);
    }
    if (base_yaml_to_real(node, &real)) {
        return json_real(real);
    }
    return json_string(node->text);
}

json_t *base_yaml_to_json(const BaseYaml *node)
{
    if (node->type == BASE_YAML_SCALAR) {
        return scalar_to_json(node);
    }
    json_t *value = node->type == BASE_YAML_LIST ? json_array() : json_object();
    for (guint i = 0; i < node->items->len; i++) {
        json_t *item = base_yaml_to_json(g_ptr_array_index(node->items, i));
        if (node->type == BASE_YAML_LIST) {
            json_array_append_new(value, item);
        } else {
            json_object_set_new(value, ((BaseYaml *)g_ptr_array_index(node->keys, i))->text, item);
        }
    }
    return value;
}
