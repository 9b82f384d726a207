/* A disk that fails in the middle: preloaded into a test's child.
 *
 * The program calls torn_arm(n, seed, mode) (found by dlsym) when its interesting part begins. From then on
 * each write to a regular file is counted; at the n-th, only a random prefix of it is written and the process
 * ends at once, as by a kill. What was written before stays, as it does in the page cache of a living kernel.
 *   TORN_KILL   that is all
 *   TORN_POWER  also the power fails: of what was written since a file's last fsync, each sector
 *               of 4 KiB is lost with probability 1/2, and what was appended is cut at a random place
 *   TORN_FULL   the disk is full: the n-th and every later write fails with ENOSPC (nothing ends)
 *   | TORN_IN_PLACE  counts only writes over bytes that are not all zero: where damage is done
 * Renames and removals are taken as done. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torn_write.h"

#define SECTOR 4096

typedef struct Change Change;
struct Change { /* bytes that a write replaced */
    Change *next;
    int fd;
    off_t offset;
    size_t len;
    off_t size_before; /* of the file */
    char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int mode; /* 0: not armed */
static int in_place;
static int last; /* the write under way is the last */
static long left;
static uint64_t state;
static Change *changes; /* since the last fsync, newest first */

/* The C library's own, found at load (POSIX's way to cast what dlsym gives). */
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void find(void)
{
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
}

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

__attribute__((visibility("default"))) void torn_arm(long n, uint64_t seed, int new_mode)
{
    pthread_mutex_lock(&lock);
    left = n;
    state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    in_place = new_mode & TORN_IN_PLACE;
    mode = new_mode & ~TORN_IN_PLACE;
    pthread_mutex_unlock(&lock);
}

static int is_file(int fd, struct stat *status)
{
    return fstat(fd, status) == 0 && S_ISREG(status->st_mode);
}

static void remember(int fd, off_t offset, size_t len, off_t size)
{
    Change *change = malloc(sizeof *change + len);
    if (!change) {
        abort();
    }
    *change = (Change){.next = changes, .fd = fd, .offset = offset, .len = len, .size_before = size};
    ssize_t got = pread(fd, change->bytes, len, offset);
    memset(change->bytes + (got > 0 ? got : 0), 0, len - (size_t)(got > 0 ? got : 0));
    changes = change;
}

static void forget(int fd)
{
    for (Change **at = &changes; *at;) {
        Change *change = *at;
        if (change->fd == fd) {
            *at = change->next;
            free(change);
        } else {
            at = &change->next;
        }
    }
}

static void lose(const Change *change)
{
    for (size_t at = 0; at < change->len; at += SECTOR) {
        size_t n = change->len - at < SECTOR ? change->len - at : SECTOR;
        if (next_random() & 1 &&
            real_pwrite(change->fd, change->bytes + at, n, change->offset + (off_t)at) < 0) {
            abort();
        }
    }
}

/* Appended bytes reach the disk in order, so far as they do. */
static void cut(const Change *change)
{
    struct stat status;
    if (fstat(change->fd, &status) != 0 || status.st_size <= change->size_before) {
        return;
    }
    off_t keep =
        change->size_before + (off_t)(next_random() % (uint64_t)(status.st_size - change->size_before + 1));
    if (ftruncate(change->fd, keep) != 0) {
        abort();
    }
}

__attribute__((noreturn)) static void end(void)
{
    if (mode == TORN_POWER) {
        for (const Change *change = changes; change; change = change->next) {
            if (change->offset >= change->size_before) {
                cut(change);
            } else {
                lose(change);
            }
        }
    }
    _exit(TORN_EXIT);
}

static int overwrites(int fd, off_t offset, size_t len)
{
    char bytes[SECTOR];
    for (size_t at = 0; at < len; at += SECTOR) {
        ssize_t n = pread(fd, bytes, len - at < SECTOR ? len - at : SECTOR, offset + (off_t)at);
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i]) {
                return 1;
            }
        }
    }
    return 0;
}

/* Small prefixes as often as large ones: what matters of a block often lies in its first pages. */
static size_t prefix(size_t len)
{
    return (size_t)(next_random() % ((len >> (next_random() % 8)) + 1));
}

/* How many of `len` bytes may be written: all, or fewer and then `end`; -1 = the disk is full. */
static ssize_t allowed(int fd, size_t len, off_t offset, int append)
{
    struct stat status;
    if (!mode || !is_file(fd, &status)) {
        return (ssize_t)len;
    }
    if (mode == TORN_POWER) {
        remember(fd, append ? status.st_size : offset, len, status.st_size);
    }
    if (in_place && (append || !overwrites(fd, offset, len))) {
        return (ssize_t)len;
    }
    left--;
    if (mode == TORN_FULL) {
        return left < 0 ? -1 : (ssize_t)len;
    }
    last = left <= 0;
    return last ? (ssize_t)prefix(len) : (ssize_t)len;
}

static ssize_t torn(int fd, const void *bytes, size_t len, off_t offset, int append)
{
    pthread_mutex_lock(&lock);
    ssize_t n = allowed(fd, len, offset, append);
    ssize_t done = -1;
    if (n < 0) {
        errno = ENOSPC;
    } else {
        done = append ? real_write(fd, bytes, (size_t)n) : real_pwrite(fd, bytes, (size_t)n, offset);
        if (last) {
            end();
        }
    }
    pthread_mutex_unlock(&lock);
    return done;
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return torn(fd, bytes, len, offset, 0);
}

/* With 64-bit offsets the name above is pwrite64 to the linker; the engine may have been built without. */
__attribute__((visibility("default"))) ssize_t plain_pwrite(int fd, const void *bytes, size_t len,
                                                            off_t offset) __asm__("pwrite");
ssize_t plain_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return torn(fd, bytes, len, offset, 0);
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *bytes, size_t len)
{
    return torn(fd, bytes, len, 0, 1);
}

static int synced(int fd, int result)
{
    pthread_mutex_lock(&lock);
    if (mode == TORN_POWER) {
        forget(fd);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

__attribute__((visibility("default"))) int fsync(int fd)
{
    return synced(fd, real_fsync(fd));
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return synced(fd, real_fdatasync(fd));
}
