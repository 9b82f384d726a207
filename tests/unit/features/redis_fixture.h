/* A Redis server of Debian's, on a socket in a temporary folder. */
#ifndef WEIR_TESTS_REDIS_FIXTURE_H
#define WEIR_TESTS_REDIS_FIXTURE_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "features/redis_int.h"

typedef struct {
    char *dir, *socket, *url;
    GPid pid;
    int out; /* its log; open as long as it runs */
} RedisServer;

/* A test that ends badly takes its server along. */
static inline void die_with_the_test(gpointer user)
{
    (void)user;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Reads its log until it says that it is ready: nothing has to be waited for by the clock. */
static inline void redis_server_start(RedisServer *server, const char *password)
{
    GError *error = NULL;
    const char *argv[] = {"redis-server", "--port", "0", "--unixsocket",  server->socket,           "--dir",
                          server->dir,    "--save", "",  "--requirepass", password ? password : "", NULL};
    GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD;
    bool ok = g_spawn_async_with_pipes(NULL, (char **)(guintptr)argv, NULL, flags, die_with_the_test, NULL,
                                       &server->pid, NULL, &server->out, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_autoptr(GString) log = g_string_new(NULL);
    while (!strstr(log->str, "eady to accept connections")) {
        char bytes[512];
        ssize_t n = read(server->out, bytes, sizeof bytes);
        if (n <= 0) {
            g_error("redis-server does not start: %s", log->str);
        }
        g_string_append_len(log, bytes, n);
    }
}

static inline void redis_server_stop(RedisServer *server)
{
    if (server->pid) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        close(server->out);
        server->pid = 0;
    }
}

/* False, and a message, when the machine has none. */
static inline bool redis_server_new(RedisServer *server)
{
    g_autofree char *program = g_find_program_in_path("redis-server");
    if (!program) {
        g_test_message("SKIPPED: redis-server is not installed (Debian: redis-server)");
        return false;
    }
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    server->dir = g_dir_make_tmp("weir-redis-XXXXXX", NULL);
    server->socket = g_build_filename(server->dir, "socket", NULL);
    server->url = g_strconcat("unix://", server->socket, NULL);
    redis_server_start(server, NULL);
    return true;
}

static inline void redis_server_free(RedisServer *server)
{
    redis_server_stop(server);
    g_assert_true(base_fs_remove_tree(server->dir, NULL));
    g_free(server->dir);
    g_free(server->socket);
    g_free(server->url);
}

/* One command of words; the answer's one reply is replies->pdata[0]. */
static inline GPtrArray *redis_do(FeaturesRedis *redis, const char *const *words)
{
    g_auto(FeaturesPipe) pipe = {0};
    GError *error = NULL;
    features_int_pipe_init(&pipe);
    features_int_pipe_command(&pipe, words[0]);
    for (size_t i = 1; words[i]; i++) {
        features_int_pipe_text(&pipe, words[i]);
    }
    GPtrArray *replies = features_int_redis_run(redis, &pipe, &error);
    g_assert_no_error(error);
    g_assert_nonnull(replies);
    return replies;
}

static inline void redis_flush(const RedisServer *server)
{
    FeaturesRedis *redis = features_int_redis_new(server->url, 0, NULL);
    g_ptr_array_unref(redis_do(redis, (const char *const[]){"FLUSHALL", NULL}));
    features_int_redis_free(redis);
}

#endif
