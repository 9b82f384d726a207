/* Progress on stderr. On a terminal one line is drawn over and over, at most ten times a second; elsewhere a
 * line is written every ten seconds, so that a log of a long job shows that it lives. */
#include <unistd.h>

#include "base/term.h"
#include "base/text.h"
#include "base/time.h"

#define PROGRESS_DRAW_US     (100 * 1000)
#define PROGRESS_LINE_US     (10 * BASE_TIME_SECOND_US)
#define PROGRESS_BAR_COLUMNS 24

struct BaseProgress {
    char *title;
    bool quiet, terminal, drawn;
    gint64 started_us, last_us;
};

BaseProgress *base_progress_new(const char *title, bool quiet)
{
    BaseProgress *progress = g_new0(BaseProgress, 1);
    progress->title = g_strdup(title);
    progress->quiet = quiet;
    progress->terminal = isatty(STDERR_FILENO) == 1 && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    progress->started_us = base_time_monotonic_us();
    progress->last_us = progress->started_us;
    return progress;
}

static void clear_line(BaseProgress *progress)
{
    if (progress->drawn) {
        fputs("\r\033[K", stderr);
        progress->drawn = false;
    }
}

static void append_bar(GString *line, gint64 done, gint64 total)
{
    double part = total > 0 ? CLAMP((double)done / (double)total, 0, 1) : 0;
    int full = (int)(part * PROGRESS_BAR_COLUMNS);
    for (int i = 0; i < PROGRESS_BAR_COLUMNS; i++) {
        g_string_append(line, i < full ? "━" : "╌");
    }
    g_string_append_printf(line, " %3d%%", (int)(part * 100));
}

static char *progress_line(const BaseProgress *progress, gint64 done, gint64 total, const char *what,
                           bool bar)
{
    GString *line = g_string_new(NULL);
    g_autofree char *elapsed = base_text_from_duration(base_time_monotonic_us() - progress->started_us);
    g_string_append_printf(line, "  %s  ", progress->title);
    if (total > 0 && bar) {
        append_bar(line, done, total);
    } else if (total > 0) {
        g_string_append_printf(line, "%d%%", (int)(CLAMP((double)done / (double)total, 0, 1) * 100));
    } else if (done > 0) {
        g_autofree char *count = base_text_from_count(done);
        g_string_append(line, count);
    }
    if (what != NULL && *what != '\0') {
        g_string_append_printf(line, "  %s", what);
    }
    g_string_append_printf(line, "  %s", elapsed);
    return g_string_free(line, FALSE);
}

void base_progress_set(BaseProgress *progress, gint64 done, gint64 total, const char *what)
{
    gint64 now = base_time_monotonic_us();
    if (progress->quiet ||
        now - progress->last_us < (progress->terminal ? PROGRESS_DRAW_US : PROGRESS_LINE_US)) {
        return;
    }
    progress->last_us = now;
    g_autofree char *line = progress_line(progress, done, total, what, progress->terminal);
    if (!progress->terminal) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    g_autofree char *fitted = base_text_fit(line, base_term_columns() - 1);
    clear_line(progress);
    fputs(fitted, stderr);
    fflush(stderr);
    progress->drawn = true;
}

void base_progress_done(BaseProgress *progress, bool ok, const char *what)
{
    clear_line(progress);
    if (progress->quiet) {
        return;
    }
    bool color = base_term_color(stderr);
    g_autofree char *elapsed = base_text_from_duration(base_time_monotonic_us() - progress->started_us);
    size_t width = base_text_width(progress->title);
    g_autofree char *pad = g_strnfill(width < 24 ? 24 - width : 0, ' ');
    fprintf(stderr, "  %s%s%s %s%s  %s  %s\n", color ? (ok ? "\033[32m" : "\033[31m") : "", ok ? "✔" : "✘",
            color ? "\033[0m" : "", progress->title, pad, what == NULL ? "" : what, elapsed);
}

void base_progress_free(BaseProgress *progress)
{
    if (progress != NULL) {
        clear_line(progress);
        g_free(progress->title);
        g_free(progress);
    }
}
