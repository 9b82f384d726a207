/* Ctrl-C. While a run is under way it is read by a thread from a signalfd: no code runs inside a signal
 * handler. In the interactive mode a handler counts, and the transfer looks at the count. */
#include <poll.h>
#include <signal.h>
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

static volatile sig_atomic_t cancel_count;

static void on_cancel(int number)
{
    (void)number;
    cancel_count++;
    if (cancel_count >= 3) {
        _exit(CLI_EXIT_INTERRUPTED);
    }
}

void cli_cancel_catch(void)
{
    /* Without SA_RESTART, so that waiting for a line ends too. */
    struct sigaction action = {.sa_handler = on_cancel};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void cli_cancel_reset(void)
{
    cancel_count = 0;
}

bool cli_cancel_pressed(void)
{
    return cancel_count > 0;
}
