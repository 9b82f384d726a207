/* Fault points, read from WEIR_FAULT once. A point counts its passes; `name=action@n` acts at pass n only,
 * `name=action` at every pass (a kill needs only the first). */
#ifdef WEIR_FAULTS
#include "base/fault.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"

typedef struct {
    char *name;
    char *action; /* kill, enospc, eio, epipe, eintr, sleep:MS */
    gint64 at;    /* 0 = each pass */
    gint passes;  /* atomic */
} Fault;

static GArray *faults;

static void parse_one(const char *text)
{
    g_auto(GStrv) sides = g_strsplit(text, "=", 2);
    if (g_strv_length(sides) != 2) {
        g_error("WEIR_FAULT: `%s` is not name=action", text);
    }
    g_auto(GStrv) parts = g_strsplit(sides[1], "@", 2);
    Fault fault = {
        .name = g_strdup(g_strstrip(sides[0])), .action = g_strdup(parts[0]), .at = 0, .passes = 0};
    if (parts[1] != NULL && !base_text_to_int(parts[1], 1, G_MAXINT, &fault.at)) {
        g_error("WEIR_FAULT: `%s` is not a pass number", parts[1]);
    }
    g_array_append_val(faults, fault);
}

static void load(void)
{
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        faults = g_array_new(FALSE, FALSE, sizeof(Fault));
        const char *text = g_getenv("WEIR_FAULT");
        g_auto(GStrv) all = g_strsplit(text == NULL ? "" : text, ",", -1);
        for (char **one = all; *one != NULL; one++) {
            if (**one != '\0') {
                parse_one(*one);
            }
        }
        g_once_init_leave(&once, 1);
    }
}

static int act(const char *action)
{
    gint64 ms = 0;
    if (strcmp(action, "kill") == 0) {
        kill(getpid(), SIGKILL);
    } else if (strcmp(action, "enospc") == 0) {
        return ENOSPC;
    } else if (strcmp(action, "eio") == 0) {
        return EIO;
    } else if (strcmp(action, "epipe") == 0) {
        return EPIPE;
    } else if (g_str_has_prefix(action, "sleep:") && base_text_to_int(action + 6, 0, G_MAXINT, &ms)) {
        g_usleep((gulong)ms * 1000);
    } else {
        /* A misspelt fault must not look like a passed test. */
        g_error("WEIR_FAULT: unknown action `%s`", action);
    }
    return 0;
}

int base_fault(const char *name)
{
    load();
    for (guint i = 0; i < faults->len; i++) {
        Fault *fault = &g_array_index(faults, Fault, i);
        if (strcmp(fault->name, name) != 0) {
            continue;
        }
        gint pass = g_atomic_int_add(&fault->passes, 1) + 1;
        if (fault->at == 0 || fault->at == pass) {
            return act(fault->action);
        }
    }
    return 0;
}
#else
typedef int base_fault_unused; /* ISO C wants a declaration */
#endif
