/* Values are lists of u32 (native order: the file does not travel) and texts that end in 0. An object is its
 * place among the names of the text, from 1. */
#include "catalog/walked_int.h"

#include "catalog/cache_int.h"

#define NAMES_FORMAT "names 1"
#define WALK_FORMAT  "walk 2"
#define NONE         G_MAXUINT32

/* ---- bytes --------------------------------------------------------------------------------------------- */

static void put_int(GByteArray *out, guint32 n)
{
    g_byte_array_append(out, (const guint8 *)&n, sizeof n);
}

static void put_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text) + 1);
}

static void put_optional(GByteArray *out, const char *text)
{
    put_int(out, text != NULL);
    put_text(out, text ? text : "");
}

/* Reads no further once something does not fit. */
typedef struct {
    const char *at;
    size_t left;
    bool bad;
} Reader;

static guint32 get_int(Reader *reader)
{
    guint32 n = 0;
    reader->bad = reader->bad || reader->left < sizeof n;
    if (!reader->bad) {
        memcpy(&n, reader->at, sizeof n);
        reader->at += sizeof n;
        reader->left -= sizeof n;
    }
    return n;
}

static const char *get_text(Reader *reader)
{
    const char *end = reader->bad || !reader->left ? NULL : memchr(reader->at, '\0', reader->left);
    reader->bad = end == NULL;
    if (!end) {
        return "";
    }
    const char *text = reader->at;
    reader->left -= (size_t)(end - text) + 1;
    reader->at = end + 1;
    return text;
}

static const char *get_optional(Reader *reader)
{
    bool there = get_int(reader) != 0;
    const char *text = get_text(reader);
    return there ? text : NULL;
}

/* A count of things that take at least 2 bytes each: what is not there is not made room for. */
static size_t get_count(Reader *reader)
{
    size_t n = get_int(reader);
    reader->bad = reader->bad || n > reader->left / 2;
    return reader->bad ? 0 : n;
}

/* ---- names --------------------------------------------------------------------------------------------- */

static void free_name(gpointer data)
{
    CatalogTableName *name = data;
    g_free(name->schema);
    g_free(name->name);
    g_free(name);
}

static void add_name(GPtrArray *names, const char *schema, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        const CatalogTableName *known = g_ptr_array_index(names, i);
        if (g_str_equal(known->schema, schema) && g_str_equal(known->name, name)) {
            return;
        }
    }
    CatalogTableName *added = g_new0(CatalogTableName, 1);
    added->schema = g_strdup(schema);
    added->name = g_strdup(name);
    g_ptr_array_add(names, added);
}

static char *text_key(const CatalogItem *item)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, (const guchar *)NAMES_FORMAT, sizeof NAMES_FORMAT);
    g_checksum_update(sum, (const guchar *)engine_version(), -1);
    g_checksum_update(sum, (const guchar *)item->node->object.model->sql, -1);
    return g_strdup(g_checksum_get_string(sum));
}

bool catalog_walked_names(CatalogItem *item)
{
    item->text_key = text_key(item);
    g_autoptr(GBytes) bytes = catalog_cache_get(item->text_key);
    if (!bytes) {
        return false;
    }
    Reader reader = {0};
    reader.at = g_bytes_get_data(bytes, &reader.left);
    GPtrArray *names = g_ptr_array_new_with_free_func(free_name);
    for (size_t n = get_count(&reader); n > 0 && !reader.bad; n--) {
        const char *schema = get_text(&reader);
        add_name(names, schema, get_text(&reader));
    }
    if (reader.bad) {
        g_ptr_array_unref(names);
        return false;
    }
    item->names = names;
    return true;
}

static bool note_table(const EngineNode *table, void *user, GError **error)
{
    (void)error;
    if (g_str_equal(engine_node_text(table, "type"), "BASE_TABLE")) {
        add_name(user, engine_node_text(table, "schema_name"), engine_node_text(table, "table_name"));
    }
    return true;
}

bool catalog_walked_read(CatalogItem *item, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(free_name);
    if (!engine_tree_visit_tables(item->tree, note_table, names, error)) {
        return false;
    }
    GByteArray *out = g_byte_array_new();
    put_int(out, names->len);
    for (guint i = 0; i < names->len; i++) {
        const CatalogTableName *name = g_ptr_array_index(names, i);
        put_text(out, name->schema);
        put_text(out, name->name);
    }
    catalog_cache_put(item->text_key, g_byte_array_free_to_bytes(out));
    item->names = g_steal_pointer(&names);
    return true;
}

/* ---- what a walk depends on ------------------------------------------------------------------------------
 */

static const CatalogObject *object_at(const CatalogItem *item, const CatalogColumnsContext *context, guint i,
                                      bool *ret_ambiguous)
{
    const CatalogTableName *name = g_ptr_array_index(item->names, i);
    return context->table(context->user, name->schema, name->name, ret_ambiguous);
}

static void sum_text(GChecksum *sum, const char *text)
{
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

static void sum_object(GChecksum *sum, const CatalogObject *object, const CatalogColumnsContext *context)
{
    bool open = false;
    const GPtrArray *columns = context->columns(context->user, object, &open);
    sum_text(sum, object->id);
    sum_text(sum, open ? "open" : "");
    sum_text(sum, columns ? "columns" : "");
    for (guint i = 0; columns && i < columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        sum_text(sum, column->name);
        sum_text(sum, column->type);
    }
}

char *catalog_walked_key(const CatalogItem *item, const CatalogColumnsContext *context)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    sum_text(sum, WALK_FORMAT);
    sum_text(sum, item->text_key);
    for (guint i = 0; i < item->names->len; i++) {
        bool ambiguous = false;
        const CatalogObject *object = object_at(item, context, i, &ambiguous);
        sum_text(sum, ambiguous ? "ambiguous" : object ? "is" : "none");
        if (object) {
            sum_object(sum, object, context);
        }
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* ---- writing ------------------------------------------------------------------------------------------- */

typedef struct {
    GByteArray *out;
    GHashTable *places; /* object -> its place among the names, from 1 */
    bool bad;
} Writer;

static void put_object(Writer *writer, const CatalogObject *object)
{
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(writer->places, object));
    writer->bad = writer->bad || place == 0;
    put_int(writer->out, place);
}

static void put_origins(Writer *writer, const CatalogOrigins *origins)
{
    put_int(writer->out, origins ? (guint32)origins->n : 0);
    for (size_t i = 0; origins && i < origins->n; i++) {
        put_object(writer, origins->items[i].object);
        put_int(writer->out, origins->items[i].how);
        put_optional(writer->out, origins->items[i].column);
    }
}

static void put_uses(Writer *writer, const GArray *uses)
{
    put_int(writer->out, uses->len);
    for (guint i = 0; i < uses->len; i++) {
        const CatalogTableUse *use = &g_array_index(uses, CatalogTableUse, i);
        put_int(writer->out, use->offset == SIZE_MAX ? NONE : (guint32)use->offset);
        put_object(writer, use->object);
        put_text(writer->out, use->schema);
        put_text(writer->out, use->name);
        put_int(writer->out, use->aliased);
    }
}

void catalog_walked_put(const CatalogItem *item, const CatalogColumnsContext *context, const char *key,
                        const CatalogColumnsResult *result)
{
    g_autoptr(GHashTable) places = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < item->names->len; i++) {
        bool ambiguous = false;
        const CatalogObject *object = object_at(item, context, i, &ambiguous);
        if (object) {
            g_hash_table_insert(places, (gpointer)(guintptr)object, GUINT_TO_POINTER(i + 1));
        }
    }
    Writer writer = {.out = g_byte_array_new(), .places = places};
    put_int(writer.out, result->open);
    put_int(writer.out, result->uses_interval);
    put_uses(&writer, result->uses);
    put_uses(&writer, result->schemas);
    put_origins(&writer, result->filters);
    put_int(writer.out, (guint32)result->n_outputs);
    for (size_t i = 0; i < result->n_outputs; i++) {
        put_optional(writer.out, result->outputs[i].name);
        put_text(writer.out, result->outputs[i].type ? result->outputs[i].type : "");
        put_origins(&writer, result->outputs[i].origins);
    }
    GBytes *bytes = g_byte_array_free_to_bytes(writer.out);
    if (writer.bad) {
        g_bytes_unref(bytes);
        return;
    }
    catalog_cache_put(key, bytes);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

/* All of the result lives beside the value's own bytes: its texts point into them. */
typedef struct {
    Reader reader;
    const CatalogObject **objects;
    guint n_objects;
    GPtrArray *arena;
} Decoder;

static void *keep(Decoder *decoder, size_t bytes)
{
    void *block = g_malloc0(MAX(bytes, 1));
    g_ptr_array_add(decoder->arena, block);
    return block;
}

static const CatalogObject *get_object(Decoder *decoder)
{
    guint32 place = get_int(&decoder->reader);
    bool known = place >= 1 && place <= decoder->n_objects && decoder->objects[place - 1];
    decoder->reader.bad = decoder->reader.bad || !known;
    return known ? decoder->objects[place - 1] : NULL;
}

static const CatalogOrigins *get_origins(Decoder *decoder)
{
    size_t n = get_count(&decoder->reader);
    if (n == 0) {
        return NULL;
    }
    CatalogOrigins *origins = keep(decoder, sizeof *origins + n * sizeof origins->items[0]);
    for (; origins->n < n && !decoder->reader.bad; origins->n++) {
        CatalogOrigin *origin = &origins->items[origins->n];
        origin->object = get_object(decoder);
        guint32 how = get_int(&decoder->reader);
        decoder->reader.bad = decoder->reader.bad || how > CATALOG_HOW_FILTER;
        origin->how = (CatalogHow)how;
        origin->column = get_optional(&decoder->reader);
    }
    return origins;
}

static GArray *get_uses(Decoder *decoder)
{
    GArray *uses = g_array_new(FALSE, FALSE, sizeof(CatalogTableUse));
    for (size_t n = get_count(&decoder->reader); n > 0 && !decoder->reader.bad; n--) {
        guint32 offset = get_int(&decoder->reader);
        CatalogTableUse use = {.offset = offset == NONE ? SIZE_MAX : offset, .object = get_object(decoder)};
        use.schema = get_text(&decoder->reader);
        use.name = get_text(&decoder->reader);
        use.aliased = get_int(&decoder->reader) != 0;
        g_array_append_val(uses, use);
    }
    return uses;
}

static void get_outputs(Decoder *decoder, CatalogColumnsResult *ret)
{
    size_t n = get_count(&decoder->reader);
    ret->outputs = keep(decoder, n * sizeof *ret->outputs);
    for (; ret->n_outputs < n && !decoder->reader.bad; ret->n_outputs++) {
        CatalogOutput *output = &ret->outputs[ret->n_outputs];
        output->name = get_optional(&decoder->reader);
        output->type = get_text(&decoder->reader);
        output->origins = get_origins(decoder);
    }
}

bool catalog_walked_get(const CatalogItem *item, const CatalogColumnsContext *context, const char *key,
                        CatalogColumnsResult *ret)
{
    g_autoptr(GBytes) bytes = catalog_cache_get(key);
    if (!bytes) {
        return false;
    }
    Decoder decoder = {.arena = g_ptr_array_new_with_free_func(g_free), .n_objects = item->names->len};
    decoder.reader.at = g_bytes_get_data(bytes, &decoder.reader.left);
    char *text = keep(&decoder, decoder.reader.left);
    decoder.reader.at = memcpy(text, decoder.reader.at, decoder.reader.left);
    decoder.objects = keep(&decoder, item->names->len * sizeof *decoder.objects);
    for (guint i = 0; i < item->names->len; i++) {
        bool ambiguous = false;
        decoder.objects[i] = object_at(item, context, i, &ambiguous);
    }
    *ret = (CatalogColumnsResult){.arena = decoder.arena};
    ret->open = get_int(&decoder.reader) != 0;
    ret->uses_interval = get_int(&decoder.reader) != 0;
    ret->uses = get_uses(&decoder);
    ret->schemas = get_uses(&decoder);
    ret->filters = get_origins(&decoder);
    get_outputs(&decoder, ret);
    if (decoder.reader.bad) {
        catalog_columns_clear(ret);
        return false;
    }
    return true;
}
