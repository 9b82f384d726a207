/* The client of the serving benches, over the real protocols.
 *
 *   client loads URL USER:PASSWORD CLIENTS ROWS SECONDS   Stream Loads of ROWS rows each (bench.small)
 *   client queries PORT USER PASSWORD THREADS SECONDS SQL [HEAVY_THREADS HEAVY_SQL]
 *   client stream PORT USER PASSWORD SQL                   one large result, rows a second
 * Prints one line of JSON. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mysql.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct {
    const char *user, *password, *sql;
    unsigned port;
    double until;
    double *latencies;
    size_t n, room, failed;
} Worker;

static void report(const char *name, Worker *workers, unsigned n_workers, double took, bool last)
{
    size_t total = 0, failed = 0, at = 0;
    for (unsigned i = 0; i < n_workers; i++) {
        total += workers[i].n;
        failed += workers[i].failed;
    }
    double *all = calloc(total + 1, sizeof *all);
    for (unsigned i = 0; i < n_workers; i++) {
        memcpy(all + at, workers[i].latencies, workers[i].n * sizeof *all);
        at += workers[i].n;
    }
    qsort(all, total, sizeof *all, compare);
    printf("\"%s\": {\"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"failed\": %zu}%s", name,
           (double)total / took, total ? 1e3 * all[total / 2] : 0,
           total ? 1e3 * all[(size_t)((double)(total - 1) * 0.99)] : 0, failed, last ? "" : ", ");
    free(all);
}

/* ---- loads -------------------------------------------------------------------------------------------
 * One thread for all clients (epoll), each a keep-alive connection that sends its next load when the last is
 * acknowledged: the bench shares the cores with the server, so it must cost little beside it. */

typedef struct {
    int fd;
    size_t sent, have;
    double start;
    char answer[4096];
} Client;

static int dial(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM, 0), on = 1;
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

static size_t base64(const char *in, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(in), at = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)(unsigned char)in[i] << 16;
        bits |= i + 1 < n ? (uint32_t)(unsigned char)in[i + 1] << 8 : 0;
        bits |= i + 2 < n ? (uint32_t)(unsigned char)in[i + 2] : 0;
        out[at++] = digits[bits >> 18];
        out[at++] = digits[(bits >> 12) & 63];
        out[at++] = i + 1 < n ? digits[(bits >> 6) & 63] : '=';
        out[at++] = i + 2 < n ? digits[bits & 63] : '=';
    }
    out[at] = '\0';
    return at;
}

/* http://HOST:PORT/PATH with ROWS rows. */
static size_t make_request(const char *url, const char *user, unsigned rows, char *host, char *port,
                           char *out, size_t room)
{
    char path[512], basic[512], body[8192];
    size_t len = 0;
    if (sscanf(url, "http://%127[^:]:%15[0-9]%511s", host, port, path) != 3 || strlen(user) > 300) {
        return 0;
    }
    for (unsigned row = 0; row < rows && len + 64 < sizeof body; row++) {
        len += (size_t)snprintf(body + len, sizeof body - len, "%u,%u,CN,1.5,true\n", row, row);
    }
    base64(user, basic);
    return (size_t)snprintf(out, room,
                            "PUT %s HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: Basic %s\r\n"
                            "column_separator: ,\r\nContent-Length: %zu\r\n\r\n%s",
                            path, host, port, basic, len, body);
}

static void send_load(Client *client, const char *request, size_t len)
{
    ssize_t n = send(client->fd, request + client->sent, len - client->sent, MSG_NOSIGNAL);
    client->sent += n > 0 ? (size_t)n : 0; /* the rest when the socket takes more: epoll says when */
}

/* True once the answer is whole. */
static bool take_answer(Client *client, bool *ret_gone)
{
    ssize_t n = recv(client->fd, client->answer + client->have, sizeof client->answer - 1 - client->have, 0);
    *ret_gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    client->have += n > 0 ? (size_t)n : 0;
    client->answer[client->have] = '\0';
    const char *end = strstr(client->answer, "\r\n\r\n"),
               *length = strcasestr(client->answer, "content-length:");
    return end && length &&
           client->have >= (size_t)(end + 4 - client->answer) + strtoul(length + 15, NULL, 10);
}

static void begin_load(Client *client, const char *request, size_t len)
{
    client->sent = client->have = 0;
    client->start = now();
    send_load(client, request, len);
}

static int bench_loads(const char *url, const char *user, unsigned n, unsigned rows, double seconds)
{
    char host[128], port[16], request[16384];
    size_t len = make_request(url, user, rows, host, port, request, sizeof request);
    Client *clients = calloc(n, sizeof *clients);
    Worker all = {.room = 4000000};
    all.latencies = calloc(all.room, sizeof(double));
    int epoll = epoll_create1(0);
    for (unsigned i = 0; i < n; i++) {
        clients[i].fd = len ? dial(host, port) : -1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &clients[i]};
        if (clients[i].fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event) != 0) {
            fprintf(stderr, "client: cannot connect to %s\n", url);
            return 1;
        }
    }
    double start = now(), until = start + seconds;
    for (unsigned i = 0; i < n; i++) {
        begin_load(&clients[i], request, len);
    }
    unsigned waiting = n;
    while (waiting > 0) {
        struct epoll_event events[128];
        int ready = epoll_wait(epoll, events, 128, 10000);
        for (int i = 0; i < ready; i++) {
            Client *client = events[i].data.ptr;
            bool gone = false;
            if (client->sent < len) {
                send_load(client, request, len);
            }
            if (client->start <= 0 || (!take_answer(client, &gone) && !gone)) {
                continue;
            }
            if (!gone && strstr(client->answer, "\"Success\"") && all.n < all.room) {
                all.latencies[all.n++] = now() - client->start;
            } else if (all.failed++ == 0) {
                fprintf(stderr, "client: a load failed: %s\n", client->answer);
            }
            if (gone || now() >= until) {
                client->start = 0;
                waiting--;
            } else {
                begin_load(client, request, len);
            }
        }
        if (ready == 0) {
            fprintf(stderr, "client: %u loads were not answered in ten seconds\n", waiting);
            return 1;
        }
    }
    printf("{");
    report("light", &all, 1, now() - start, true);
    printf("}\n");
    return 0;
}

/* ---- queries ---------------------------------------------------------------------------------------------
 */

static MYSQL *sign_in(const Worker *worker)
{
    MYSQL *mysql = mysql_init(NULL);
    my_bool verify = 0;
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (!mysql_real_connect(mysql, "127.0.0.1", worker->user, worker->password, NULL, worker->port, NULL,
                            0)) {
        fprintf(stderr, "client: %s\n", mysql_error(mysql));
        exit(1);
    }
    return mysql;
}

static void *query(void *data)
{
    Worker *worker = data;
    MYSQL *mysql = sign_in(worker);
    while (now() < worker->until && worker->n < worker->room) {
        double start = now();
        MYSQL_RES *result = mysql_query(mysql, worker->sql) == 0 ? mysql_use_result(mysql) : NULL;
        if (!result) {
            if (worker->failed++ == 0) {
                fprintf(stderr, "client: %s\n", mysql_error(mysql));
            }
            continue;
        }
        while (mysql_fetch_row(result)) {
        }
        mysql_free_result(result);
        worker->latencies[worker->n++] = now() - start;
    }
    mysql_close(mysql);
    return NULL;
}

static void run(Worker *workers, pthread_t *ids, unsigned n, const Worker *pattern, void *(*body)(void *))
{
    for (unsigned i = 0; i < n; i++) {
        workers[i] = *pattern;
        workers[i].room = 400000;
        workers[i].latencies = calloc(workers[i].room, sizeof(double));
        pthread_create(&ids[i], NULL, body, &workers[i]);
    }
}

static int bench_threads(unsigned n, const Worker *light, unsigned n_heavy, const Worker *heavy,
                         void *(*body)(void *), double seconds)
{
    Worker *workers = calloc(n + n_heavy, sizeof *workers);
    pthread_t *ids = calloc(n + n_heavy, sizeof *ids);
    double start = now();
    run(workers, ids, n, light, body);
    if (n_heavy) {
        run(workers + n, ids + n, n_heavy, heavy, body);
    }
    for (unsigned i = 0; i < n + n_heavy; i++) {
        pthread_join(ids[i], NULL);
    }
    double took = now() - start > seconds ? now() - start : seconds;
    printf("{");
    report("light", workers, n, took, n_heavy == 0);
    if (n_heavy) {
        report("heavy", workers + n, n_heavy, took, true);
    }
    printf("}\n");
    return 0;
}

static int bench_stream(char **args)
{
    Worker worker = {.port = (unsigned)strtoul(args[0], NULL, 10), .user = args[1], .password = args[2]};
    MYSQL *mysql = sign_in(&worker);
    double start = now();
    MYSQL_RES *result = mysql_query(mysql, args[3]) == 0 ? mysql_use_result(mysql) : NULL;
    if (!result) {
        fprintf(stderr, "client: %s\n", mysql_error(mysql));
        return 1;
    }
    uint64_t rows = 0;
    double first = 0;
    while (mysql_fetch_row(result)) {
        if (rows++ == 0) {
            first = now() - start;
        }
    }
    double took = now() - start;
    printf("{\"rows\": %" PRIu64 ", \"seconds\": %.3f, \"rows_per_second\": %.0f, \"first_row_ms\": %.1f}\n",
           rows, took, (double)rows / took, 1e3 * first);
    return 0;
}

int main(int argc, char **argv)
{
    mysql_library_init(0, NULL, NULL);
    if (argc == 7 && strcmp(argv[1], "loads") == 0) {
        return bench_loads(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10),
                           (unsigned)strtoul(argv[5], NULL, 10), strtod(argv[6], NULL));
    }
    if ((argc == 8 || argc == 10) && strcmp(argv[1], "queries") == 0) {
        double seconds = strtod(argv[6], NULL);
        Worker light = {.port = (unsigned)strtoul(argv[2], NULL, 10),
                        .user = argv[3],
                        .password = argv[4],
                        .sql = argv[7],
                        .until = now() + seconds};
        Worker heavy = light;
        heavy.sql = argc == 10 ? argv[9] : NULL;
        return bench_threads((unsigned)strtoul(argv[5], NULL, 10), &light,
                             argc == 10 ? (unsigned)strtoul(argv[8], NULL, 10) : 0, &heavy, query, seconds);
    }
    if (argc == 6 && strcmp(argv[1], "stream") == 0) {
        return bench_stream(argv + 2);
    }
    fprintf(stderr, "usage: client loads|queries|stream ...\n");
    return 2;
}
