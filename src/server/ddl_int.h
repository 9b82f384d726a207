/* CREATE, DROP, ALTER (ddl_run.c): tables made over SQL. */
#ifndef WEIR_SERVER_DDL_INT_H
#define WEIR_SERVER_DDL_INT_H

#include "server/sql_int.h"

bool session_run_create(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_drop(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_alter(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
