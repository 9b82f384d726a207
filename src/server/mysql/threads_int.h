/* The threads of the MySQL port: which connection is served next, and by whom.
 *
 * Between two commands a connection has no thread: it is parked in an epoll set. Of those whose clients have
 * sent something, the one that came first is served by the next thread that has a turn. There are a few turns
 * for each core and no more, so under load queries are answered in the order in which they came, by threads
 * that are awake already and take the next connection without a switch.
 *
 * What may take long gives its turn up before it begins (mysql_threads_give_way) and goes on beside the
 * others; from what has kept a turn for long without saying so it is taken. Either way another
 * connection is served instead, so nothing that waits for another session's next command can wait for ever.
 *
 * A MysqlThreads is thread-safe. A connection belongs to the thread that serves it, and to nobody while it is
 * parked. */
#ifndef WEIR_SERVER_MYSQL_THREADS_INT_H
#define WEIR_SERVER_MYSQL_THREADS_INT_H

#include <glib.h>
#include <stdbool.h>

#define MYSQL_TURNS_A_CORE 3
#define MYSQL_STALL_US     (10 * 1000)

typedef struct MysqlThreads MysqlThreads;

/* A connection's part; zeroed when it is made. */
typedef struct {
    int fd;             /* to be set */
    gint64 deadline_us; /* monotonic: parked until then at most; to be set before MYSQL_PARK */
    bool late;          /* out, when it is served: it is because its deadline has passed */
    struct MysqlWorker *worker;
    bool in_set;
    GList link; /* of those that are parked, or of those that are ready */
} MysqlTurn;

typedef enum {
    MYSQL_PARK,  /* until its client sends something */
    MYSQL_AGAIN, /* after the others: bytes of it were read already */
    MYSQL_OVER,  /* it is gone, and its MysqlTurn freed */
} MysqlNext;
/* Serves one command of a connection, or welcomes it; on any of the threads. */
typedef MysqlNext (*MysqlServe)(MysqlTurn *turn);

/* `stall_us`: how long a turn can be kept, MYSQL_STALL_US but for tests. */
MysqlThreads *mysql_threads_new(unsigned turns, gint64 stall_us, MysqlServe serve,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* When no connection is left. NULL is none. */
void mysql_threads_free(MysqlThreads *threads);
/* A new connection: it is served as soon as there is a turn. */
bool mysql_threads_add(MysqlThreads *threads, MysqlTurn *turn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From within serve: what follows may take long. Cheap when the turn is given up already. */
void mysql_threads_give_way(MysqlThreads *threads, MysqlTurn *turn);

#endif
