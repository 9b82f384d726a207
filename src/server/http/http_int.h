/* The HTTP door, as its files see it.
 *
 * Threads. MHD's epoll threads read and write sockets and never block: what may block (signing in, files,
 * handlers) is a job of a pool while the connection is suspended, and the job's end resumes it. Who signed in
 * lately is known without blocking: such an upload is checked at once. A request's life:
 *
 *   HEAD  -> CHECKING (suspended: sign in, route's check) -> BODY -> HANDLING (suspended) -> ANSWERING
 *          \ no body: straight to HANDLING, which signs in and checks first
 *
 * Uploads: bytes gather in a buffer; a full one is written to the spool by a job while the next fills; when
 * both are full the connection is suspended. So an upload holds two buffers, and a slow client no thread.
 * A load that may begin before its body is whole (route->may_flow) is begun by the write that brings enough
 * of it, on a worker; the writes go on beside it. While its spool is full the last write does not end, so the
 * connection is suspended as by any write. The answer comes when the load and the body have both ended.
 * Small loads are many: a thread each, woken for each, would cost more than the load. Where the route can,
 * its work is posted from MHD's thread and finished there when the connection is resumed (by whoever lets go
 * of the request last, when its client is gone). What only reads memory (route->quick) is answered there at
 * once. Answers that stream: the handler fills a bounded buffer and waits while it is full; MHD empties it
 * and suspends the connection while it is empty. */
#ifndef WEIR_SERVER_HTTP_INT_H
#define WEIR_SERVER_HTTP_INT_H

#include <microhttpd.h>

#include "server/acceptor.h"
#include "server/api.h"
#include "server/server.h"

#define HTTP_UPLOAD_BUFFER_BYTES (512 * 1024) /* from so many on it is full */
#define HTTP_STREAM_BUFFER_BYTES (1024 * 1024)
#define HTTP_MAX_POST_BYTES      (64 * 1024)        /* of an upload that no thread waits for */
#define HTTP_MAX_BODY_BYTES      (16 * 1024 * 1024) /* of JSON */
#define HTTP_MAX_DRAIN_BYTES                                                                                 \
    G_GINT64_CONSTANT(1073741824) /* read and dropped so that a client gets its answer */
#define HTTP_MAX_CONNECTIONS         2048
#define HTTP_IDLE_SECONDS            75
#define HTTP_CONNECTION_MEMORY_BYTES (32 * 1024) /* cleared after each request */
#define HTTP_WORKERS                 256
#define HTTP_DOOR_WORKERS            8

typedef enum { HTTP_HEAD, HTTP_CHECKING, HTTP_BODY, HTTP_HANDLING, HTTP_ANSWERING } HttpPhase;

typedef struct {
    gatomicrefcount refs;
    ServerHttp *http;
    struct MHD_Connection *connection;
    ServerCall call;
    const ServerRoute *route; /* NULL: none matches */
    char *method, *path, *peer;
    HttpPhase phase; /* MHD's thread only */
    bool has_body, expects_continue;
    bool malformed; /* where the body ends is in doubt: answered and closed */
    gint64 started_us, drained_bytes;
    GError *error; /* the first; decides the answer */
    bool checked;

    /* Upload: `filling` is MHD's thread's, `writing` the job's while write_running. */
    GByteArray *filling, *writing;

    GMutex upload_lock; /* call.upload of a flow, against who cuts it off; no other lock is held */
    GMutex lock;        /* guards what follows */
    GCond changed;
    bool write_running, handle_after_write;
    bool flow_begun, flow_waits; /* a worker runs route->flow, or none has taken it up yet */
    unsigned flow_ended;         /* 2: the work and the body */
    bool cut;                    /* the body will not be whole: no flow begins */
    bool suspended;
    bool answer_ready; /* head may be sent */
    bool handled;      /* the handler has returned */
    bool posted;       /* the route's work is done elsewhere, and its `finish` has not run */
    bool failed_late;  /* after the head was sent: the connection must break */
    bool streaming;    /* the handler wrote */
    bool writer_waits; /* ... and waited for room at least once */
    bool gone;         /* the client has left, or MHD is done with the request */
    GByteArray *stream;
    size_t stream_offset;
} HttpRequest;

struct ServerHttp {
    ServerApp *app;
    struct MHD_Daemon *daemon;
    ServerAcceptor *acceptor;
    gint64 refused_us; /* when a client was last said to be sent away; the acceptor's */
    char *address;
    bool tls;
    char *tls_cert, *tls_key;
    GThreadPool *workers; /* handlers */
    GThreadPool *doors;   /* signing in, spool writes: never wait for a handler */
    GThread *watcher;
    GMutex lock;        /* guards what follows */
    GCond changed;      /* a request has ended; who stops waits */
    GCond begun;        /* the first of `active` has come: the watcher waits */
    GHashTable *active; /* set of HttpRequest */
    unsigned n_posted;  /* requests whose work was posted and is not done */
    bool stopping;      /* no new request begins */
    bool closed;        /* the pools take no more */
    bool hurry;         /* do not wait for queries */
    bool watching;
    bool watcher_sleeps; /* nothing was active when it looked */
};

/* ---- request.c ---- */
enum MHD_Result http_on_request(void *user, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data, size_t *data_len,
                                void **request);
void http_on_completed(void *user, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code);
void http_request_unref(HttpRequest *request);
HttpRequest *http_request_ref(HttpRequest *request);
/* Pool functions: the job is a referenced HttpRequest. */
void http_job_handle(gpointer request, gpointer http);
void http_job_door(gpointer request, gpointer http);

void http_push(GThreadPool *pool, HttpRequest *request);
/* To a worker; when the workers are closing, the answer that the server stops. */
void http_push_or_stop(HttpRequest *request);
/* To the spool; request->error says what is wrong. */
void http_write_out(HttpRequest *request, GByteArray **bytes);
/* Resumes the connection; true: the body is whole, its handler is next. */
bool http_end_write(HttpRequest *request);
/* The pools are closing: what has not begun is told so. */
void http_say_stopping(HttpRequest *request);

/* ---- flow.c ---- */
/* The body will not be whole. Takes locks: none may be held. */
void http_cut(HttpRequest *request);
/* After a write to the spool: begins the work when it may begin. True: the write ends when the spool has
 * room. */
bool http_flow_written(HttpRequest *request);
/* A worker's job, if it is of a flow: its work, or the end of its body. */
bool http_flow_handle(HttpRequest *request);

/* ---- answer.c ---- */
enum MHD_Result http_answer(HttpRequest *request);
/* ServerWrite of streaming routes. */
bool http_write(void *request, const void *data, size_t len);
/* The handler has returned: whole answers are made, streams ended. */
void http_finish(HttpRequest *request);
/* ServerCall's `posted`; takes a reference. */
void http_posted(void *request);
/* With request->lock held. */
void http_resume_locked(HttpRequest *request);

/* ---- sign_in.c ---- */
bool http_sign_in(HttpRequest *request, GError **error);
/* Without blocking: true when the user and password were verified lately. */
bool http_sign_in_remembered(HttpRequest *request);

#endif
