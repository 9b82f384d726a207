/* Words of `weir features` that stand in files of their own. Each gives an exit code; word 0 is its name. */
#ifndef WEIR_CLI_FEATURES_INT_H
#define WEIR_CLI_FEATURES_INT_H

#include "cli/cli_int.h"

/* Values of a repeated option, each of which may be a list "a,b": one array of names. New reference. */
json_t *cli_features_names(char **list);

int cli_features_materialize(CliContext *ctx);             /* START END [--view V] */
int cli_features_materialize_incremental(CliContext *ctx); /* [END] [--view V] */
int cli_features_intervals(CliContext *ctx);               /* [VIEW] */
int cli_features_rejects(CliContext *ctx);                 /* [VIEW] */
int cli_features_get_online(
    CliContext *ctx);                     /* KEY=VALUE... --features a:b,... | --service S [--full-names] */
int cli_features_push(CliContext *ctx);   /* VIEW FILE [--to online|offline|both] */
int cli_features_status(CliContext *ctx); /* [VIEW] */
int cli_features_verify(CliContext *ctx); /* VIEW; exit 5 when they differ */
int cli_features_erase(CliContext *ctx);  /* KEY=VALUE... [--view V] */
/* [--entities FILE | --sql QUERY | --start --end [--snapshot]] --features a:b,... | --service S --out OUT */
int cli_features_get_historical(CliContext *ctx);
int cli_features_jobs(CliContext *ctx); /* [cancel ID] */

#endif
