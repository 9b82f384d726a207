/* g_error ends by SIGTRAP, which libFuzzer does not take as a finding: it would leave no input behind. */
#include <signal.h>
#include <stdlib.h>

static void abort_on(int signal)
{
    (void)signal;
    abort();
}

__attribute__((constructor)) static void trap(void)
{
    signal(SIGTRAP, abort_on);
}
