/* Rejected rows with their reasons, as Doris's error log: one line a row,
 *   Reason: <why>. src line [<row>];
 * in <data>/errors/<32 hex digits>.log. The name is random, so that it cannot be guessed; it is made at the
 * first reject; after INTAKE_MAX_ERROR_LOG_BYTES rows are only counted. A log that cannot be written (disk
 * full) does not fail the load: the count and the first reason stand in the load's answer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/time.h"
#include "intake/intake_int.h"

#define SOURCE_LINE_BYTES 4096 /* of a row that is shown */

struct IntakeRejects {
    GMutex lock;
    Intake *intake;
    char *name, *path, *first;
    int fd; /* -1 = not open, -2 = given up */
    gint64 count, bytes;
    bool counts_only;
};

IntakeRejects *intake_rejects_new(Intake *intake)
{
    IntakeRejects *rejects = g_new0(IntakeRejects, 1);
    g_mutex_init(&rejects->lock);
    rejects->intake = intake;
    rejects->fd = -1;
    return rejects;
}

void intake_rejects_count_only(IntakeRejects *rejects)
{
    rejects->counts_only = true;
}

void intake_rejects_free(IntakeRejects *rejects)
{
    if (!rejects) {
        return;
    }
    if (rejects->fd >= 0) {
        close(rejects->fd);
    }
    g_mutex_clear(&rejects->lock);
    g_free(rejects->name);
    g_free(rejects->path);
    g_free(rejects->first);
    g_free(rejects);
}

static void open_log(IntakeRejects *rejects)
{
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        rejects->fd = -2;
        return;
    }
    GString *name = g_string_new(NULL);
    for (size_t i = 0; i < sizeof random; i++) {
        g_string_append_printf(name, "%02x", random[i]);
    }
    g_string_append(name, ".log");
    rejects->path = g_build_filename(rejects->intake->errors_dir, name->str, NULL);
    rejects->fd = open(rejects->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (rejects->fd < 0) {
        rejects->fd = -2;
        g_string_free(name, TRUE);
        return;
    }
    rejects->name = g_string_free(name, FALSE);
}

static void write_line(IntakeRejects *rejects, const GString *text)
{
    if (rejects->fd == -1) {
        open_log(rejects);
    }
    if (rejects->fd < 0 || rejects->bytes + (gint64)text->len > INTAKE_MAX_ERROR_LOG_BYTES) {
        return;
    }
    GError *why = NULL;
    if (!base_fs_write_all(rejects->fd, text->str, text->len, rejects->path, &why)) {
        g_clear_error(&why);
        close(rejects->fd);
        rejects->fd = -2;
        return;
    }
    rejects->bytes += (gint64)text->len;
}

void intake_rejects_add(void *user, const char *line, size_t len, const char *reason)
{
    IntakeRejects *rejects = user;
    g_mutex_lock(&rejects->lock);
    rejects->count++;
    if (!rejects->first) {
        rejects->first = g_strdup(reason);
    }
    if (!rejects->counts_only && rejects->bytes < INTAKE_MAX_ERROR_LOG_BYTES) {
        g_autofree char *valid = g_utf8_make_valid(line, (gssize)MIN(len, SOURCE_LINE_BYTES));
        GString *text = g_string_new("Reason: ");
        g_string_append(text, reason);
        g_string_append(text, ". src line [");
        g_string_append(text, valid);
        g_string_append(text, "]; \n");
        write_line(rejects, text);
        g_string_free(text, TRUE);
    }
    g_mutex_unlock(&rejects->lock);
}

gint64 intake_rejects_count(IntakeRejects *rejects)
{
    g_mutex_lock(&rejects->lock);
    gint64 count = rejects->count;
    g_mutex_unlock(&rejects->lock);
    return count;
}

char *intake_rejects_finish(IntakeRejects *rejects)
{
    g_mutex_lock(&rejects->lock);
    if (rejects->fd >= 0) {
        close(rejects->fd);
    }
    rejects->fd = -2;
    char *name = g_strdup(rejects->bytes > 0 ? rejects->name : NULL);
    g_mutex_unlock(&rejects->lock);
    return name;
}

char *intake_rejects_first(IntakeRejects *rejects)
{
    g_mutex_lock(&rejects->lock);
    char *first = g_strdup(rejects->first);
    g_mutex_unlock(&rejects->lock);
    return first;
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len != 36 || strcmp(name + 32, ".log") != 0) {
        return false;
    }
    for (size_t i = 0; i < 32; i++) {
        if (!g_ascii_isdigit(name[i]) && !(name[i] >= 'a' && name[i] <= 'f')) {
            return false;
        }
    }
    return true;
}

char *intake_error_log(Intake *intake, const char *name)
{
    if (!name_valid(name)) {
        return NULL;
    }
    g_autofree char *path = g_build_filename(intake->errors_dir, name, NULL);
    return access(path, R_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

void intake_rejects_expire(Intake *intake, gint64 before_us)
{
    DIR *dir = opendir(intake->errors_dir);
    if (!dir) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat info;
        if (name_valid(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &info, 0) == 0 &&
            (gint64)info.st_mtime * BASE_TIME_SECOND_US < before_us) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
}
