/* Reading online: each view of a selection is read once for all rows, on-demand features are computed from
 * what was read and from the request, and every value gets its status. See store.h. */
#include "base/time.h"
#include "features/profile.h"
#include "features/store_int.h"

static const char *const STATUS_NAMES[] = {"INVALID", "PRESENT", "NULL_VALUE", "NOT_FOUND",
                                           "OUTSIDE_MAX_AGE"};

const char *features_status_name(FeaturesStatus status)
{
    return STATUS_NAMES[status];
}

/* What one call needs of one view. */
typedef struct {
    size_t n_wanted;
    size_t *wanted;      /* features of the view, each once */
    size_t *slot;        /* of feature f in wanted; G_MAXSIZE = not wanted */
    FeaturesCell *cells; /* cells[slot * n + row] */
} Reading;

typedef struct {
    Features *features;
    const FeaturesSelection *selection;
    const FeaturesValue *const *keys, *const *request;
    size_t n;
    gint64 now_us;
    FeaturesArena *arena;
    Reading *readings; /* one a use */
} Serving;

/* ---- what is wanted ---------------------------------------------------------------------------------- */

static void want(Reading *reading, size_t feature)
{
    if (reading->slot[feature] == G_MAXSIZE) {
        reading->slot[feature] = reading->n_wanted;
        reading->wanted[reading->n_wanted++] = feature;
    }
}

static void want_inputs(Serving *serving, const FeaturesUse *use)
{
    for (size_t i = 0; i < use->view->n_inputs; i++) {
        want(&serving->readings[use->inputs[i].use], use->inputs[i].feature);
    }
}

static void plan(Serving *serving)
{
    const FeaturesSelection *selection = serving->selection;
    serving->readings = features_arena_take(serving->arena, selection->n_uses * sizeof(Reading));
    for (size_t u = 0; u < selection->n_uses; u++) {
        size_t n = selection->uses[u].view->n_features;
        Reading *reading = &serving->readings[u];
        *reading = (Reading){.wanted = features_arena_take(serving->arena, n * sizeof(size_t)),
                             .slot = features_arena_take(serving->arena, n * sizeof(size_t))};
        memset(reading->slot, 0xff, n * sizeof(size_t));
    }
    for (size_t p = 0; p < selection->n_picks; p++) {
        want(&serving->readings[selection->picks[p].use], selection->picks[p].feature);
    }
    for (size_t u = selection->n_uses; u-- > 0;) { /* what a view computes from stands before it */
        if (selection->uses[u].view->from == FEATURES_FROM_REQUEST && serving->readings[u].n_wanted > 0) {
            want_inputs(serving, &selection->uses[u]);
        }
    }
    for (size_t u = 0; u < selection->n_uses; u++) {
        Reading *reading = &serving->readings[u];
        reading->cells =
            features_arena_take(serving->arena, reading->n_wanted * serving->n * sizeof(FeaturesCell));
    }
}

/* ---- views that are stored ----------------------------------------------------------------------------- */

static size_t key_column(const FeaturesSelection *selection, const char *name)
{
    size_t k = 0;
    while (!g_str_equal(selection->keys[k], name)) {
        k++;
    }
    return k;
}

/* Keys of all rows, row by row, as the store takes them. */
static FeaturesValue *gather_keys(const Serving *serving, const FeaturesUse *use)
{
    size_t n_keys = use->view->n_keys;
    FeaturesValue *keys = features_arena_take(serving->arena, serving->n * n_keys * sizeof *keys);
    for (size_t k = 0; k < n_keys; k++) {
        const FeaturesValue *column = serving->keys[key_column(serving->selection, use->keys[k])];
        for (size_t row = 0; row < serving->n; row++) {
            keys[row * n_keys + k] = column[row];
        }
    }
    return keys;
}

typedef struct {
    const FeaturesValue *keys;
    size_t n;
} EntityKey;

static guint entity_hash(gconstpointer data)
{
    const EntityKey *key = data;
    guint hash = 0;
    for (size_t i = 0; i < key->n; i++) {
        const FeaturesValue *value = &key->keys[i];
        bool text = value->type == FEATURES_STRING || value->type == FEATURES_BYTES;
        guint part = 0;
        if (!value->null && text) {
            g_autoptr(GBytes) bytes = g_bytes_new_static(value->text.bytes, value->text.len);
            part = g_bytes_hash(bytes);
        } else if (!value->null) {
            part = value->type == FEATURES_BOOL ? value->boolean : g_int64_hash(&value->i64);
        }
        hash = hash * 31 + part;
    }
    return hash;
}

static gboolean entity_equal(gconstpointer a, gconstpointer b)
{
    const EntityKey *x = a, *y = b;
    for (size_t i = 0; i < x->n; i++) {
        if (!features_value_equal(&x->keys[i], &y->keys[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Moves the first row of each entity to the front of `keys`; place[row] is where its entity went. */
static size_t once(const Serving *serving, FeaturesValue *keys, size_t n_keys, size_t *place)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(entity_hash, entity_equal);
    EntityKey *entities = features_arena_take(serving->arena, serving->n * sizeof *entities);
    size_t n = 0;
    for (size_t row = 0; row < serving->n; row++) {
        entities[n] = (EntityKey){.keys = keys + n * n_keys, .n = n_keys};
        memmove(keys + n * n_keys, keys + row * n_keys, n_keys * sizeof *keys);
        gpointer before;
        if (g_hash_table_lookup_extended(seen, &entities[n], NULL, &before)) {
            place[row] = GPOINTER_TO_SIZE(before);
        } else {
            g_hash_table_insert(seen, &entities[n], GSIZE_TO_POINTER(n));
            place[row] = n++;
        }
    }
    return n;
}

/* Times that a table holds may lie so far apart that their distance is no number. */
static bool is_older(gint64 event_us, gint64 now_us, gint64 age_us)
{
    gint64 past_us;
    return __builtin_sub_overflow(now_us, event_us, &past_us) ? event_us < 0 : past_us > age_us;
}

static void cell_of(const FeaturesView *view, const FeaturesFeature *feature, const FeaturesRead *read,
                    size_t slot, gint64 now_us, FeaturesCell *ret)
{
    bool there = read->found && !read->other_type;
    *ret = (FeaturesCell){.value = {.type = feature->type, .null = true},
                          .status = FEATURES_NOT_FOUND,
                          .event_us = there ? read->event_us : FEATURES_NO_TIME};
    if (there) {
        ret->value = read->values[slot];
        ret->status = view->ttl_us > 0 && is_older(read->event_us, now_us, view->ttl_us)
                          ? FEATURES_OUTSIDE_MAX_AGE
                      : ret->value.null ? FEATURES_NULL_VALUE
                                        : FEATURES_PRESENT;
    }
    if (ret->value.null && feature->missing.type != FEATURES_INVALID) {
        ret->value = feature->missing;
    }
}

static bool read_view(const Serving *serving, FeaturesOnline *online, size_t u, GError **error)
{
    const FeaturesUse *use = &serving->selection->uses[u];
    const FeaturesView *view = use->view;
    Reading *reading = &serving->readings[u];
    FeaturesValue *keys = gather_keys(serving, use);
    size_t *place = features_arena_take(serving->arena, serving->n * sizeof *place), n = 1;
    place[0] = 0;
    if (serving->n > 1) {
        n = once(serving, keys, view->n_keys, place);
    }
    FeaturesRead *reads = features_arena_take(serving->arena, n * sizeof *reads);
    if (!features_online_get(online, view, keys, n, reading->wanted, reading->n_wanted, serving->arena, reads,
                             error)) {
        return false;
    }
    for (size_t slot = 0; slot < reading->n_wanted; slot++) {
        const FeaturesFeature *feature = &view->features[reading->wanted[slot]];
        FeaturesCell *cells = reading->cells + slot * serving->n;
        for (size_t row = 0; row < serving->n; row++) {
            cell_of(view, feature, &reads[place[row]], slot, serving->now_us, &cells[row]);
        }
    }
    return true;
}

/* ---- views that are computed -----------------------------------------------------------------------------
 */

typedef struct {
    FeaturesTable table;
    GArray *names, *types, *columns;
} Columns;

static void add_column(Columns *columns, const char *name, FeaturesType type, const FeaturesValue *values)
{
    g_array_append_val(columns->names, name);
    g_array_append_val(columns->types, type);
    g_array_append_val(columns->columns, values);
}

static void add_input(const Serving *serving, Columns *columns, const FeaturesUse *use, size_t i)
{
    const Reading *reading = &serving->readings[use->inputs[i].use];
    const FeaturesCell *cells = reading->cells + reading->slot[use->inputs[i].feature] * serving->n;
    FeaturesValue *values = features_arena_take(serving->arena, serving->n * sizeof *values);
    for (size_t row = 0; row < serving->n; row++) {
        values[row] = cells[row].value;
    }
    add_column(columns, use->view->inputs[i].name, use->view->inputs[i].type, values);
}

static void gather_columns(const Serving *serving, const FeaturesUse *use, Columns *columns)
{
    const FeaturesView *view = use->view;
    for (size_t r = 0; r < view->n_request; r++) {
        for (size_t i = 0; i < serving->selection->n_request; i++) {
            if (g_str_equal(serving->selection->request[i], view->request[r].name)) {
                add_column(columns, view->request[r].name, view->request[r].type, serving->request[i]);
            }
        }
    }
    for (size_t i = 0; i < view->n_inputs; i++) {
        add_input(serving, columns, use, i);
    }
    columns->table = (FeaturesTable){.n = serving->n,
                                     .n_columns = columns->names->len,
                                     .names = (const char **)(void *)columns->names->data,
                                     .types = (const FeaturesType *)(void *)columns->types->data,
                                     .columns = (const FeaturesValue *const *)(void *)columns->columns->data};
}

static bool compute_view(const Serving *serving, size_t u, GError **error)
{
    const FeaturesView *view = serving->selection->uses[u].view;
    Reading *reading = &serving->readings[u];
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(char *));
    g_autoptr(GArray) types = g_array_new(FALSE, FALSE, sizeof(FeaturesType));
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(FeaturesValue *));
    Columns columns = {.names = names, .types = types, .columns = values};
    gather_columns(serving, &serving->selection->uses[u], &columns);
    FeaturesValue *out = features_arena_take(serving->arena, reading->n_wanted * serving->n * sizeof *out);
    if (!features_calculate(serving->features, view, &columns.table, reading->wanted, reading->n_wanted,
                            serving->arena, out, error)) {
        return false;
    }
    for (size_t i = 0; i < reading->n_wanted * serving->n; i++) {
        const FeaturesFeature *feature = &view->features[reading->wanted[i / serving->n]];
        bool null = out[i].null, filled = null && feature->missing.type != FEATURES_INVALID;
        reading->cells[i] = (FeaturesCell){.value = filled ? feature->missing : out[i],
                                           .status = null ? FEATURES_NULL_VALUE : FEATURES_PRESENT,
                                           .event_us = serving->now_us};
    }
    return true;
}

/* ---- the call
 * ---------------------------------------------------------------------------------------------- */

static bool read_all(Serving *serving, GError **error)
{
    const FeaturesSelection *selection = serving->selection;
    FeaturesOnline *online = NULL;
    for (size_t u = 0; u < selection->n_uses; u++) {
        if (selection->uses[u].view->from == FEATURES_FROM_REQUEST || serving->readings[u].n_wanted == 0) {
            continue;
        }
        online = online ? online : features_online(serving->features, error);
        if (!online || !read_view(serving, online, u, error)) {
            return false;
        }
    }
    for (size_t u = 0; u < selection->n_uses; u++) {
        if (selection->uses[u].view->from == FEATURES_FROM_REQUEST && serving->readings[u].n_wanted > 0 &&
            !compute_view(serving, u, error)) {
            return false;
        }
    }
    return true;
}

static void note_served(const Serving *serving, size_t u)
{
    const Reading *reading = &serving->readings[u];
    FeaturesServed *served = features_served_of(serving->features, serving->selection->uses[u].view);
    features_served_lock(served);
    for (size_t slot = 0; slot < reading->n_wanted; slot++) {
        features_served_note(served, reading->wanted[slot], reading->cells + slot * serving->n, serving->n);
    }
    features_served_unlock(served);
}

bool features_serve(Features *features, const FeaturesSelection *selection, const FeaturesValue *const *keys,
                    const FeaturesValue *const *request, size_t n, gint64 now_us, FeaturesArena *arena,
                    FeaturesCell **ret_cells, GError **error)
{
    Serving serving = {.features = features,
                       .selection = selection,
                       .keys = keys,
                       .request = request,
                       .n = n,
                       .now_us = now_us == G_MININT64 ? base_time_now_us() : now_us,
                       .arena = arena};
    FeaturesCell *cells = features_arena_take(arena, MAX(selection->n_picks * n, 1) * sizeof *cells);
    if (n > 0) {
        plan(&serving);
        if (!read_all(&serving, error)) {
            return false;
        }
    }
    for (size_t u = 0; n > 0 && u < selection->n_uses; u++) {
        note_served(&serving, u);
    }
    for (size_t p = 0; n > 0 && p < selection->n_picks; p++) {
        const Reading *reading = &serving.readings[selection->picks[p].use];
        memcpy(cells + p * n, reading->cells + reading->slot[selection->picks[p].feature] * n,
               n * sizeof *cells);
    }
    *ret_cells = cells;
    return true;
}
