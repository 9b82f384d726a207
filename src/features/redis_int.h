/* Private to the Redis store: the connection, and the bytes of Feast's layouts. */
#ifndef WEIR_FEATURES_REDIS_INT_H
#define WEIR_FEATURES_REDIS_INT_H

#include "features/online_int.h"

/* ---- the server (redis_link.c) ----------------------------------------------------------------------------
 */

typedef struct FeaturesRedis FeaturesRedis; /* its address and idle connections; thread-safe */

/* Connects to nobody yet. CONFIG_INVALID: no such address; rediss:// (no TLS here). */
FeaturesRedis *features_int_redis_new(const char *url, gint64 timeout_ms, GError **error);
void features_int_redis_free(FeaturesRedis *redis);

/* Commands that are sent together. */
typedef struct {
    GByteArray *bytes;  /* all arguments, one after another */
    GArray *lengths;    /* size_t of each argument */
    GArray *counts;     /* size_t arguments of each command */
    GPtrArray *scripts; /* of each command; NULL = it is none */
} FeaturesPipe;
void features_int_pipe_init(FeaturesPipe *pipe);
void features_int_pipe_clear(FeaturesPipe *pipe);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FeaturesPipe, features_int_pipe_clear)
void features_int_pipe_reset(FeaturesPipe *pipe);                     /* no commands; keeps its memory */
void features_int_pipe_command(FeaturesPipe *pipe, const char *word); /* begins the next command */
void features_int_pipe_arg(FeaturesPipe *pipe, const void *bytes, size_t len);
void features_int_pipe_text(FeaturesPipe *pipe, const char *text);
void features_int_pipe_int(FeaturesPipe *pipe, gint64 value);
/* A script of one key, by its digest; it is loaded where the server does not know it. Must outlive the pipe.
 */
typedef struct {
    const char *text;
    char digest[41]; /* SHA-1 */
} FeaturesScript;
void features_int_script_init(FeaturesScript *script, const char *text);
void features_int_pipe_script(FeaturesPipe *pipe, const FeaturesScript *script, const void *key,
                              size_t key_len);

typedef struct redisReply FeaturesReply;
/* Sends all, reads an answer to each; FeaturesReply*, in their order. Errors that the server answers are
 * errors here: PEER_UNREACHABLE, DISK_FULL (out of memory), DATA_DAMAGED (a key that is no hash). */
GPtrArray *features_int_redis_run(FeaturesRedis *redis, const FeaturesPipe *pipe,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL when it is no text. */
const char *features_int_reply_text(const FeaturesReply *reply, size_t *ret_len);
gint64 features_int_reply_int(const FeaturesReply *reply);  /* 0 when it is no number */
size_t features_int_reply_size(const FeaturesReply *reply); /* items of an array */
const FeaturesReply *features_int_reply_item(const FeaturesReply *reply, size_t i);

/* ---- values (redis_value.c): feast.types.Value, google.protobuf.Timestamp
 * ------------------------------------ */

/* Appends the message; a null is no bytes. A time keeps its whole seconds where Feast reads them; what is
 * below a second stands in field 2047, which Feast does not know and passes over. */
void features_int_proto_value(const FeaturesValue *value, GByteArray *out);
typedef enum {
    FEATURES_PROTO_VALUE, /* also null */
    FEATURES_PROTO_OTHER, /* a value of another type */
    FEATURES_PROTO_BAD    /* no such message */
} FeaturesProto;
FeaturesProto features_int_proto_read(const void *bytes, size_t len, FeaturesType type, FeaturesArena *arena,
                                      FeaturesValue *ret);
/* Appends the message; with `fraction` false only the whole seconds (floored). */
void features_int_proto_time(gint64 us, bool fraction, GByteArray *out);
bool features_int_proto_read_time(const void *bytes, size_t len, gint64 *ret_us);
/* protobuf's varint, and a field of bytes. */
void features_int_proto_varint(GByteArray *out, guint64 value);
void features_int_proto_bytes(GByteArray *out, unsigned field, const void *bytes, size_t len);
/* The next field of a message: *at moves on. False at the end or when it is cut off (then *at stays < end).
 */
typedef struct {
    unsigned field, wire;
    guint64 number;      /* wire 0, 1, 5 */
    const guint8 *bytes; /* wire 2 */
    size_t len;
} FeaturesProtoField;
bool features_int_proto_next(const guint8 **at, const guint8 *end, FeaturesProtoField *ret);

/* ---- keys (redis_key.c)
 * ---------------------------------------------------------------------------------------- */

typedef enum {
    FEATURES_LAYOUT_FEAST,   /* entity key serialisation version 3 */
    FEATURES_LAYOUT_FEAST2,  /* version 2 of it */
    FEATURES_LAYOUT_FEAST09, /* feast.storage.RedisKeyV2 */
} FeaturesLayout;

/* False for a key that the layout cannot hold: a time with a fraction of a second. */
bool features_int_redis_has_key(const FeaturesView *view, const FeaturesValue *keys);
/* VALUE_INVALID: a key of a type that Feast has no keys of. */
bool features_int_redis_key(FeaturesLayout layout, const FeaturesView *view, const FeaturesValue *keys,
                            GByteArray *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define FEATURES_REDIS_MAX_KEYS 64
typedef struct {
    const char *project;
    size_t project_len, n;
    struct {
        const char *name;
        size_t len;
        FeaturesValue value;
    } parts[FEATURES_REDIS_MAX_KEYS];
} FeaturesRedisKey;
/* What a key says, borrowed from its bytes; false when it is none of the layout. */
bool features_int_redis_key_read(FeaturesLayout layout, const void *bytes, size_t len, FeaturesRedisKey *ret);
/* Whether it is a key of exactly this project, and of the view's entities (view may be NULL). */
bool features_int_redis_key_is(const FeaturesRedisKey *key, const char *project, const FeaturesView *view);
/* The pattern that finds at least all keys of a project. */
void features_int_redis_pattern(FeaturesLayout layout, const char *project, GByteArray *out);
/* The four bytes that name a feature's field. */
void features_int_redis_field(const char *view, const char *feature, guint8 out[4]);

#endif
