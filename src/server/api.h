/* The HTTP API as one table of routes, callable over HTTP and in-process.
 *
 * A route is a row: method, path with {parameters}, right that it needs, title, handler, and the JSON schema of its body and answer.
 * /api/openapi.json, the 404/405 answers and the access check are made from the table; adding a route is
 * adding a row to server/routes.c. A handler takes a ServerCall and fills its answer; it runs on a worker
 * thread and may block. */
#ifndef WEIR_SERVER_API_H
#define WEIR_SERVER_API_H

#include "server/app.h"

typedef struct ServerCall ServerCall;
typedef struct ServerRoute ServerRoute;

/* What a handler may stream its answer to; NULL writer = the answer is `json` or `text`. Returns false when the
 * reader is gone (stop and clean up). */
typedef bool (*ServerWrite)(void *user, const void *data, size_t len);

struct ServerCall {
    ServerApp *app;
    AccessUser *user;        /* signed in; NULL only on public routes */
    const char *method;
    const char *path;
    GHashTable *params;      /* of the path: {name} -> text */
    GHashTable *query;       /* of ?a=b, decoded */
    GHashTable *headers;     /* lower-case name -> value; empty in-process */
    const char *peer;        /* "127.0.0.1:51234", "local" */
    const char *lang;        /* "zh" or "en" */
    json_t *body;            /* of application/json; NULL when there is none */
    IntakeSpool *upload;     /* body of a route that takes uploads; handler may steal it */
    /* answer */
    int status;              /* 200 unless set */
    json_t *json;            /* or text */
    char *text;
    size_t text_len;         /* 0 = strlen */
    const char *content_type; /* of text or stream; static */
    GHashTable *answer_headers; /* may be NULL */
    ServerWrite write;       /* set by the caller: how a streaming route sends its bytes; the first call sends the head */
    void *write_user;
};

typedef bool (*ServerHandler)(ServerCall *call, GError **error);

struct ServerRoute {
    const char *method;
    const char *path;        /* "/api/v1/objects/{id}" */
    AccessRight right;       /* 0 = any signed-in user; finer checks are the handler's */
    bool is_public;          /* no sign-in */
    bool upload;             /* the body goes to a spool, whatever its type */
    bool streams;            /* uses call->write */
    ServerHandler handler;
    const char *title;       /* English, for OpenAPI */
    const char *body_schema, *answer_schema; /* JSON Schema text; NULL = none */
};

extern const ServerRoute SERVER_ROUTES[];
extern const size_t SERVER_N_ROUTES;

/* The route for a request, with its path parameters; NULL + ROUTE_UNKNOWN. */
const ServerRoute *server_route_find(const char *method, const char *path, GHashTable **ret_params, GError **error);
json_t *server_openapi(void);

/* In-process call as the local user; the answer (NULL body = null). Errors as the route's. `write` may be NULL. */
json_t *server_api_call(ServerApp *app, const char *method, const char *path_and_query, json_t *body, IntakeSpool *upload,
                        ServerWrite write, void *write_user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
