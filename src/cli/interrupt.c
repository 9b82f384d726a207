/* Ctrl-C. While a run is under way it is read by a thread from a signalfd: no code runs inside a signal
 * handler. In the interactive mode a handler counts, and the transfer looks at the count. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli_int.h"

struct CliInterrupt {
    CliContext *ctx;
    GThread *thread;
    sigset_t before;
    int signals, end; /* signalfd, eventfd */
    GMutex lock;      /* of the two below */
    int pressed;
    bool started;
};

static void pressed(CliInterrupt *interrupt)
{
    g_mutex_lock(&interrupt->lock);
    int times = ++interrupt->pressed;
    bool started = interrupt->started;
    g_mutex_unlock(&interrupt->lock);
    if (times >= 3) {
        _exit(CLI_EXIT_INTERRUPTED);
    }
    if (!started) {
        return;
    }
    cli_say(interrupt->ctx, "%s",
            times == 1 ? base_tr("finishing what is running; Ctrl-C again interrupts it",
                                 "正在等待当前任务完成，再按 Ctrl-C 中断")
                       : base_tr("interrupting", "正在中断"));
    g_autoptr(GError) error = NULL;
    if (!cli_call_stop(interrupt->ctx, &error)) {
        cli_say(interrupt->ctx, "%s", error->message);
    }
}

static gpointer watch(gpointer data)
{
    CliInterrupt *interrupt = data;
    struct pollfd fds[] = {{.fd = interrupt->signals, .events = POLLIN},
                           {.fd = interrupt->end, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        if (fds[1].revents != 0) {
            return NULL;
        }
        struct signalfd_siginfo info;
        if (read(interrupt->signals, &info, sizeof info) == (ssize_t)sizeof info) {
            pressed(interrupt);
        }
    }
}

CliInterrupt *cli_interrupt_begin(CliContext *ctx)
{
    CliInterrupt *interrupt = g_new0(CliInterrupt, 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, &interrupt->before);
    interrupt->ctx = ctx;
    g_mutex_init(&interrupt->lock);
    interrupt->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    interrupt->end = eventfd(0, EFD_CLOEXEC);
    interrupt->thread = g_thread_new("interrupt", watch, interrupt);
    return interrupt;
}

bool cli_interrupt_started(CliInterrupt *interrupt)
{
    g_mutex_lock(&interrupt->lock);
    interrupt->started = interrupt->pressed == 0;
    bool started = interrupt->started;
    g_mutex_unlock(&interrupt->lock);
    return started;
}

bool cli_interrupt_end(CliInterrupt *interrupt)
{
    eventfd_write(interrupt->end, 1);
    g_thread_join(interrupt->thread);
    close(interrupt->signals);
    close(interrupt->end);
    pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
    bool was_pressed = interrupt->pressed > 0;
    g_mutex_clear(&interrupt->lock);
    g_free(interrupt);
    return was_pressed;
}

/* ---- the interactive mode ---- */

/* The handlers may run in any thread of a project that is open in-process. */
static atomic_int cancel_count;
static atomic_bool resized;
static int wake = -1; /* eventfd */

static void on_cancel(int number)
{
    (void)number;
    if (atomic_fetch_add(&cancel_count, 1) >= 2) {
        _exit(CLI_EXIT_INTERRUPTED);
    }
    int error = errno;
    eventfd_write(wake, 1);
    errno = error;
}

static void on_resize(int number)
{
    (void)number;
    atomic_store(&resized, true);
    int error = errno;
    eventfd_write(wake, 1);
    errno = error;
}

static void handle_with(int number, void (*handler)(int))
{
    /* Nothing that is being read or written is cut off. */
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void cli_cancel_catch(void)
{
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    handle_with(SIGINT, on_cancel);
    handle_with(SIGWINCH, on_resize);
}

void cli_cancel_reset(void)
{
    atomic_store(&cancel_count, 0);
}

bool cli_cancel_pressed(void)
{
    return atomic_load(&cancel_count) > 0;
}

int cli_cancel_fd(void)
{
    return wake;
}

bool cli_cancel_resized(void)
{
    eventfd_t times;
    eventfd_read(wake, &times);
    return atomic_exchange(&resized, false);
}
