/* The watcher of project files: inotify on the project's folders; when it has been quiet for a moment the
 * project is read and compared with what is applied, and the log says what `weir plan` would.
 *
 * inotify does not watch below a folder, so every folder has its own watch, and any event about a folder
 * renews them all: projects have tens of folders. Hidden folders (and the data folder, .weir) are left out.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "server/up_int.h"

#define QUIET_MS    300
#define MAX_FOLDERS 4096
#define EVENTS      (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF)

struct ServerFileWatch {
    ServerApp *app;
    GThread *thread;
    int inotify_fd, stop_fd;
    unsigned folders;
    char *last_hash; /* of the files when they were told about */
};

static void add_folders(ServerFileWatch *watch, const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    if (!dir || watch->folders >= MAX_FOLDERS || inotify_add_watch(watch->inotify_fd, path, EVENTS) < 0) {
        return;
    }
    watch->folders++;
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        if (name[0] != '.' && g_file_test(below, G_FILE_TEST_IS_DIR) &&
            !g_file_test(below, G_FILE_TEST_IS_SYMLINK) && !g_str_equal(below, server_app_data(watch->app))) {
            add_folders(watch, below);
        }
    }
}

static void tell_difference(ServerFileWatch *watch, CatalogSnapshot *files)
{
    g_autoptr(CatalogSnapshot) applied = server_app_snapshot(watch->app);
    g_autoptr(CatalogDiff) diff = catalog_diff(applied, files);
    g_autofree char *added = g_strdup_printf("%zu", diff->n_added);
    g_autofree char *changed = g_strdup_printf("%zu", diff->n_changed);
    g_autofree char *removed = g_strdup_printf("%zu", diff->n_removed);
    server_app_set_files_changed(watch->app, diff->changes->len > 0);
    if (diff->changes->len > 0) {
        base_log(BASE_LOG_INFO, "project files changed: `weir plan` shows how", "plan", diff->id, "added",
                 added, "changed", changed, "removed", removed, NULL);
    }
}

static void compare(ServerFileWatch *watch)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogSnapshot) files = server_app_read_project(watch->app, diags, &error);
    if (!files) {
        base_log_error("project files", error);
        return;
    }
    size_t errors = base_diags_count(diags, BASE_DIAG_ERROR);
    if (errors > 0) {
        g_autofree char *count = g_strdup_printf("%zu", errors);
        server_app_set_files_changed(watch->app, true);
        base_log(BASE_LOG_WARN, "project files have errors: `weir plan` shows them", "errors", count, NULL);
        g_clear_pointer(&watch->last_hash, g_free);
        return;
    }
    if (g_strcmp0(watch->last_hash, catalog_snapshot_hash(files)) != 0) {
        g_free(watch->last_hash);
        watch->last_hash = g_strdup(catalog_snapshot_hash(files));
        tell_difference(watch, files);
    }
}

/* Reads what is there; true when one of it concerns definitions. */
static bool read_events(ServerFileWatch *watch)
{
    _Alignas(struct inotify_event) char buffer[16 * 1024];
    bool matters = false, folder = false;
    for (ssize_t n; (n = read(watch->inotify_fd, buffer, sizeof buffer)) > 0;) {
        for (char *at = buffer; at < buffer + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            bool named = event->len > 0 && event->name[0] != '.';
            folder = folder || (event->mask & (IN_ISDIR | IN_Q_OVERFLOW));
            matters =
                matters || folder ||
                (named && (g_str_has_suffix(event->name, ".yml") || g_str_has_suffix(event->name, ".sql")));
            at += sizeof *event + event->len;
        }
    }
    if (folder) {
        watch->folders = 0;
        add_folders(watch, server_app_project(watch->app));
    }
    return matters;
}

static gpointer run(gpointer data)
{
    ServerFileWatch *watch = data;
    struct pollfd polls[] = {{.fd = watch->inotify_fd, .events = POLLIN},
                             {.fd = watch->stop_fd, .events = POLLIN}};
    bool pending = true; /* what changed while no server ran */
    for (;;) {
        int n = poll(polls, 2, pending ? QUIET_MS : -1);
        if (polls[1].revents || (n < 0 && errno != EINTR)) {
            return NULL;
        }
        if (n > 0 && polls[0].revents) {
            pending = read_events(watch) || pending;
        } else if (n == 0 && pending) {
            pending = false;
            compare(watch);
        }
    }
}

ServerFileWatch *server_file_watch_start(ServerApp *app, GError **error)
{
    ServerFileWatch *watch = g_new0(ServerFileWatch, 1);
    watch->app = app;
    watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (watch->inotify_fd < 0 || watch->stop_fd < 0) {
        (void)base_fs_fail(error, errno, "watch", server_app_project(app));
        server_file_watch_stop(watch);
        return NULL;
    }
    add_folders(watch, server_app_project(app));
    watch->thread = g_thread_new("file-watch", run, watch);
    return watch;
}

void server_file_watch_stop(ServerFileWatch *watch)
{
    if (!watch) {
        return;
    }
    if (watch->thread) {
        (void)!eventfd_write(watch->stop_fd, 1);
        g_thread_join(watch->thread);
    }
    if (watch->inotify_fd >= 0) {
        close(watch->inotify_fd);
    }
    if (watch->stop_fd >= 0) {
        close(watch->stop_fd);
    }
    g_free(watch->last_hash);
    g_free(watch);
}
