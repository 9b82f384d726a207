/* Uploads whose work begins before their body is whole: a worker runs route->flow beside the writes. */
#include "server/http/http_int.h"

void http_cut(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    request->cut = true;
    bool begun = request->flow_begun;
    g_mutex_unlock(&request->lock);
    g_mutex_lock(&request->upload_lock);
    if (begun && request->call.upload) {
        intake_spool_cut(request->call.upload);
    }
    g_mutex_unlock(&request->upload_lock);
}

/* From whichever thread made room in the spool, maybe after the pools have closed. */
static void has_room(void *user)
{
    HttpRequest *request = user;
    if (http_end_write(request)) {
        http_push_or_stop(request);
    }
    http_request_unref(request);
}

static void begin_flow(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    bool begin = !request->flow_begun && !request->cut && !request->error && request->route->flow &&
                 intake_spool_flows(request->call.upload);
    if (begin) {
        request->flow_begun = request->flow_waits = true;
    }
    g_mutex_unlock(&request->lock);
    if (begin) {
        http_push(request->http->workers, request);
    }
}

/* True: the write ends when the spool has room. Nobody makes room where no work has begun. */
static bool waits_for_room(HttpRequest *request)
{
    if (request->error || !request->flow_begun) {
        return false;
    }
    http_request_ref(request);
    bool waits = intake_spool_on_room(request->call.upload, has_room, request);
    if (!waits) {
        http_request_unref(request);
    }
    return waits;
}

/* The work of a flow has ended, or its body has: the second makes the answer. */
static void end_flow(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    bool both = ++request->flow_ended == 2;
    g_mutex_unlock(&request->lock);
    if (!both) {
        return;
    }
    g_mutex_lock(&request->upload_lock);
    g_clear_pointer(&request->call.upload, intake_spool_free);
    g_mutex_unlock(&request->upload_lock);
    if (request->error) {
        http_finish(request);
        return;
    }
    g_mutex_lock(&request->lock);
    request->posted = true;
    request->handled = true;
    http_resume_locked(request);
    g_mutex_unlock(&request->lock);
}

/* The part of a flow that a worker's job is for; false: it is for none. */
bool http_flow_handle(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    bool begun = request->flow_begun, begin = request->flow_waits;
    request->flow_waits = false;
    g_mutex_unlock(&request->lock);
    if (begin) {
        request->route->flow(&request->call);
        intake_spool_drop(request->call.upload);
        end_flow(request);
    } else if (begun) {
        http_write_out(request, &request->filling);
        intake_spool_end(request->call.upload); /* which did not fail before */
        end_flow(request);
    }
    return begun;
}

bool http_flow_written(HttpRequest *request)
{
    begin_flow(request);
    return waits_for_room(request);
}
