/* The client of the serving benches: many threads, one connection each, over the real protocols.
 *
 *   client loads URL USER:PASSWORD THREADS ROWS SECONDS   Stream Loads of ROWS rows each (bench.small)
 *   client queries PORT USER PASSWORD THREADS SECONDS SQL [HEAVY_THREADS HEAVY_SQL]
 *   client stream PORT USER PASSWORD SQL                   one large result, rows a second
 * Prints one line of JSON. */
#include <curl/curl.h>
#include <inttypes.h>
#include <mysql.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    const char *url, *user, *password, *sql;
    unsigned port, rows;
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

static size_t keep(char *data, size_t size, size_t n, void *user)
{
    char *answer = user;
    size_t have = strlen(answer), room = 1023 - have, take = size * n < room ? size * n : room;
    memcpy(answer + have, data, take);
    answer[have + take] = '\0';
    return size * n;
}

static void *load(void *data)
{
    Worker *worker = data;
    char body[8192], answer[1024];
    size_t len = 0;
    for (unsigned row = 0; row < worker->rows; row++) {
        len += (size_t)snprintf(body + len, sizeof body - len, "%u,%u,CN,1.5,true\n", row, row);
    }
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "column_separator: ,");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, worker->url);
    curl_easy_setopt(curl, CURLOPT_USERPWD, worker->user);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)len);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    while (now() < worker->until && worker->n < worker->room) {
        double start = now();
        answer[0] = '\0';
        if (curl_easy_perform(curl) == CURLE_OK && strstr(answer, "\"Success\"")) {
            worker->latencies[worker->n++] = now() - start;
        } else if (worker->failed++ == 0) {
            fprintf(stderr, "client: a load failed: %s\n", answer);
        }
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

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
    curl_global_init(CURL_GLOBAL_ALL);
    mysql_library_init(0, NULL, NULL);
    if (argc == 7 && strcmp(argv[1], "loads") == 0) {
        double seconds = strtod(argv[6], NULL);
        Worker worker = {.url = argv[2],
                         .user = argv[3],
                         .rows = (unsigned)strtoul(argv[5], NULL, 10),
                         .until = now() + seconds};
        return bench_threads((unsigned)strtoul(argv[4], NULL, 10), &worker, 0, NULL, load, seconds);
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
