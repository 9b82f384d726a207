/* What the files of intake share. The way of a load:
 *
 *   spool (bytes) -> reader (blocks that end at a row) -> parser (rows as cells) -> convert (typed columns)
 *     -> small: chunks in memory, queued for the committer, one INSERT for many loads
 *     -> large: an engine feed, parsed on the engine's threads inside a transaction of its own
 *   plan = CatalogTable + options: which field feeds which column, and the SELECT over the feed
 *   upsert = what the SELECT gives into a unique or aggregate table
 *   txn = labels and states; commit = the one committer thread */
#ifndef WEIR_INTAKE_INT_H
#define WEIR_INTAKE_INT_H

#include "base/fault.h"
#include "intake/intake.h"

#define INTAKE_ORDER        "_weir_order" /* of a stage: later rows win */
#define INTAKE_DELETE_FLAG  "_weir_delete"
#define INTAKE_SOURCE_LABEL "source."    /* labels of sources are never forgotten: a file loads once */
#define INTAKE_LINE         "_weir_line" /* of a feed: the source line, for rejects found in SQL */

#define INTAKE_BLOCK_BYTES         (1024 * 1024)
#define INTAKE_BLOCK_PADDING       64 /* readable bytes after a block's end: the scanners look at 64 at a time */
#define INTAKE_MAX_FIELDS          4096
#define INTAKE_MAX_LABEL_BYTES     128
#define INTAKE_MAX_ERROR_LOG_BYTES (1024 * 1024)
#define INTAKE_MAX_HEADER_BYTES    (64 * 1024) /* of one option's value */
#define INTAKE_MAX_TIMEOUT_S       259200      /* of one load: three days, as Doris has it */
#define INTAKE_GROUP_MAX_ROWS      100000

/* ---- options.c --------------------------------------------------------------------------------- */

typedef enum { INTAKE_UPDATE_UPSERT, INTAKE_UPDATE_FIXED, INTAKE_UPDATE_FLEXIBLE } IntakeUpdateMode;

struct IntakeOptions {
    char *label, *columns, *where, *delete_on, *jsonpaths, *json_root, *hidden_columns, *sequence_col,
        *timezone, *comment, *partitions, *temporary_partitions, *new_key_behavior;
    IntakeFormat format;
    gint64 header_lines; /* csv_with_names: 1, csv_with_names_and_types: 2 */
    bool header_auto;    /* a first line that names columns is a header: files, not Stream Load */
    bool match_names;    /* JSON and Parquet of a source: by name; always so without `columns` */
    IntakeCompression compression;
    IntakeMerge merge;
    IntakeGroup group;
    IntakeUpdateMode update_mode;
    GString *separator, *delimiter; /* bytes */
    gint64 enclose, escape;         /* a byte, -1 = none */
    GString *warnings;              /* of headers that look misspelt; NULL = none */
    gint64 skip_lines, timeout_s, exec_mem_limit;
    double max_filter_ratio;
    bool strict_mode, strip_outer_array, read_json_by_line, num_as_string, fuzzy_parse, trim_double_quotes,
        empty_field_as_null, two_phase, partial_columns, checked, json_auto, replace, group_given,
        strip_given, line_given, format_given, delimiter_given;
};

/* ---- spool.c ------------------------------------------------------------------------------------- */

/* The spool's bytes at `offset` into `buffer`; *ret_n 0 = there is no more now (intake_spool_at_end: or
 * ever). A flow is read once, in order. Any thread, one at a time. */
bool intake_spool_read(IntakeSpool *spool, gint64 offset, void *buffer, size_t len, size_t *ret_n,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 intake_spool_left(const IntakeSpool *spool, gint64 offset);
bool intake_spool_at_end(const IntakeSpool *spool, gint64 offset);
/* For the load of a body that still comes. Waits until `bytes` more are there or the body is whole, at most
 * wait_us (-1 = as long as it takes): *ret_late then. False + error when the body will never be whole. */
bool intake_spool_wait(IntakeSpool *spool, gint64 bytes, gint64 wait_us, bool *ret_late,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What comes from now on goes to a file; nobody may read until the body is whole. */
bool intake_spool_park(IntakeSpool *spool, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* So many bytes are worth a statement. */
gint64 intake_spool_segment_bytes(const IntakeSpool *spool);
/* True: the load has the place among the large ones that was taken for it, and ends it (intake_large_end). */
bool intake_spool_take_slot(IntakeSpool *spool);
bool intake_spool_in_memory(const IntakeSpool *spool);

/* ---- flow.c
 * ----------------------------------------------------------------------------------------------- */

typedef struct IntakeFlow IntakeFlow;
/* `max_bytes`: from so many on that are not read it is full; from a quarter, while nobody waits for more. */
IntakeFlow *intake_flow_new(gint64 max_bytes);
void intake_flow_free(IntakeFlow *flow);
void intake_flow_append(IntakeFlow *flow, GByteArray *piece); /* takes it; never refuses */
/* False: there is room. True: `room` will be called once, from any thread, when there is; it must not block.
 */
bool intake_flow_on_room(IntakeFlow *flow, void (*room)(void *user), void *user);
size_t intake_flow_take(IntakeFlow *flow, void *buffer, size_t len); /* what is there now, at most len */
gint64 intake_flow_held(IntakeFlow *flow);
void intake_flow_end(IntakeFlow *flow);               /* nothing more is appended */
bool intake_flow_ended(IntakeFlow *flow);             /* and everything was taken */
void intake_flow_fail(IntakeFlow *flow, GError *why); /* takes it; nothing once the flow has ended */
void intake_flow_drop(IntakeFlow *flow);              /* nobody reads any more: what comes is thrown away */
/* See intake_spool_wait. */
bool intake_flow_wait(IntakeFlow *flow, gint64 bytes, gint64 wait_us, bool *ret_late,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- compress.c ---------------------------------------------------------------------------------- */

/* A stream decoder: give bytes, take bytes. Concatenated members are one stream. */
typedef struct IntakeDecoder IntakeDecoder;
IntakeDecoder *intake_decoder_new(IntakeCompression compression, GError **error);
void intake_decoder_free(IntakeDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeDecoder, intake_decoder_free)
/* Decodes from in[0..in_len) to out[0..out_len). Says what it used and made. FORMAT_INVALID on bad data. */
bool intake_decoder_run(IntakeDecoder *decoder, const void *in, size_t in_len, size_t *ret_used, void *out,
                        size_t out_len, size_t *ret_made, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* false + FORMAT_INVALID when the input ended inside a member. */
bool intake_decoder_finish(const IntakeDecoder *decoder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- csv.c: sans-IO ------------------------------------------------------------------------------- */

/* One field of one row. `bytes` NULL = NULL. Borrowed from block or arena. */
typedef struct {
    const char *bytes;
    guint32 len;
    guint32 enclosed; /* stood in quotes: never `\N` */
} IntakeCell;

typedef struct {
    const char *bytes;
    guint32 len;
    guint64 order; /* over all rows of the load */
} IntakeLine;

/* Bump memory that lives as long as one batch of rows. */
typedef struct IntakeArena IntakeArena;
IntakeArena *intake_arena_new(void);
void intake_arena_free(IntakeArena *arena);
char *intake_arena_alloc(IntakeArena *arena, size_t len);
void intake_arena_reset(IntakeArena *arena);

typedef void (*IntakeRejectFn)(void *user, const char *line, size_t len, const char *reason);

/* Up to max_rows (at most ENGINE_CHUNK_ROWS) rows of n_fields cells, row by row. */
typedef struct {
    size_t n_fields, n_rows, max_rows;
    IntakeCell *cells;
    IntakeLine *lines;
    IntakeArena *arena;
    guint64 next_order; /* of the next row of this block */
    gint64 n_rejected;
    IntakeRejectFn reject;
    void *reject_user;
} IntakeRows;

typedef struct {
    const char *separator, *delimiter;
    size_t separator_len, delimiter_len;
    int enclose, escape; /* -1 = none */
    bool trim_double_quotes, empty_field_as_null, strip_cr;
} IntakeCsv;

/* Offset just after the last complete row of data[0..len), 0 = there is none. data[0] starts a row. */
size_t intake_csv_boundary(const IntakeCsv *csv, const char *data, size_t len);
/* Parses rows from *pos on until the rows are full or the data ends; the last row may lack its delimiter. The
 * data has INTAKE_BLOCK_PADDING readable bytes behind it. */
void intake_csv_parse(const IntakeCsv *csv, const char *data, size_t len, size_t *pos, IntakeRows *rows);
/* Fields of one line as text (for headers). */
GPtrArray *intake_csv_fields(const IntakeCsv *csv, const char *line, size_t len);

/* ---- json.c ----------------------------------------------------------------------------------------- */

typedef struct IntakeJsonPath IntakeJsonPath;
IntakeJsonPath *intake_json_path_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_json_path_free(IntakeJsonPath *path);
/* `["$.a", "$.b"]` -> IntakeJsonPath*; LOAD_HEADER. */
GPtrArray *intake_json_paths_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How objects become rows; immutable, shared by the parsers. */
typedef struct {
    GPtrArray *names; /* char*, one a field: keys looked up */
    GPtrArray *paths; /* IntakeJsonPath*, one a field; NULL = by key */
    IntakeJsonPath *root;
    bool strip_outer_array, by_line;
} IntakeJson;

/* Offset after the last complete element of an outer array; *state carries on over blocks (start with 0). The
 * opening bracket and commas belong to no element but are skipped by the parser. */
typedef struct {
    guint32 depth;
    bool in_string, escaped, seen_open, closed;
} IntakeJsonScan;
size_t intake_json_boundary(IntakeJsonScan *scan, const char *data, size_t len);

typedef struct IntakeJsonParser IntakeJsonParser;
IntakeJsonParser *intake_json_parser_new(const IntakeJson *json);
void intake_json_parser_free(IntakeJsonParser *parser);
/* A block to work on; `data` may be written to and has padding; `pristine` = the same bytes, for reject
 * lines. */
void intake_json_parser_block(IntakeJsonParser *parser, char *data, size_t len, const char *pristine);
/* Rows until full or the block ends (then *ret_more is false). Errors: FORMAT_INVALID where rows cannot be
 * told apart. */
bool intake_json_parser_rows(IntakeJsonParser *parser, IntakeRows *rows, bool *ret_more,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_json_text_valid(const char *text, size_t len);

/* ---- reader.c ----------------------------------------------------------------------------------------- */

typedef enum { INTAKE_SPLIT_CSV, INTAKE_SPLIT_LINES, INTAKE_SPLIT_ARRAY, INTAKE_SPLIT_WHOLE } IntakeSplit;

typedef struct {
    char *data;
    size_t len, capacity; /* capacity - len >= INTAKE_BLOCK_PADDING */
    guint64 number;
} IntakeBlock;
void intake_block_clear(IntakeBlock *block);

/* Cuts a spool into blocks that end at a row. Thread-safe. */
typedef struct IntakeReader IntakeReader;
IntakeReader *intake_reader_new(Intake *intake, IntakeSpool *spool, const IntakeOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_reader_free(IntakeReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeReader, intake_reader_free)
/* Next block into the caller's own; len 0 = end. */
bool intake_reader_next(IntakeReader *reader, IntakeBlock *block, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The header line's fields when the options ask for one (NULL otherwise), and all lines to skip are skipped.
 * Once, before the first block. `names` (NULL-terminated) are the table's columns, for header_auto. */
bool intake_reader_header(IntakeReader *reader, const char *const *names, GPtrArray **ret_fields,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
const IntakeCsv *intake_reader_csv(const IntakeReader *reader);
IntakeSplit intake_reader_split(const IntakeReader *reader);
/* For a body that still comes: a block of length 0 means only that no more was there, and every later call
 * says the same until intake_reader_go_on. */
bool intake_reader_at_end(IntakeReader *reader);
bool intake_reader_paused(IntakeReader *reader);
void intake_reader_go_on(IntakeReader *reader);
/* True once the whole input is known to fit one block (after intake_reader_header). */
bool intake_reader_is_small(const IntakeReader *reader);
/* Bytes of a small one. */
size_t intake_reader_left_bytes(const IntakeReader *reader);

/* ---- rejects.c -------------------------------------------------------------------------------------------
 */

typedef struct IntakeRejects IntakeRejects;
IntakeRejects *intake_rejects_new(Intake *intake);
void intake_rejects_free(IntakeRejects *rejects); /* the file stays */
/* No file is made: whoever counts will load again. */
void intake_rejects_count_only(IntakeRejects *rejects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeRejects, intake_rejects_free)
/* IntakeRejectFn; any thread. */
void intake_rejects_add(void *rejects, const char *line, size_t len, const char *reason);
gint64 intake_rejects_count(IntakeRejects *rejects);
/* Closes the file; its name, NULL when nothing was rejected or it could not be written. Caller frees. */
char *intake_rejects_finish(IntakeRejects *rejects);
/* The first reason, for the load's message; NULL when none. Caller frees. */
char *intake_rejects_first(IntakeRejects *rejects);
/* Removes files older than `before_us`. */
void intake_rejects_expire(Intake *intake, gint64 before_us);

/* ---- plan.c, columns.c, convert.c -------------------------------------------------------------------------
 */

/* One field of the source, and how it is fed. */
typedef struct {
    char *name;
    bool used;         /* some expression or column reads it */
    bool not_null;     /* a direct column that takes no NULL */
    bool is_json;      /* TEXT that must be JSON */
    EngineType type;   /* of the feed: a simple type, or TEXT */
    guint32 max_bytes; /* of TEXT: 0 = no limit */
    int time_digits;   /* of TIMESTAMP: decimals kept, 0..6 */
    char *type_text;   /* for reasons */
} IntakeField;

typedef struct {
    char *name; /* of the table's column */
    char *sql;  /* expression over the feed */
} IntakeMapping;

typedef struct {
    gint refs;                       /* atomic; what follows does not change once it is made */
    const CatalogTable *table;       /* borrowed */
    GPtrArray *fields;               /* IntakeField* */
    GPtrArray *mappings;             /* IntakeMapping*: columns given, table order */
    char *select_head, *select_tail; /* around the feed's id */
    char *target_columns;            /* "a", "b" */
    bool has_delete;                 /* stage has INTAKE_DELETE_FLAG */
    bool partial;
    bool new_key_error; /* partial_update_new_key_behavior ERROR */
    bool in_sql;        /* rows may be dropped by the SELECT: not grouped, counted by what was inserted */
    bool wants_line;
    bool strict;
    GTimeZone *zone; /* into which datetimes with an offset are moved */
    char *zone_name; /* the same, for clocks and local times in expressions and defaults; NULL = UTC */
    IntakeJson json;
    bool is_json;
    char *signature; /* equal = can share one INSERT */
} IntakePlan;
/* Bytes that VARCHAR(n) and CHAR(n) take; 0 = no limit. */
guint32 intake_text_limit(const CatalogColumn *column);
IntakePlan *intake_plan_ref(IntakePlan *plan);
void intake_plan_unref(IntakePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakePlan, intake_plan_unref)
/* `header` = field names of a CSV header (NULL = none). Expressions are checked on a connection that is taken
 * for them. The plan borrows `table`. */
IntakePlan *intake_plan_new(Intake *intake, const CatalogTable *table, const IntakeOptions *options,
                            const GPtrArray *header, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A plan whose rows come from a SELECT text instead of a feed. */
char *intake_plan_select(const IntakePlan *plan, const char *from);

/* ---- plans.c */

typedef struct IntakePlans IntakePlans;
IntakePlans *intake_plans_new(void);
void intake_plans_free(IntakePlans *plans);
/* The plan of a load without a header, kept or new. `table` is of `snapshot`. Thread: any. */
IntakePlan *intake_plans_get(Intake *intake, CatalogSnapshot *snapshot, const CatalogTable *table,
                             const IntakeOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The `columns` header. */
typedef struct {
    char *name;
    char *sql;
} IntakeColumnItem; /* sql NULL = a field of the source */
GPtrArray *intake_columns_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What an expression may name, folded; what each name is. */
typedef struct {
    GHashTable *names;   /* -> the feed's name */
    GHashTable *texts;   /* fields that are text and feed no column of text */
    GHashTable *strings; /* all that is text */
    GHashTable *numbers, *integers, *times;
} IntakeNames;
/* One way to read it. */
typedef struct {
    bool numeric;     /* every one of `texts` is a number */
    const char *wide; /* integers are added and multiplied in this type; NULL = in their own */
    bool condition;   /* it is cast to BOOLEAN */
} IntakeReading;
/* `sql` (MySQL's dialect) as a checked expression of the engine's dialect: no subqueries, no table functions,
 * no aggregates or windows, no function that engine_sql_function_refused, columns only from `names`, operands
 * of one type (typing.c). *ret_may_fail: some rows may have no value. Caller frees. */
char *intake_expression(EngineConn *conn, const char *sql, const char *what, const IntakeNames *names,
                        const IntakeReading *reading, GHashTable *ret_used, bool *ret_may_fail,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- typing.c: a node whose children were typed before it */
void intake_typing_node(json_t *node, const IntakeNames *names, const IntakeReading *reading);
bool intake_typing_is_arithmetic(const json_t *node);
bool intake_typing_is_boolean(const json_t *node);
bool intake_typing_may_fail(const json_t *node, const IntakeNames *names);

/* Converts column-wise. Row i that does not fit gets bad[i] = field + 1 and keeps an undefined value; NULLs
 * are set in `nulls` (bit set = NULL). TEXT: only checks; the cells are the value. */
typedef struct {
    const IntakeField *field;
    bool strict;
    GTimeZone *zone;
} IntakeConvert;
void intake_convert(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                    void *data, guint64 *nulls, guint8 *bad);
/* CAST (or TRY_CAST) of an expression, text perhaps, to a column's type: JSON is read as a map. Caller frees.
 */
char *intake_cast_text(const char *sql, const char *type, bool try);
/* Decimals that a datetime keeps, 0..6; 6 of all else. */
int intake_time_digits(const CatalogColumn *column);
bool intake_type_simple(const char *type, EngineType *ret);
size_t intake_type_bytes(EngineTypeId id);
/* For tests and JSON. */
bool intake_parse_double(const char *text, size_t len, double *ret);
bool intake_parse_decimal(const char *text, size_t len, unsigned width, unsigned scale, gint64 *ret);
bool intake_parse_date(const char *text, size_t len, gint32 *ret_days);
bool intake_parse_datetime(const char *text, size_t len, int digits, GTimeZone *zone, gint64 *ret_us);

/* ---- feed.c: parser and feeds
 * --------------------------------------------------------------------------------- */

/* A thread's way through a reader's blocks. */
typedef struct IntakeParser IntakeParser;
IntakeParser *intake_parser_new(IntakeReader *reader, const IntakePlan *plan, IntakeRejects *rejects);
void intake_parser_free(IntakeParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeParser, intake_parser_free)

/* Typed rows in memory. */
typedef struct {
    size_t n_rows, n_columns;
    const EngineType *types;
    void **data;     /* TEXT: IntakeCell[] */
    guint64 **nulls; /* bit set = NULL; NULL = none */
} IntakeChunk;
void intake_chunk_free(IntakeChunk *chunk);
IntakeChunk *intake_chunk_new(const EngineType *types, size_t n_columns, size_t n_rows);

/* Next rows as a chunk; NULL without error at the end. Text borrows from the parser, which must outlive it:
 * one block. */
IntakeChunk *intake_parser_chunk(IntakeParser *parser, GError **error);
gint64 intake_parser_total_rows(const IntakeParser *parser);

/* A feed that parses on the engine's threads. */
typedef struct {
    EngineFeed feed;
    Intake *intake;
    IntakeReader *reader;
    const IntakePlan *plan;
    IntakeRejects *rejects;
    gint64 load_id;
    gint64 total_rows; /* atomic */
    EngineType *types;
    const char **names;
} IntakeParseFeed;
void intake_parse_feed_init(IntakeParseFeed *feed, Intake *intake, IntakeReader *reader,
                            const IntakePlan *plan, IntakeRejects *rejects, gint64 load_id);
void intake_parse_feed_clear(IntakeParseFeed *feed);

/* A feed over chunks in memory: refilled before each run of a prepared INSERT. One thread. */
typedef struct {
    EngineFeed feed;
    EngineType *types;
    char **names;
    size_t n_chunk_columns; /* the rest are load id and order */
    GPtrArray *chunks;      /* IntakeChunk*, borrowed */
    GArray *load_ids;       /* gint64, parallel */
    size_t at_chunk, at_row;
    guint64 next_order;
} IntakeMemoryFeed;
IntakeMemoryFeed *intake_memory_feed_new(const EngineType *types, const char *const *names, size_t n,
                                         bool with_load);
void intake_memory_feed_free(IntakeMemoryFeed *feed);
void intake_memory_feed_clear(IntakeMemoryFeed *feed);
void intake_memory_feed_add(IntakeMemoryFeed *feed, const IntakeChunk *chunk, gint64 load_id);

/* ---- kept.c ----------------------------------------------------------------------------------------------
 */

/* An INSERT from `feed` whose plan is kept from transaction to transaction of `conn`. */
typedef struct IntakeKept IntakeKept;
/* Borrows `conn` and `feed`, whose id is in `sql`. */
IntakeKept *intake_kept_new(EngineConn *conn, EngineFeed *feed, const char *sql,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_kept_free(IntakeKept *kept);
bool intake_kept_run(IntakeKept *kept, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- upsert.c
 * ------------------------------------------------------------------------------------------------ */

/* The columns that a stage of this plan has: CREATE TABLE text's body, and how it is merged. The stage holds
 * the plan's columns, INTAKE_LOAD_ID, INTAKE_ORDER and, when has_delete, INTAKE_DELETE_FLAG. */
typedef struct {
    const CatalogTable *table;
    const char *const *columns; /* NULL-terminated names given */
    bool has_delete, partial, new_key_error;
    bool replace; /* the stage's rows take the place of all rows */
} IntakeMerging;
/* Statements (char*) that bring stage `stage` (quoted name, or a SELECT in parentheses: it is read once) into
 * the table, to run in order in one transaction. */
GPtrArray *intake_merge_sql(const IntakeMerging *merging, const char *stage);
/* Those statements, run; what became of the rows of each load is kept in _weir.merged when some did not
 * become rows of the table (an older version, a key twice, a deletion). */
typedef struct {
    const GPtrArray *statements;
    bool has_delete;
    gint64 rows;       /* in the stage; -1 = not known */
    const gint64 *ids; /* of the loads that are in it */
    size_t n_ids;
} IntakeMergeRun;
bool intake_merge_run(EngineConn *conn, const IntakeMergeRun *merge,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_needs_merge(const CatalogTable *table);
/* The tombstones of a table as SQL names them, whether it has any or not. Caller frees. */
char *intake_tombstones(const char *schema, const char *name);

/* ---- txn.c
 * -------------------------------------------------------------------------------------------------- */

typedef enum {
    INTAKE_TXN_RUNNING,
    INTAKE_TXN_PREPARED,
    INTAKE_TXN_VISIBLE,
    INTAKE_TXN_ABORTED
} IntakeTxnState;

/* One load's row of _weir.loads. */
typedef struct {
    gint64 txn_id;
    char *label, *db, *table, *user, *peer, *message, *error_log, *plan;
    char *detail; /* the row's; the chunk borrows it */
    IntakeTxnState state;
    bool two_phase;
    gint64 total_rows, loaded_rows, filtered_rows, unselected_rows, bytes, started_us, finished_us;
} IntakeTxn;
void intake_txn_free(IntakeTxn *txn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeTxn, intake_txn_free)

typedef struct IntakeTxns IntakeTxns;
/* Makes schema _weir, reads labels and prepared loads. */
IntakeTxns *intake_txns_open(EngineConn *conn, gint64 keep_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_txns_close(IntakeTxns *txns);
/* Takes the label; LABEL_EXISTS with Doris's text and *ret_existing ("RUNNING", ...) and *ret_txn_id of its
 * owner. False without an error: no id is reserved, intake_reserve_ids first. */
bool intake_txns_begin(IntakeTxns *txns, IntakeTxn *txn, const char **ret_existing, gint64 *ret_owner,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After the commit (or the failure): what others see from now on. */
void intake_txns_finish(IntakeTxns *txns, gint64 txn_id, IntakeTxnState state, gint64 now_us);
/* Takes a prepared load for commit or abort: TXN_UNKNOWN, TXN_STATE. Given back by intake_txns_release or
 * _finish. Waits for who has it, who may wait for the committer: never on the committer's thread. */
bool intake_txns_claim(IntakeTxns *txns, const char *db, gint64 txn_id, const char *label, bool for_abort,
                       gint64 *ret_txn_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same without waiting: false when it is not prepared, or somebody has it. */
bool intake_txns_claim_free(IntakeTxns *txns, gint64 txn_id);
void intake_txns_release(IntakeTxns *txns, gint64 txn_id);
/* See intake_oldest_open. */
gint64 intake_txns_oldest_open(IntakeTxns *txns);
/* Prepared loads that began before `before_us`: gint64 ids. */
GArray *intake_txns_overdue(IntakeTxns *txns, gint64 before_us);
/* Forgets labels that finished before; says whether rows are to be deleted too. */
bool intake_txns_expire(IntakeTxns *txns, gint64 before_us);
/* The label rows' chunk: types and names of _weir.load_log. */
extern const size_t INTAKE_LOADS_N_COLUMNS;
const char *const *intake_loads_names(void);
const EngineType *intake_loads_types(void);
void intake_txn_to_chunk(IntakeTxn *txn, IntakeChunk *chunk, size_t row);
/* "_weir"."txn_7" */
char *intake_stage_name(gint64 txn_id);
/* High water of ids to persist, 0 = nothing to do. */
gint64 intake_txns_reserve(IntakeTxns *txns);
/* Moves the high water in a transaction of its own, when that is due. Waits for the committer. */
bool intake_reserve_ids(Intake *intake, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_txns_reserved(IntakeTxns *txns, gint64 high);

/* ---- commit.c
 * ------------------------------------------------------------------------------------------------ */

/* What a job of the committer does inside its transaction. */
typedef struct IntakeJob IntakeJob;
struct IntakeJob {
    /* rows in memory: plan, chunks, txn */
    const IntakePlan *plan;
    GPtrArray *chunks; /* IntakeChunk* */
    IntakeTxn *txn;    /* NULL = none is written */
    gint64 n_rows;
    /* or work */
    IntakeWork work;
    void *user;
    const char *zone;      /* of the connection while it runs; NULL = UTC */
    bool alone;            /* in a transaction of its own */
    const char *table_key; /* waits while a large merge holds that table; NULL = none */
    bool exclusive;        /* DDL: waits for every large load of the table */
    bool detached;         /* nobody waits: freed by the committer */
    /* nobody waits, but this is called on the committer's thread with the outcome; it owns the job then */
    void (*posted)(IntakeJob *job);
    /* outcome */
    GMutex lock; /* guards `done`; both are intake_commit_job's */
    GCond changed;
    bool done, ok;
    gint64 queued_us, commit_ms;
    GError *error;
};
/* Queues and waits. Takes nothing over. */
bool intake_commit_job(Intake *intake, IntakeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Queues a job that has `posted`. */
void intake_commit_post(Intake *intake, IntakeJob *job);
/* Records a load that failed; nobody waits. Takes `txn`. */
void intake_commit_record(Intake *intake, IntakeTxn *txn);
typedef struct IntakeCommitter IntakeCommitter;
IntakeCommitter *intake_committer_start(Intake *intake, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_committer_stop(IntakeCommitter *committer);
/* Cached statements of changed tables go. On the committer's thread. */
void intake_committer_forget(IntakeCommitter *committer);
/* A large load holds its table: shared (appends) or for a merge (waits for other merges). */
void intake_table_hold(Intake *intake, const char *key, bool merging);
void intake_table_release(Intake *intake, const char *key, bool merging);
bool intake_check_healthy(Intake *intake, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Wakes the committer: a checkpoint may be due. */
void intake_committer_poke(Intake *intake);
/* Writes the label row of a large load in its own transaction. */
bool intake_write_txn(EngineConn *conn, const IntakeTxn *txn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Commits the transaction that holds the row of load `txn_id` (0 = of none). True also when the COMMIT said
 * that it failed but the row is there. The caller rolls back when it is false. */
bool intake_commit_txn(EngineConn *conn, gint64 txn_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- writer.c
 * ------------------------------------------------------------------------------------------------ */

typedef struct IntakeWriter IntakeWriter;
IntakeWriter *intake_writer_new(Intake *intake, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_writer_free(IntakeWriter *writer); /* NULL is none */
/* All jobs (IntakeJob*) in one transaction, or what can be of them: sets ok or error of each. */
void intake_writer_run(IntakeWriter *writer, const GPtrArray *jobs);
void intake_writer_forget(IntakeWriter *writer);
EngineConn *intake_writer_conn(IntakeWriter *writer);
/* Inside a transaction: moves the high water of ids when it is due; *ret_high is for intake_txns_reserved, 0
 * = it was not. */
bool intake_writer_reserve(EngineConn *conn, IntakeTxns *txns, gint64 *ret_high,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_exec_all(EngineConn *conn, const GPtrArray *statements, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char **intake_plan_column_names(const IntakePlan *plan);
GPtrArray *intake_plan_merge_sql(const IntakePlan *plan, const char *stage, bool replace);

/* ---- two_phase.c
 * --------------------------------------------------------------------------------------------- */

/* On the committer's thread: aborts a prepared load that nobody committed; true also when somebody is at it
 * now. */
bool intake_abort_overdue(Intake *intake, EngineConn *conn, gint64 txn_id, GError **error);

/* ---- intake.c
 * ------------------------------------------------------------------------------------------------ */

struct Intake {
    Engine *engine;
    char *data_dir, *spool_dir, *errors_dir;
    gint64 max_bytes, max_json_bytes, max_line_bytes, spool_memory, precommit_timeout_us, label_keep_us;
    gint64 next_spool; /* atomic */
    IntakeTxns *txns;
    IntakeCommitter *committer;
    IntakePlans *plans; /* of small loads */
    GMutex large_lock;
    GCond large_cond;
    unsigned large_running, large_waiting, large_max;
    gint64 stream_memory, stream_wait_us;
    gint flows; /* atomic: bodies that are in flows; at most flows_max */
    guint flows_max;
    GMutex rejects_lock;
    GHashTable *rejects_by_txn; /* gint64* -> IntakeRejects*, while a SELECT with checks runs */
    GMutex running_lock;
    GHashTable *running; /* gint64* -> IntakeRunning: loads that can be interrupted */
    GMutex conns_lock;
    GQueue conns; /* EngineConn*, idle */
    _Atomic gint64 next_expiry_us;
};
/* At UTC, whoever had it before. */
EngineConn *intake_conn_take(Intake *intake, GError **error) G_GNUC_WARN_UNUSED_RESULT;
EngineConn *intake_conn_take_in(Intake *intake, const char *zone, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_conn_give(Intake *intake, EngineConn *conn);
/* Around a large load: so many at once, the others wait. */
void intake_large_begin(Intake *intake);
void intake_large_end(Intake *intake);
/* intake_large_begin, if nobody need wait: a place that one who waits was woken for is not taken. */
bool intake_large_try(Intake *intake);
void intake_running_add(Intake *intake, gint64 txn_id, EngineConn *conn, gint64 deadline_us);
void intake_running_remove(Intake *intake, gint64 txn_id);
void intake_running_check(Intake *intake, gint64 now_us);
void intake_rejects_bind(Intake *intake, gint64 txn_id, IntakeRejects *rejects); /* NULL = unbind */

/* ---- load.c
 * ---------------------------------------------------------------------------------------------------- */

/* The end of every load: state, row, result. */
IntakeTxn *intake_txn_new(const CatalogTable *table, const char *label, const char *user, const char *peer);
IntakeTxn *intake_load_txn(const CatalogTable *table, const IntakeOptions *options, const IntakeSpool *spool,
                           const char *user, const char *peer);
/* Takes the label; fills *ret with Label Already Exists when it is taken. */
bool intake_load_begin(Intake *intake, IntakeTxn *txn, IntakeResult *ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After the commit (`why` NULL) or the failure (takes `why`): states, row, *ret. Takes `txn`. */
bool intake_load_end(Intake *intake, IntakeTxn *txn, GError *why, IntakeResult *ret,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
