/* A small project in a folder of its own, with everything below the warehouse real. */
#ifndef WEIR_TEST_WAREHOUSE_FIXTURE_H
#define WEIR_TEST_WAREHOUSE_FIXTURE_H

#include "warehouse/warehouse_int.h"

typedef struct {
    char *root, *data;
    Engine *engine, *parser_engine;
    EngineConn *conn, *parser; /* conn: a reader of the warehouse */
    CatalogStore *store;
    BaseConfig *config;
    Intake *intake;
    Warehouse *warehouse;
    CatalogSnapshot *snapshot; /* applied */
} Fixture;

void fixture_open(Fixture *f);
void fixture_close(Fixture *f);
/* Closes all and opens it again, as a restart does. */
void fixture_reopen(Fixture *f);
void fixture_write(Fixture *f, const char *path, const char *text);
void fixture_remove(Fixture *f, const char *path);
/* What the files say now, against what is applied. */
CatalogDiff *fixture_diff(Fixture *f);
bool fixture_apply(Fixture *f, const char *const *allow, GError **error);
void fixture_apply_ok(Fixture *f);
/* Any SQL, in a transaction of the committer. */
void fixture_exec(Fixture *f, const char *sql);
char *fixture_text(Fixture *f, const char *sql);
void fixture_assert(Fixture *f, const char *sql, const char *expected);
bool fixture_run(Fixture *f, const char *select, GError **error);
void fixture_run_ok(Fixture *f, const char *select);
/* State of a model in its last run. */
char *fixture_state(Fixture *f, const char *model);

#endif
