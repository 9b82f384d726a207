/* The HTTP API as one table of routes, callable over HTTP and in-process.
 *
 * A route is a row: method, path with {parameters}, right that it needs, title, handler, and the keys of its
 * body and answer. /api/openapi.json, the 404/405 answers and the access check are made from the table;
 * adding a route is adding a row to server/routes.c. A handler takes a ServerCall and fills its answer; it
 * runs on a worker thread and may block. Where there are too many calls for a thread each, the work is posted
 * instead. */
#ifndef WEIR_SERVER_API_H
#define WEIR_SERVER_API_H

#include "server/app.h"

typedef struct ServerCall ServerCall;
typedef struct ServerRoute ServerRoute;

/* What a handler may stream its answer to; NULL writer = the answer is `json` or `text`. Returns false when
 * the reader is gone (stop and clean up). */
typedef bool (*ServerWrite)(void *user, const void *data, size_t len);

struct ServerCall {
    ServerApp *app;
    AccessUser *user; /* signed in; NULL only on public routes */
    const char *method;
    const char *path;
    GHashTable *params;  /* of the path: {name} -> text */
    GHashTable *query;   /* of ?a=b, decoded */
    GHashTable *headers; /* lower-case name -> value; empty in-process */
    const char *peer;    /* "127.0.0.1:51234", "local" */
    int fd;              /* the client's socket, to see it hang up; -1 = none */
    bool tls;
    const char *lang;    /* "zh" or "en" */
    json_t *body;        /* of application/json; NULL when there is none */
    IntakeSpool *upload; /* body of a route that takes uploads; the handler borrows it */
    GByteArray *raw;     /* a body that is not JSON, of a route that takes no upload; may be NULL */
    /* What `check` prepared for `handler`; freed with state_free. */
    void *state;
    GDestroyNotify state_free;
    /* answer */
    int status;   /* 200 unless set */
    json_t *json; /* or text */
    char *text;
    size_t text_len;            /* 0 = strlen */
    const char *content_type;   /* of text or stream; static */
    GHashTable *answer_headers; /* may be NULL */
    ServerWrite
        write; /* set by the caller: how a streaming route sends its bytes; the first call sends the head */
    void *write_user;
    /* Called from another thread when the client has gone; guarded by server_call_on_cancel. */
    GMutex cancel_lock;
    void (*cancel)(void *user);
    void *cancel_user;
    bool cancelled;
    gint64 deadline_us;
    /* Set by who calls `post`: to be called once, from any thread, when `finish` may make the answer. */
    void (*posted)(void *user);
    void *posted_user;
    json_t *diagnostics; /* what is wrong with definitions: goes into the problem object */
};

void server_call_init(ServerCall *call, ServerApp *app);
void server_call_clear(ServerCall *call);
/* `cancel` (NULL = nothing any more) is called, at most once, when the client goes; at once when it is gone.
 */
void server_call_on_cancel(ServerCall *call, void (*cancel)(void *user), void *user);
void server_call_cancel(ServerCall *call);
void server_call_set_deadline(ServerCall *call, gint64 monotonic_us); /* cancelled then too; 0 = none */

typedef bool (*ServerHandler)(ServerCall *call, GError **error);

/* How a route shows its errors. */
typedef enum {
    SERVER_STYLE_PROBLEM,     /* RFC 9457, with the code's HTTP status */
    SERVER_STYLE_STREAM_LOAD, /* {"Status": "Fail", "Message": ...}, 200 */
    SERVER_STYLE_DORIS        /* {"msg", "code", "data", "count"} */
} ServerStyle;

struct ServerRoute {
    const char *method;
    const char *path;  /* "/api/v1/objects/{id}" */
    AccessRight right; /* 0 = any signed-in user; finer checks are the handler's */
    bool is_public;    /* no sign-in */
    bool guest;        /* features.guest may call it without signing in */
    bool upload;       /* the body goes to a spool, whatever its type */
    bool streams;      /* uses call->write */
    ServerStyle style;
    ServerHandler check; /* before the body is read, so that a bad request is refused early; NULL = none */
    ServerHandler handler;
    /* Begins the work without waiting for its end; must not block. True: it is taken, call->posted is called
     * when it is done, and then `finish`, which must not block either, makes the answer in the handler's
     * place. False: nothing was done, `handler` does it. NULL = none. */
    bool (*post)(ServerCall *call);
    ServerHandler finish;
    /* The same for an upload whose work may begin while its body still comes. Whether this one may is asked
     * after `check`; the work then runs on a thread of its own, and `finish` comes when it and the body have
     * ended. NULL = never. */
    bool (*may_flow)(const ServerCall *call);
    void (*flow)(ServerCall *call);
    /* Whether `handler` does not block for this call (its body is parsed): it then runs on the thread that
     * reads sockets. NULL = never. */
    bool (*quick)(const ServerCall *call);
    const char *title; /* English, for OpenAPI */
    /* "sql!:string limit:integer names:[string]"; a ! must be there; NULL = none. */
    const char *body_schema, *answer_schema;
};

extern const ServerRoute SERVER_ROUTES[];
extern const size_t SERVER_N_ROUTES;

/* The route for a request, with its path parameters; NULL + ROUTE_UNKNOWN. */
const ServerRoute *server_route_find(const char *method, const char *path, GHashTable **ret_params,
                                     GError **error);
json_t *server_openapi(void);
/* The answer to a failed call in the route's style (route may be NULL); sets call->status. */
json_t *server_call_problem(ServerCall *call, const ServerRoute *route, const GError *error);

/* In-process call as the local user; the answer (NULL body = null). Errors as the route's. `write` may be
 * NULL; `upload` stays the caller's. */
json_t *server_api_call(ServerApp *app, const char *method, const char *path_and_query, json_t *body,
                        IntakeSpool *upload, ServerWrite write, void *write_user,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, but a failure gives its problem object (with "diagnostics" where there are any) and HTTP status.
 */
json_t *server_api_call_full(ServerApp *app, const char *method, const char *path_and_query, json_t *body,
                             IntakeSpool *upload, ServerWrite write, void *write_user,
                             int *ret_status) G_GNUC_WARN_UNUSED_RESULT;

#endif
