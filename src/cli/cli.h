/* The command line: one table of verbs (cli/verbs.c), from which parsing, help, completion and the man page
 * are made. */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

/* Runs `weir ARGS...`; returns the exit code (0 ok, 1 failed, 2 usage or definitions, 3 plan found changes, 4
 * access, 5 checks failed, 6 server not reachable, 130 interrupted). */
int cli_main(int argc, char **argv);

#endif
