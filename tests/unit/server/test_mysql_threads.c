/* Who is served next on the MySQL port, and by how many at once. A client here sends one byte for each
 * command; what serving it means is what the test says. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "server/mysql/threads_int.h"

#define MANY  20
#define NEVER (3600 * BASE_TIME_SECOND_US)

typedef struct Desk Desk;
typedef MysqlNext (*Work)(Desk *desk, int id);

typedef struct {
    MysqlTurn turn; /* first */
    Desk *desk;
    int id, client_fd;
} Guest;

struct Desk {
    MysqlThreads *threads;
    Work work;
    gint64 patience_us; /* of a parked one */
    GMutex lock;        /* guards what follows */
    GCond changed;
    GArray *served; /* int: ids, in the order in which their work began */
    unsigned visits, at_work, most, late, over;
    bool open; /* work that waits for it may go on */
};

static MysqlNext serve(MysqlTurn *turn)
{
    Guest *guest = (Guest *)turn;
    Desk *desk = guest->desk;
    char byte;
    ssize_t n = recv(turn->fd, &byte, 1, MSG_DONTWAIT);
    g_mutex_lock(&desk->lock);
    bool ends = n == 0 || turn->late;
    desk->late += turn->late;
    desk->visits++;
    desk->at_work++;
    desk->most = MAX(desk->most, desk->at_work);
    if (n > 0) {
        g_array_append_val(desk->served, guest->id);
        g_cond_broadcast(&desk->changed);
    }
    g_mutex_unlock(&desk->lock);
    MysqlNext next = ends ? MYSQL_OVER : n > 0 ? desk->work(desk, guest->id) : MYSQL_PARK;
    if (next == MYSQL_OVER) {
        close(turn->fd);
        g_free(guest);
    }
    g_mutex_lock(&desk->lock);
    if (next != MYSQL_OVER) {
        turn->deadline_us = base_time_monotonic_us() + desk->patience_us;
    }
    desk->at_work--;
    desk->over += next == MYSQL_OVER;
    g_cond_broadcast(&desk->changed);
    g_mutex_unlock(&desk->lock);
    return next;
}

static void desk_open(Desk *desk, unsigned turns, gint64 stall_us, MysqlServe how, Work work)
{
    g_autoptr(GError) error = NULL;
    *desk = (Desk){.work = work, .patience_us = NEVER};
    desk->served = g_array_new(FALSE, FALSE, sizeof(int));
    desk->threads = mysql_threads_new(turns, stall_us, how, &error);
    g_assert_no_error(error);
}

static void say(int fd)
{
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
}

/* Comes, and may speak at once. */
static Guest *come_saying(Desk *desk, int id, bool speaks)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    Guest *guest = g_new0(Guest, 1);
    *guest = (Guest){.turn = {.fd = pair[0]}, .desk = desk, .id = id, .client_fd = pair[1]};
    if (speaks) {
        say(pair[1]);
    }
    g_autoptr(GError) error = NULL;
    g_assert_true(mysql_threads_add(desk->threads, &guest->turn, &error));
    return guest;
}

static Guest *come(Desk *desk, int id)
{
    return come_saying(desk, id, false);
}

/* Until so many works have begun. */
static void await_served(Desk *desk, guint n)
{
    g_mutex_lock(&desk->lock);
    while (desk->served->len < n) {
        g_cond_wait(&desk->changed, &desk->lock);
    }
    g_mutex_unlock(&desk->lock);
}

/* Until all of them were welcomed and are parked. */
static void await_quiet(Desk *desk, unsigned visits)
{
    g_mutex_lock(&desk->lock);
    while (desk->visits < visits || desk->at_work > 0) {
        g_cond_wait(&desk->changed, &desk->lock);
    }
    g_mutex_unlock(&desk->lock);
}

static void let_go(Desk *desk)
{
    g_mutex_lock(&desk->lock);
    desk->open = true;
    g_cond_broadcast(&desk->changed);
    g_mutex_unlock(&desk->lock);
}

static void await_open(Desk *desk)
{
    g_mutex_lock(&desk->lock);
    while (!desk->open) {
        g_cond_wait(&desk->changed, &desk->lock);
    }
    g_mutex_unlock(&desk->lock);
}

static void await_over(Desk *desk, unsigned n)
{
    g_mutex_lock(&desk->lock);
    while (desk->over < n) {
        g_cond_wait(&desk->changed, &desk->lock);
    }
    g_mutex_unlock(&desk->lock);
}

/* All clients hang up; nothing is left of them. */
static void desk_close(Desk *desk, const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        close(fds[i]);
    }
    await_over(desk, n);
    mysql_threads_free(desk->threads);
    g_assert_cmpuint(desk->at_work, ==, 0);
    g_array_unref(desk->served);
}

static MysqlNext work_quick(Desk *desk, int id)
{
    (void)desk;
    (void)id;
    return MYSQL_PARK;
}

static void each_is_served_each_time(void)
{
    Desk desk;
    desk_open(&desk, 2, NEVER, serve, work_quick);
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = come(&desk, i)->client_fd;
    }
    for (guint round = 1; round <= 50; round++) {
        for (int i = 0; i < MANY; i++) {
            say(fds[i]);
        }
        await_served(&desk, round * MANY);
    }
    unsigned times[MANY] = {0};
    for (guint i = 0; i < desk.served->len; i++) {
        times[g_array_index(desk.served, int, i)]++;
    }
    for (int i = 0; i < MANY; i++) {
        g_assert_cmpuint(times[i], ==, 50);
    }
    g_assert_cmpuint(desk.most, <=, 2);
    desk_close(&desk, fds, MANY);
}

/* 0 keeps the only turn until all others have spoken. */
static MysqlNext work_first_waits(Desk *desk, int id)
{
    if (id == 0 && desk->served->len == 1) {
        await_open(desk);
    }
    return MYSQL_PARK;
}

static void they_are_served_in_the_order_in_which_they_came(void)
{
    Desk desk;
    desk_open(&desk, 1, NEVER, serve, work_first_waits);
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = come(&desk, i)->client_fd;
    }
    await_quiet(&desk, MANY);
    say(fds[0]);
    await_served(&desk, 1);
    for (int i = MANY - 1; i > 0; i--) {
        say(fds[i]);
    }
    let_go(&desk);
    await_served(&desk, MANY);
    for (int i = 1; i < MANY; i++) {
        g_assert_cmpint(g_array_index(desk.served, int, (guint)i), ==, MANY - i);
    }
    desk_close(&desk, fds, MANY);
}

/* Whoever gives way is no hindrance, and all of them may at once. */
static MysqlNext serve_giving_way(MysqlTurn *turn)
{
    Guest *guest = (Guest *)turn;
    mysql_threads_give_way(guest->desk->threads, turn);
    mysql_threads_give_way(guest->desk->threads, turn);
    return serve(turn);
}

static MysqlNext work_waits(Desk *desk, int id)
{
    (void)id;
    await_open(desk);
    return MYSQL_PARK;
}

static void what_takes_long_gives_way(void)
{
    Desk desk;
    desk_open(&desk, 1, NEVER, serve_giving_way, work_waits);
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = come(&desk, i)->client_fd;
        say(fds[i]);
    }
    await_served(&desk, MANY); /* all of them wait now */
    let_go(&desk);
    desk_close(&desk, fds, MANY);
    g_assert_cmpuint(desk.most, ==, MANY);
}

/* The only turn is kept by who waits for the next one: it is taken from it. */
static MysqlNext work_waits_for_another(Desk *desk, int id)
{
    if (id == 0) {
        await_open(desk);
    } else {
        let_go(desk);
    }
    return MYSQL_PARK;
}

static void a_turn_is_not_kept_for_ever(void)
{
    Desk desk;
    desk_open(&desk, 1, 1000, serve, work_waits_for_another);
    int fds[2] = {come(&desk, 0)->client_fd, come(&desk, 1)->client_fd};
    say(fds[0]);
    await_served(&desk, 1);
    say(fds[1]);
    await_served(&desk, 2);
    desk_close(&desk, fds, 2);
}

static MysqlNext work_again(Desk *desk, int id)
{
    if (id == 0 && desk->served->len == 1) {
        await_open(desk);
    }
    return id == 0 ? MYSQL_AGAIN : MYSQL_PARK;
}

/* One that has more to say comes after those that wait. */
static void more_of_one_comes_after_the_others(void)
{
    Desk desk;
    desk_open(&desk, 1, NEVER, serve, work_again);
    int fds[2] = {come(&desk, 0)->client_fd, come(&desk, 1)->client_fd};
    await_quiet(&desk, 2);
    say(fds[0]);
    say(fds[0]);
    say(fds[0]);
    await_served(&desk, 1);
    say(fds[1]);
    g_usleep(2000); /* longer than it goes without a poll */
    let_go(&desk);
    await_served(&desk, 4);
    static const int ORDER[] = {0, 0, 1, 0};
    g_assert_cmpmem(desk.served->data, sizeof ORDER, ORDER, sizeof ORDER);
    desk_close(&desk, fds, 2);
}

static void who_is_silent_too_long_is_sent_away(void)
{
    Desk desk;
    desk_open(&desk, 2, NEVER, serve, work_quick);
    int patient = come(&desk, 0)->client_fd;
    say(patient);
    await_served(&desk, 1);
    await_quiet(&desk, 1);
    g_mutex_lock(&desk.lock);
    desk.patience_us = 20000;
    g_mutex_unlock(&desk.lock);
    int silent = come_saying(&desk, 1, true)->client_fd;
    await_over(&desk, 1); /* while another polls with a longer patience */
    g_assert_cmpuint(desk.late, ==, 1);
    char byte;
    g_assert_cmpint(read(silent, &byte, 1), ==, 0);
    close(silent);
    say(patient);
    await_served(&desk, 3);
    close(patient);
    await_over(&desk, 2);
    mysql_threads_free(desk.threads);
    g_array_unref(desk.served);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/mysql_threads/all", each_is_served_each_time);
    g_test_add_func("/server/mysql_threads/order", they_are_served_in_the_order_in_which_they_came);
    g_test_add_func("/server/mysql_threads/give_way", what_takes_long_gives_way);
    g_test_add_func("/server/mysql_threads/stall", a_turn_is_not_kept_for_ever);
    g_test_add_func("/server/mysql_threads/again", more_of_one_comes_after_the_others);
    g_test_add_func("/server/mysql_threads/silent", who_is_silent_too_long_is_sent_away);
    return g_test_run();
}
