/* CREATE TABLE in, CatalogTable out, SHOW CREATE TABLE back. */
#include <string.h>

#include "catalog/catalog.h"

static CatalogTable *parse_warned(const char *sql, GPtrArray *warnings)
{
    GError *error = NULL;
    bool if_not_exists = false;
    CatalogTable *table = catalog_ddl_parse(sql, "db", &if_not_exists, warnings, &error);
    if (error) {
        g_error("%s: %s", sql, error->message);
    }
    return table;
}

static CatalogTable *parse(const char *sql)
{
    return parse_warned(sql, NULL);
}

static char *outline(const CatalogTable *table)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s.%s %c", table->schema, table->name, "dua"[table->model]);
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        g_string_append_printf(out, "; %s%s %s%s", column->key ? "*" : "", column->name, column->type,
                               column->not_null ? "!" : "");
        if (column->agg != CATALOG_AGG_NONE) {
            g_string_append_printf(out, " agg%d", (int)column->agg);
        }
        if (column->default_sql) {
            g_string_append_printf(out, " =%s", column->default_sql);
        }
    }
    return g_string_free(out, FALSE);
}

static void check(const char *sql, const char *expected)
{
    g_autoptr(CatalogTable) table = parse(sql);
    g_autofree char *got = outline(table);
    g_assert_cmpstr(got, ==, expected);
}

static void test_key_models(void)
{
    check("CREATE TABLE t (k INT, v INT) DUPLICATE KEY(k)", "db.t d; *k INTEGER; v INTEGER");
    check("CREATE TABLE x.t (k INT NOT NULL, v INT) UNIQUE KEY(`k`)", "x.t u; *k INTEGER!; v INTEGER");
    check("CREATE TABLE t (k INT, s BIGINT SUM DEFAULT \"0\", m INT MAX, n INT MIN, r VARCHAR(9) REPLACE, "
          "q INT REPLACE_IF_NOT_NULL NULL) AGGREGATE KEY(k)",
          "db.t a; *k INTEGER; s BIGINT agg1 ='0'; m INTEGER agg3; n INTEGER agg2; r VARCHAR agg4; q INTEGER "
          "agg5");
    check("CREATE TABLE t (k INT, d DATE, pv BIGINT SUM)", "db.t a; *k INTEGER; *d DATE; pv BIGINT agg1");
    check("CREATE TABLE t (k INT KEY, d DATE)", "db.t d; *k INTEGER; d DATE");
    check("CREATE TABLE t (a INT, b INT)", "db.t d; a INTEGER; b INTEGER");
    check("CREATE TABLE t (v TEXT, id BIGINT, PRIMARY KEY (`id`))", "db.t u; *id BIGINT!; v VARCHAR");
    check("CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT)", "db.t u; *id BIGINT!; v VARCHAR");
}

static void test_the_doris_manual(void)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(CatalogTable) table = parse_warned(
        "CREATE TABLE IF NOT EXISTS example_db.table_hash (\n"
        "    k1 DATE,\n    k2 DECIMAL(10, 2) DEFAULT \"10.5\",\n    k3 CHAR(10) COMMENT \"string column\",\n"
        "    k4 INT NOT NULL DEFAULT \"1\" COMMENT \"int column\",\n"
        "    INDEX k4_idx (k4) USING INVERTED PROPERTIES(\"parser\" = \"english\") COMMENT "
        "'x'\n)\nENGINE=OLAP\n"
        "UNIQUE KEY(k1, k2)\nCOMMENT \"table comment\"\n"
        "PARTITION BY RANGE (k1) (\n  PARTITION p1 VALUES LESS THAN (\"2014-01-01\"),\n"
        "  PARTITION p2 VALUES [(\"2014-01-01\"), (\"2014-06-01\")))\n"
        "DISTRIBUTED BY HASH(k1) BUCKETS 32\nROLLUP (r1 (k1, k2))\n"
        "PROPERTIES (\"replication_num\" = \"1\", \"function_column.sequence_col\" = 'k4', "
        "\"storage_medium\" = \"SSD\");",
        warnings);
    g_autofree char *got = outline(table);
    g_assert_cmpstr(
        got, ==,
        "example_db.table_hash u; *k1 DATE; *k2 DECIMAL(10,2) ='10.5'; k3 VARCHAR; k4 INTEGER! ='1'");
    g_assert_cmpstr(table->comment, ==, "table comment");
    g_assert_cmpstr(table->sequence, ==, "k4");
    g_assert_cmpstr(base_json_string(table->properties, "distribution", ""), ==,
                    "DISTRIBUTED BY HASH(k1) BUCKETS 32");
    g_assert_cmpstr(base_json_string(json_object_get(table->properties, "properties"), "storage_medium", ""),
                    ==, "SSD");
    g_assert_cmpuint(warnings->len, ==, 5);
    g_assert_cmpstr(g_ptr_array_index(warnings, 4), ==,
                    "properties without effect on one machine: replication_num, storage_medium");
}

static void test_other_forms_are_read(void)
{
    check("CREATE TABLE t (dt DATETIME(3), v INT) AUTO PARTITION BY RANGE (date_trunc(dt, 'day')) () "
          "DISTRIBUTED BY RANDOM "
          "BUCKETS AUTO PROPERTIES('a'='b',)",
          "db.t d; dt TIMESTAMP; v INTEGER");
    check("create table `a b`.`c``d` (`key` int unsigned zerofill not null auto_increment, `from` "
          "varchar(20) character set utf8 "
          "collate utf8_bin default 'it''s', ts timestamp(3) default current_timestamp(3) on update "
          "current_timestamp(3), "
          "primary key (`key`) using btree, key `i` (`from`(10)), constraint fk foreign key (`from`) "
          "references x.y (z) on delete "
          "set null, check (`key` > 0)) engine=InnoDB auto_increment=5 default charset=utf8mb4 "
          "collate=utf8mb4_bin comment='c'",
          "a b.c`d u; *key UINTEGER!; from VARCHAR ='it''s'; ts TIMESTAMP =CAST(now() AS TIMESTAMP)");
    check("CREATE TABLE t (a INT DEFAULT -1, b DOUBLE DEFAULT 1.5, c BOOLEAN DEFAULT TRUE, d DATE DEFAULT "
          "CURRENT_DATE, e INT "
          "DEFAULT NULL, f JSON DEFAULT (json_object()))",
          "db.t d; a INTEGER =-1; b DOUBLE =1.5; c BOOLEAN =TRUE; d DATE =current_date; e INTEGER; f JSON "
          "=(json_object())");
}

static void check_type(const char *declared, const char *expected)
{
    GError *error = NULL;
    g_autofree char *type = catalog_ddl_type(declared, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(type, ==, expected);
}

static void test_types(void)
{
    static const char *const cases[][2] = {
        {"tinyint(1)", "TINYINT"},
        {"int(11) unsigned", "UINTEGER"},
        {"BIGINT UNSIGNED ZEROFILL", "UBIGINT"},
        {"LARGEINT", "HUGEINT"},
        {"DECIMAL", "DECIMAL(38,9)"},
        {"decimal(10)", "DECIMAL(10,0)"},
        {"DECIMALV3(18, 2)", "DECIMAL(18,2)"},
        {"double precision", "DOUBLE"},
        {"float(53)", "DOUBLE"},
        {"DATETIMEV2(6)", "TIMESTAMP"},
        {"timestamp with time zone", "TIMESTAMP WITH TIME ZONE"},
        {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
        {"varchar(*)", "VARCHAR"},
        {"character varying(20)", "VARCHAR"},
        {"ARRAY<INT>", "INTEGER[]"},
        {"ARRAY<ARRAY<STRING>>", "VARCHAR[][]"},
        {"MAP<STRING,ARRAY<MAP<INT,DATE>>>", "MAP(VARCHAR, MAP(INTEGER, DATE)[])"},
        {"STRUCT<a:INT, b:ARRAY<STRING> COMMENT 'x'>", "STRUCT(\"a\" INTEGER, \"b\" VARCHAR[])"},
        {"STRUCT(a INTEGER, b VARCHAR)[]", "STRUCT(\"a\" INTEGER, \"b\" VARCHAR)[]"},
        {"MAP(VARCHAR, BIGINT)", "MAP(VARCHAR, BIGINT)"},
        {"DOUBLE[3]", "DOUBLE[3]"},
        {"enum('a','it''s')", "ENUM('a', 'it''s')"},
        {"set('a','b')", "VARCHAR"},
        {"bit(1)", "BOOLEAN"},
        {"VARIANT", "JSON"},
        {"IPV4", "VARCHAR"},
        {"varbinary(16)", "BLOB"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_type(cases[i][0], cases[i][1]);
    }
}

/* The engine must know every type that Weir names. */
static void test_the_engine_knows_the_types(void)
{
    static const char *const declared[] = {"LARGEINT",
                                           "BIGINT UNSIGNED",
                                           "TIMESTAMPTZ",
                                           "ARRAY<MAP<INT,STRING>>",
                                           "STRUCT<`a b`:INT>",
                                           "enum('x')",
                                           "DOUBLE[3]",
                                           "JSON",
                                           "UUID",
                                           "BIT(8)",
                                           "TIME"};
    GError *error = NULL;
    EngineOptions options = {.threads = 1};
    g_autoptr(Engine) engine = engine_open(&options, &error);
    g_autoptr(EngineConn) conn = engine_connect(engine, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(declared); i++) {
        g_autofree char *type = catalog_ddl_type(declared[i], &error);
        g_autofree char *sql = g_strdup_printf("CREATE TABLE t%u (c %s)", (unsigned)i, type);
        g_assert_true(engine_exec(conn, sql, &error));
    }
}

static void check_type_fails(const char *declared, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(catalog_ddl_type(declared, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VALUE_INVALID);
    g_assert_nonnull(strstr(error->message, part));
}

static void test_types_that_are_refused(void)
{
    check_type_fails("BITMAP", "not kept");
    check_type_fails("HLL", "not kept");
    check_type_fails("INTEGR", "unknown");
    check_type_fails("DECIMAL(76,2)", "38");
    check_type_fails("DATETIME(9)", "6 digits");
    check_type_fails("INT INT", "nothing more");
    check_type_fails("ARRAY<INT", "`>`");
    check_type_fails("", "a type");
    g_autoptr(GString) deep = g_string_new(NULL);
    for (int i = 0; i < 100; i++) {
        g_string_append(deep, "ARRAY<");
    }
    check_type_fails(deep->str, "deep");
}

static void check_fails(const char *sql, BaseErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(catalog_ddl_parse(sql, NULL, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    if (!strstr(error->message, part)) {
        g_error("%s: %s", sql, error->message);
    }
}

static void test_what_is_wrong_is_named(void)
{
    check_fails("CREATE TABLE t (a INT)", BASE_E_DATABASE_UNKNOWN, "No database selected");
    check_fails("CREATE TABLE d.t (a INT, A INT)", BASE_E_NAME_DUPLICATE, "Duplicate column");
    check_fails("CREATE TABLE d.t (a INT, b INT) UNIQUE KEY(b)", BASE_E_VALUE_INVALID, "ordered prefix");
    check_fails("CREATE TABLE d.t (a INT) UNIQUE KEY(b)", BASE_E_VALUE_INVALID, "`b`");
    check_fails("CREATE TABLE d.t (a INT, b INT) UNIQUE KEY(a, a)", BASE_E_VALUE_INVALID, "twice");
    check_fails("CREATE TABLE d.t (a INT, b INT SUM) UNIQUE KEY(a)", BASE_E_VALUE_INVALID, "AGGREGATE");
    check_fails("CREATE TABLE d.t (a INT, b INT) AGGREGATE KEY(a)", BASE_E_VALUE_INVALID,
                "needs an aggregate");
    check_fails("CREATE TABLE d.t (a INT SUM, b INT) AGGREGATE KEY(a)", BASE_E_VALUE_INVALID, "a key column");
    check_fails("CREATE TABLE d.t (a INT) PROPERTIES('function_column.sequence_col'='a')",
                BASE_E_VALUE_INVALID, "UNIQUE");
    check_fails("CREATE TABLE d.t (a INT, b JSON, PRIMARY KEY(b))", BASE_E_VALUE_INVALID, "nested");
    check_fails("CREATE TABLE d.t (a INT, b BITMAP BITMAP_UNION)", BASE_E_VALUE_INVALID, "not kept");
    check_fails("CREATE TABLE d.t (a INT, b INT AS (a + 1))", BASE_E_VALUE_INVALID, "generated");
    check_fails("CREATE TABLE d.t (_weir_x INT)", BASE_E_NAME_INVALID, "_weir_x");
    check_fails("CREATE TABLE d.t ()", BASE_E_SQL_SYNTAX, "a name");
    check_fails("CREATE TABLE d.t (a INT", BASE_E_SQL_SYNTAX, "where the statement ends");
    check_fails("CREATE TABLE d.t (a INT) FROBNICATE", BASE_E_SQL_SYNTAX, "FROBNICATE");
    check_fails("CREATE TEMPORARY TABLE d.t (a INT)", BASE_E_STATEMENT_REFUSED, "TEMPORARY");
    check_fails("CREATE TABLE d.t (a INT DEFAULT b)", BASE_E_SQL_SYNTAX, "default value");
}

static void test_a_syntax_error_has_a_place(void)
{
    g_autoptr(GError) error = NULL;
    unsigned line, column;
    g_assert_null(
        catalog_ddl_parse("CREATE TABLE d.t (\n  a INT,\n  b INT NUL\n)", NULL, NULL, NULL, &error));
    base_error_get_file(error, &line, &column);
    g_assert_cmpuint(line, ==, 3);
    g_assert_cmpuint(column, ==, 9);
}

static void test_show_has_mysqls_layout(void)
{
    g_autoptr(CatalogTable) table =
        parse("CREATE TABLE t (id BIGINT NOT NULL COMMENT 'the \"id\"', n VARCHAR(20) DEFAULT \"it's\", "
              "s INT DEFAULT 0, at DATETIME DEFAULT CURRENT_TIMESTAMP) UNIQUE KEY(id) COMMENT 'c' "
              "DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES('replication_num'='1')");
    g_autofree char *shown = catalog_ddl_show(table);
    g_assert_cmpstr(shown, ==,
                    "CREATE TABLE `t` (\n"
                    "  `id` bigint NOT NULL COMMENT 'the \"id\"',\n"
                    "  `n` varchar(20) DEFAULT 'it''s',\n"
                    "  `s` int DEFAULT '0',\n"
                    "  `at` datetime DEFAULT CURRENT_TIMESTAMP,\n"
                    "  PRIMARY KEY (`id`)\n"
                    ") ENGINE=OLAP DEFAULT CHARSET=utf8mb4 COMMENT='c' DISTRIBUTED BY HASH(id) BUCKETS 1 "
                    "PROPERTIES ('replication_num'='1')");
}

static void test_what_is_shown_is_read_back_as_the_same_table(void)
{
    static const char *const statements[] = {
        "CREATE TABLE t (k INT, s BIGINT SUM DEFAULT \"0\", r VARCHAR(9) REPLACE) AGGREGATE KEY(k) COMMENT "
        "'a\\nb'",
        "CREATE TABLE t (k INT, v ARRAY<INT>) UNIQUE KEY(k)",
        "CREATE TABLE t (a INT, b ENUM('x','Y'), c DECIMAL(10,2) DEFAULT 1.50, d DATE DEFAULT CURRENT_DATE)",
        "CREATE TABLE t (a INT, d DATE, INDEX i (a) USING INVERTED) DUPLICATE KEY(a, d) PARTITION BY "
        "RANGE(d) (PARTITION p VALUES "
        "LESS THAN ('2020-01-01')) DISTRIBUTED BY HASH(a) BUCKETS 4 PROPERTIES('x.y'='z', 'b'='it''s')",
        "CREATE TABLE `a b` (`x``y` INT NOT NULL, PRIMARY KEY (`x``y`))"};
    for (size_t i = 0; i < G_N_ELEMENTS(statements); i++) {
        g_autoptr(CatalogTable) table = parse(statements[i]);
        g_autofree char *shown = catalog_ddl_show(table);
        g_autoptr(CatalogTable) again = parse(shown);
        g_autofree char *shown_again = catalog_ddl_show(again);
        g_autofree char *before = outline(table), *after = outline(again);
        g_assert_cmpstr(shown, ==, shown_again);
        /* a number as default comes back as text of the same number */
        if (!strstr(statements[i], "1.50")) {
            g_assert_cmpstr(before, ==, after);
        }
    }
}

/* A table of YAML names its partition's column, or {by, unit}: what is shown is a statement all the same. */
static void test_a_partition_of_yaml_is_shown_as_a_clause(void)
{
    static const struct {
        const char *json, *clause;
    } cases[] = {
        {"{\"p\": \"d\"}", " PARTITION BY RANGE(`d`) ()"},
        {"{\"p\": {\"by\": \"d\", \"unit\": \"day\"}}",
         " AUTO PARTITION BY RANGE(date_trunc(`d`, 'day')) ()"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(CatalogTable) table = parse("CREATE TABLE t (a INT, d DATE) DUPLICATE KEY(a)");
        g_autoptr(json_t) whole = base_json_parse(cases[i].json, strlen(cases[i].json), NULL);
        json_object_set(table->properties, "partition", json_object_get(whole, "p"));
        g_autofree char *shown = catalog_ddl_show(table);
        g_assert_true(g_str_has_suffix(shown, cases[i].clause));
        g_autoptr(CatalogTable) again = parse(shown);
        g_autofree char *shown_again = catalog_ddl_show(again);
        g_assert_true(g_ascii_strcasecmp(shown, shown_again) == 0);
    }
}

static void test_a_default_is_shown_without_quotes(void)
{
    static const char *const shown[] = {NULL, "it's", "0", "CURRENT_TIMESTAMP"};
    g_autoptr(CatalogTable) table =
        parse("CREATE TABLE t (id BIGINT, n VARCHAR(20) DEFAULT \"it's\", s BIGINT DEFAULT \"0\", "
              "at DATETIME DEFAULT CURRENT_TIMESTAMP)");
    for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
        g_autofree char *text = catalog_ddl_default(table->columns->pdata[i]);
        g_assert_cmpstr(text, ==, shown[i]);
    }
}

static void test_json_keeps_everything(void)
{
    g_autoptr(CatalogTable) table = parse("CREATE TABLE t (k INT NOT NULL COMMENT 'x', s BIGINT DEFAULT 0) "
                                          "UNIQUE KEY(k) COMMENT 'c' DISTRIBUTED BY HASH(k) "
                                          "BUCKETS 1 PROPERTIES('function_column.sequence_col'='s')");
    g_autoptr(json_t) json = catalog_table_to_json(table);
    GError *error = NULL;
    g_autoptr(CatalogTable) back = catalog_table_from_json(json, &error);
    g_assert_no_error(error);
    g_autoptr(CatalogTable) copy = catalog_table_copy(back);
    g_autoptr(json_t) again = catalog_table_to_json(copy);
    g_assert_true(json_equal(json, again));
    g_assert_cmpstr(copy->sequence, ==, "s");
    g_assert_nonnull(catalog_table_column(copy, "K"));
    g_assert_null(catalog_table_column(copy, "z"));
    g_autoptr(json_t) broken = json_pack("{s:s, s:s, s:s}", "schema", "a", "name", "b", "model", "heap");
    g_assert_null(catalog_table_from_json(broken, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VALUE_INVALID);
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/ddl/key models", test_key_models);
    g_test_add_func("/catalog/ddl/the Doris manual", test_the_doris_manual);
    g_test_add_func("/catalog/ddl/other forms are read", test_other_forms_are_read);
    g_test_add_func("/catalog/ddl/types", test_types);
    g_test_add_func("/catalog/ddl/the engine knows the types", test_the_engine_knows_the_types);
    g_test_add_func("/catalog/ddl/types that are refused", test_types_that_are_refused);
    g_test_add_func("/catalog/ddl/what is wrong is named", test_what_is_wrong_is_named);
    g_test_add_func("/catalog/ddl/a syntax error has a place", test_a_syntax_error_has_a_place);
    g_test_add_func("/catalog/ddl/show has MySQL's layout", test_show_has_mysqls_layout);
    g_test_add_func("/catalog/ddl/what is shown is read back",
                    test_what_is_shown_is_read_back_as_the_same_table);
    g_test_add_func("/catalog/ddl/a partition of YAML is shown as a clause",
                    test_a_partition_of_yaml_is_shown_as_a_clause);
    g_test_add_func("/catalog/ddl/a default is shown without quotes", test_a_default_is_shown_without_quotes);
    g_test_add_func("/catalog/ddl/JSON keeps everything", test_json_keeps_everything);
    return g_test_run();
}
