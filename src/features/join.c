/* The point-in-time join over arrays.
 *
 * 1. Rows of both sides that can match at all are written as entries (key, time, row) into partitions by a
 *    hash of their key, so that all of a key lies in one partition, and one partition in a core's cache.
 * 2. For each partition, on any thread: the source's entries are grouped by key (a hash table of the keys
 * that are there, then a counting sort), each group is put in the order of who wins, and each asking entry
 * finds its group and searches it.
 *
 * A single integer key is its own entry key; other keys are there as a hash of 64 bits, and equal hashes are
 * compared key by key. Nothing is ever joined into one text.
 *
 * Order of winning: time, then created (NULL first), then stored order. Within a group that order is total,
 * so the winner for a time is the last entry up to it; with a bound on `created` the last one that was known,
 * found through minima of blocks of 2, 4, 8, ... entries in O(log^2) steps. */
#include "features/join_int.h"

#include <string.h>

#define PART_ROWS                                                                                            \
    32768 /* aimed at: 24 bytes each, with what is made of them, stay in a second-level cache                \
           */
#define MAX_PARTS      1024
#define MAX_THREADS    64
#define CANCEL_ROWS    65536
#define INSERTION_ROWS 24
#define TABLE_FIRST    256
#define NO_SLOT        G_MAXUINT32

typedef struct {
    guint64 key; /* the integer, or a hash */
    gint64 time;
    guint32 row;
    guint32 group;
} Entry;

/* One side in partitions: entries[starts[p] .. starts[p + 1]). */
typedef struct {
    const FeaturesJoinSide *side;
    Entry *entries;
    size_t *starts; /* n_parts + 1 */
    size_t *counts; /* [thread][part]: rows, then where the thread writes next */
} Parted;

typedef struct {
    const FeaturesJoinRules *rules;
    const gint *cancel;
    guint64 hash_mask;
    guint32 *ret_row;
    bool exact;   /* a single integer key */
    bool bounded; /* asking rows say until when things were known */
    unsigned n_threads, part_bits;
    size_t n_parts;
    Parted asking, source;
    gint next_part;     /* atomic */
    gint out_of_memory; /* atomic */
} Join;

static bool cancelled(const Join *join)
{
    return join->cancel && __atomic_load_n(join->cancel, __ATOMIC_RELAXED);
}

/* ---- keys --------------------------------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 Wide;

static guint64 mix(guint64 a, guint64 b)
{
    Wide product =
        (Wide)(a ^ G_GUINT64_CONSTANT(0x9E3779B97F4A7C15)) * (b ^ G_GUINT64_CONSTANT(0xD6E8FEB86659FD93));
    return (guint64)product ^ (guint64)(product >> 64);
}

static guint64 hash_bytes(const char *bytes, size_t len)
{
    guint64 hash = len;
    for (; len >= 8; bytes += 8, len -= 8) {
        guint64 word;
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
    }
    guint64 tail = 0;
    if (len > 0) {
        memcpy(&tail, bytes, len);
    }
    return mix(hash, tail + 1);
}

static bool is_valid(const FeaturesJoinKeys *key, size_t row)
{
    return !key->valid || (key->valid[row / 64] >> (row % 64) & 1);
}

static bool has_keys(const FeaturesJoinSide *side, size_t row)
{
    for (size_t k = 0; k < side->n_keys; k++) {
        if (!is_valid(&side->keys[k], row)) {
            return false;
        }
    }
    return true;
}

static guint64 key_of(const Join *join, const FeaturesJoinSide *side, size_t row)
{
    if (join->exact) {
        return (guint64)side->keys[0].i64[row];
    }
    guint64 hash = 0;
    for (size_t k = 0; k < side->n_keys; k++) {
        const FeaturesJoinKeys *key = &side->keys[k];
        guint64 one =
            key->i64 ? (guint64)key->i64[row]
                     : hash_bytes(key->bytes + key->offsets[row], key->offsets[row + 1] - key->offsets[row]);
        hash = mix(hash + 1, one);
    }
    return hash & join->hash_mask;
}

static bool equal_keys(const FeaturesJoinSide *a, size_t i, const FeaturesJoinSide *b, size_t j)
{
    for (size_t k = 0; k < a->n_keys; k++) {
        const FeaturesJoinKeys *x = &a->keys[k], *y = &b->keys[k];
        if (x->i64) {
            if (x->i64[i] != y->i64[j]) {
                return false;
            }
            continue;
        }
        size_t len = x->offsets[i + 1] - x->offsets[i];
        if (len != y->offsets[j + 1] - y->offsets[j] ||
            (len && memcmp(x->bytes + x->offsets[i], y->bytes + y->offsets[j], len) != 0)) {
            return false;
        }
    }
    return true;
}

/* ---- threads ------------------------------------------------------------------------------------------ */

typedef void (*Work)(Join *join, unsigned thread);

typedef struct {
    Join *join;
    Work work;
    unsigned thread;
} Job;

static gpointer run_job(gpointer data)
{
    const Job *job = data;
    job->work(job->join, job->thread);
    return NULL;
}

static void on_all_threads(Join *join, Work work)
{
    GThread *threads[MAX_THREADS];
    Job jobs[MAX_THREADS];
    for (unsigned t = 0; t < join->n_threads; t++) {
        jobs[t] = (Job){join, work, t};
        threads[t] = t ? g_thread_new("features-join", run_job, &jobs[t]) : NULL;
    }
    run_job(&jobs[0]);
    for (unsigned t = 1; t < join->n_threads; t++) {
        g_thread_join(threads[t]);
    }
}

/* ---- into partitions ------------------------------------------------------------------------------------
 */

static size_t part_of(const Join *join, guint64 key)
{
    return join->part_bits ? (size_t)(mix(key, 0) >> (64 - join->part_bits)) : 0;
}

static bool can_match(const Join *join, const Parted *parted, size_t row)
{
    const FeaturesJoinSide *side = parted->side;
    if (side->time_us[row] == G_MININT64 || !has_keys(side, row)) {
        return false;
    }
    return parted != &join->source || !join->bounded ||
           (side->created_us && side->created_us[row] != G_MININT64);
}

/* Counts (entries NULL) or writes the rows of a thread's share. */
static void part_rows(Join *join, Parted *parted, unsigned thread)
{
    size_t n = parted->side->n_rows, *at = parted->counts + thread * join->n_parts;
    size_t from = n / join->n_threads * thread;
    size_t to = thread + 1 == join->n_threads ? n : n / join->n_threads * (thread + 1);
    for (size_t row = from; row < to; row++) {
        if (row % CANCEL_ROWS == 0 && cancelled(join)) {
            return;
        }
        if (!can_match(join, parted, row)) {
            continue;
        }
        guint64 key = key_of(join, parted->side, row);
        size_t slot = at[part_of(join, key)]++;
        if (parted->entries) {
            parted->entries[slot] = (Entry){key, parted->side->time_us[row], (guint32)row, 0};
        }
    }
}

static void part_source(Join *join, unsigned thread)
{
    part_rows(join, &join->source, thread);
}

static void part_asking(Join *join, unsigned thread)
{
    part_rows(join, &join->asking, thread);
}

/* Counts become places: partition by partition, in it thread by thread, so that rows keep their order. */
static size_t place_counts(const Join *join, Parted *parted)
{
    size_t at = 0;
    for (size_t p = 0; p < join->n_parts; p++) {
        parted->starts[p] = at;
        for (unsigned t = 0; t < join->n_threads; t++) {
            size_t *count = &parted->counts[t * join->n_parts + p], n = *count;
            *count = at;
            at += n;
        }
    }
    parted->starts[join->n_parts] = at;
    return at;
}

static bool part_side(Join *join, Parted *parted, const FeaturesJoinSide *side, Work work)
{
    parted->side = side;
    parted->starts = g_try_new0(size_t, join->n_parts + 1);
    parted->counts = g_try_new0(size_t, join->n_parts * join->n_threads);
    if (!parted->starts || !parted->counts) {
        return false;
    }
    on_all_threads(join, work);
    parted->entries = g_try_new(Entry, place_counts(join, parted) + 1);
    if (parted->entries && !cancelled(join)) {
        on_all_threads(join, work);
    }
    return parted->entries != NULL;
}

static void parted_clear(Parted *parted)
{
    g_free(parted->entries);
    g_free(parted->starts);
    g_free(parted->counts);
}

/* ---- groups of a partition
 * --------------------------------------------------------------------------------- */

typedef struct {
    gint64 time;
    guint32 row;
} Candidate;

typedef struct {
    guint64 key;
    guint32 row; /* the first of it */
    size_t count, start;
} Group;

/* What a thread works with; grows to the largest partition it meets. */
typedef struct {
    Join *join;
    GArray *groups; /* Group */
    guint32 *table; /* open addressing: index of a group or NO_SLOT */
    size_t table_size;
    Candidate *rows, *spare;
    size_t room;
    gint64 *minima; /* of created, blocks of 1, 2, 4, ...; 2 * room */
    size_t levels[64];
} Bench;

static guint32 *slot_of(const Bench *bench, const FeaturesJoinSide *side, guint64 key, guint32 row)
{
    size_t at = (size_t)mix(key, 0) & (bench->table_size - 1);
    for (;; at = (at + 1) & (bench->table_size - 1)) {
        guint32 *slot = &bench->table[at];
        if (*slot == NO_SLOT) {
            return slot;
        }
        const Group *group = &g_array_index(bench->groups, Group, *slot);
        if (group->key == key &&
            (bench->join->exact || equal_keys(side, row, bench->join->source.side, group->row))) {
            return slot;
        }
    }
}

static bool table_resize(Bench *bench, size_t size)
{
    if (size != bench->table_size) {
        guint32 *table = g_try_renew(guint32, bench->table, size);
        if (!table) {
            return false;
        }
        bench->table = table;
        bench->table_size = size;
    }
    memset(bench->table, 0xFF, size * sizeof *bench->table);
    for (guint i = 0; i < bench->groups->len; i++) {
        const Group *group = &g_array_index(bench->groups, Group, i);
        size_t at = (size_t)mix(group->key, 0) & (size - 1);
        while (bench->table[at] != NO_SLOT) {
            at = (at + 1) & (size - 1);
        }
        bench->table[at] = i;
    }
    return true;
}

static bool find_groups(Bench *bench, Entry *entries, size_t n)
{
    g_array_set_size(bench->groups, 0);
    if (!table_resize(bench, TABLE_FIRST)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        Entry *e = &entries[i];
        guint32 *slot = slot_of(bench, bench->join->source.side, e->key, e->row);
        if (*slot == NO_SLOT) {
            Group group = {.key = e->key, .row = e->row};
            *slot = bench->groups->len;
            g_array_append_val(bench->groups, group);
        }
        e->group = *slot;
        g_array_index(bench->groups, Group, e->group).count++;
        if (bench->groups->len * 2 > bench->table_size && !table_resize(bench, bench->table_size * 4)) {
            return false;
        }
    }
    return true;
}

static void place_rows(Bench *bench, const Entry *entries, size_t n)
{
    Group *groups = (Group *)(void *)bench->groups->data;
    size_t at = 0;
    for (guint g = 0; g < bench->groups->len; g++) {
        groups[g].start = at;
        at += groups[g].count;
        groups[g].count = 0;
    }
    for (size_t i = 0; i < n; i++) {
        Group *group = &groups[entries[i].group];
        bench->rows[group->start + group->count++] = (Candidate){entries[i].time, entries[i].row};
    }
}

/* ---- the order of winning ---------------------------------------------------------------------------------
 */

static bool ties_before(const FeaturesJoinSide *source, guint32 a, guint32 b)
{
    if (source->created_us && source->created_us[a] != source->created_us[b]) {
        return source->created_us[a] < source->created_us[b];
    }
    if (source->order && source->order[a] != source->order[b]) {
        return source->order[a] < source->order[b];
    }
    return a < b;
}

static inline bool before(const FeaturesJoinSide *source, const Candidate *a, const Candidate *b)
{
    return a->time != b->time ? a->time < b->time : ties_before(source, a->row, b->row);
}

static void insertion_sort(const FeaturesJoinSide *source, Candidate *rows, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        Candidate moved = rows[i];
        size_t at = i;
        for (; at > 0 && before(source, &moved, &rows[at - 1]); at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = moved;
    }
}

/* a[0..n) and a[n..n+m) are in order. */
static void merge(const FeaturesJoinSide *source, Candidate *a, size_t n, size_t m, Candidate *spare)
{
    if (before(source, &a[n - 1], &a[n])) {
        return;
    }
    memcpy(spare, a, n * sizeof *a);
    size_t left = 0, right = n, out = 0;
    while (left < n && right < n + m) {
        a[out++] = before(source, &a[right], &spare[left]) ? a[right++] : spare[left++];
    }
    memcpy(&a[out], &spare[left], (n - left) * sizeof *a);
}

/* Rows most often lie in order of time, or nearly: then this is one pass. */
static void sort_rows(const FeaturesJoinSide *source, Candidate *rows, size_t n, Candidate *spare)
{
    size_t ordered = 1;
    while (ordered < n && before(source, &rows[ordered - 1], &rows[ordered])) {
        ordered++;
    }
    if (ordered >= n) {
        return;
    }
    for (size_t at = 0; at < n; at += INSERTION_ROWS) {
        insertion_sort(source, rows + at, MIN((size_t)INSERTION_ROWS, n - at));
    }
    for (size_t width = INSERTION_ROWS; width < n; width *= 2) {
        for (size_t at = 0; at + width < n; at += 2 * width) {
            merge(source, rows + at, width, MIN(width, n - at - width), spare);
        }
    }
}

/* ---- searching ---------------------------------------------------------------------------------------- */

static void make_minima(Bench *bench, size_t n)
{
    const gint64 *created = bench->join->source.side->created_us;
    for (size_t i = 0; i < n; i++) {
        bench->minima[i] = created[bench->rows[i].row];
    }
    bench->levels[0] = 0;
    for (size_t level = 1, from = 0, len = n; len > 1; level++) {
        size_t to = from + len;
        for (size_t i = 0; i + 1 < len; i += 2) {
            bench->minima[to + i / 2] = MIN(bench->minima[from + i], bench->minima[from + i + 1]);
        }
        bench->levels[level] = from = to;
        len /= 2;
    }
}

/* The last i in [lo, hi) that was known at `bound`; hi when there is none. */
static size_t last_known(const Bench *bench, size_t lo, size_t hi, gint64 bound)
{
    const gint64 *minima = bench->minima;
    for (size_t end = hi; end > lo;) {
        unsigned level = 0; /* of the largest block that ends here and begins past lo */
        while (!(end & (((size_t)2 << level) - 1)) && end - lo >= (size_t)2 << level) {
            level++;
        }
        size_t node = (end >> level) - 1;
        if (minima[bench->levels[level] + node] > bound) {
            end -= (size_t)1 << level;
            continue;
        }
        while (level > 0) {
            level--;
            node = 2 * node + 1;
            node -= minima[bench->levels[level] + node] > bound;
        }
        return node;
    }
    return hi;
}

/* How many of the rows are at or before `time` (exclusive: before). */
static size_t count_until(const Candidate *rows, size_t n, gint64 time, bool exclusive)
{
    size_t lo = 0;
    while (n > 0) {
        size_t half = n / 2;
        bool inside = exclusive ? rows[lo + half].time < time : rows[lo + half].time <= time;
        lo = inside ? lo + half + 1 : lo;
        n = inside ? n - half - 1 : half;
    }
    return lo;
}

static guint32 winner_for(const Bench *bench, const Entry *e)
{
    const Join *join = bench->join;
    guint32 found = *slot_of(bench, join->asking.side, e->key, e->row);
    if (found == NO_SLOT) {
        return FEATURES_NO_ROW;
    }
    const Group *group = &g_array_index(bench->groups, Group, found);
    const FeaturesJoinRules *rules = join->rules;
    size_t end =
        group->start + count_until(bench->rows + group->start, group->count, e->time, rules->exclusive);
    size_t at = end - 1;
    if (end == group->start) {
        return FEATURES_NO_ROW;
    }
    if (join->bounded) {
        at = last_known(bench, group->start, end, join->asking.side->created_us[e->row]);
        if (at == end) {
            return FEATURES_NO_ROW;
        }
    }
    gint64 oldest = 0;
    bool open = rules->ttl_us <= 0 || __builtin_sub_overflow(e->time, rules->ttl_us, &oldest);
    return open || bench->rows[at].time >= oldest ? bench->rows[at].row : FEATURES_NO_ROW;
}

/* ---- a partition ----------------------------------------------------------------------------------------
 */

static bool bench_grow(Bench *bench, size_t n)
{
    if (n <= bench->room) {
        return true;
    }
    g_free(bench->rows);
    g_free(bench->spare);
    g_free(bench->minima);
    bench->room = n + n / 4;
    bench->rows = g_try_new(Candidate, bench->room);
    bench->spare = g_try_new(Candidate, bench->room);
    bench->minima = bench->join->bounded ? g_try_new(gint64, 2 * bench->room) : NULL;
    return bench->rows && bench->spare && (bench->minima || !bench->join->bounded);
}

static bool join_part(Bench *bench, size_t part)
{
    Join *join = bench->join;
    const Parted *source = &join->source, *asking = &join->asking;
    Entry *entries = source->entries + source->starts[part];
    size_t n = source->starts[part + 1] - source->starts[part];
    if (n == 0 || asking->starts[part] == asking->starts[part + 1]) {
        return true;
    }
    if (!bench_grow(bench, n) || !find_groups(bench, entries, n)) {
        return false;
    }
    place_rows(bench, entries, n);
    for (guint g = 0; g < bench->groups->len; g++) {
        const Group *group = &g_array_index(bench->groups, Group, g);
        sort_rows(source->side, bench->rows + group->start, group->count, bench->spare);
    }
    if (join->bounded) {
        make_minima(bench, n);
    }
    for (size_t i = asking->starts[part]; i < asking->starts[part + 1]; i++) {
        join->ret_row[asking->entries[i].row] = winner_for(bench, &asking->entries[i]);
    }
    return true;
}

static void join_parts(Join *join, unsigned thread)
{
    (void)thread;
    Bench bench = {.join = join, .groups = g_array_new(FALSE, FALSE, sizeof(Group))};
    for (;;) {
        size_t part = (size_t)g_atomic_int_add(&join->next_part, 1);
        if (part >= join->n_parts || cancelled(join) || g_atomic_int_get(&join->out_of_memory)) {
            break;
        }
        if (!join_part(&bench, part)) {
            g_atomic_int_set(&join->out_of_memory, 1);
        }
    }
    g_array_unref(bench.groups);
    g_free(bench.table);
    g_free(bench.rows);
    g_free(bench.spare);
    g_free(bench.minima);
}

/* ---- all of it ------------------------------------------------------------------------------------------
 */

static void choose_parts(Join *join, size_t n_source)
{
    while (join->n_parts < MAX_PARTS && join->n_parts * PART_ROWS < n_source) {
        join->n_parts *= 2;
        join->part_bits++;
    }
}

static bool run(Join *join, const FeaturesJoinSide *asking, const FeaturesJoinSide *source, GError **error)
{
    bool ok = part_side(join, &join->source, source, part_source) &&
              part_side(join, &join->asking, asking, part_asking);
    if (ok && !cancelled(join)) {
        on_all_threads(join, join_parts);
    }
    if (!ok || g_atomic_int_get(&join->out_of_memory)) {
        return base_fail(error, BASE_E_MEMORY, "not enough memory to join %zu with %zu rows", asking->n_rows,
                         source->n_rows);
    }
    return !cancelled(join) || base_fail(error, BASE_E_INTERRUPTED, "the join was cancelled");
}

bool features_join_masked(const FeaturesJoinSide *asking, const FeaturesJoinSide *source,
                          const FeaturesJoinRules *rules, guint64 hash_mask, const gint *cancel,
                          guint32 *ret_row, GError **error)
{
    g_return_val_if_fail(asking->n_keys == source->n_keys, false);
    g_return_val_if_fail(asking->n_rows < FEATURES_NO_ROW && source->n_rows < FEATURES_NO_ROW, false);
    Join join = {.rules = rules,
                 .cancel = cancel,
                 .hash_mask = hash_mask,
                 .ret_row = ret_row,
                 .exact = source->n_keys == 1 && source->keys[0].i64,
                 .bounded = asking->created_us != NULL,
                 .n_threads = CLAMP(rules->n_threads, 1, MAX_THREADS),
                 .n_parts = 1};
    for (size_t i = 0; i < asking->n_rows; i++) {
        ret_row[i] = FEATURES_NO_ROW;
    }
    choose_parts(&join, source->n_rows);
    bool ok = run(&join, asking, source, error);
    parted_clear(&join.source);
    parted_clear(&join.asking);
    return ok;
}

bool features_join(const FeaturesJoinSide *asking, const FeaturesJoinSide *source,
                   const FeaturesJoinRules *rules, const gint *cancel, guint32 *ret_row, GError **error)
{
    return features_join_masked(asking, source, rules, G_MAXUINT64, cancel, ret_row, error);
}
