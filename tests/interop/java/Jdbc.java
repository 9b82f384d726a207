/* MySQL Connector/J and MariaDB Connector/J: what a JDBC tool does from the cold connect to a large result.
 * Arguments: host port user password URL-prefix URL-options. Prints "ok NAME" or "FAIL NAME: why", at last "end". */
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;

public class Jdbc {
    interface Case { void run() throws Exception; }

    static String prefix, address, options, user, password;
    static boolean mariadb;

    static Connection connect(String database, String secret, String more) throws SQLException {
        String tail = (options.isEmpty() ? "" : "?" + options) + (more.isEmpty() ? "" : (options.isEmpty() ? "?" : "&") + more);
        return DriverManager.getConnection(prefix + address + "/" + database + tail, user, secret);
    }

    static Connection connect() throws SQLException { return connect("interop", password, ""); }

    static void equal(Object got, Object want) {
        if (!Objects.equals(got, want)) throw new AssertionError("got " + got + ", not " + want);
    }

    static void check(boolean holds, Object what) {
        if (!holds) throw new AssertionError(String.valueOf(what));
    }

    static List<String> strings(ResultSet rows, String... columns) throws SQLException {
        List<String> all = new ArrayList<>();
        while (rows.next()) {
            StringJoiner line = new StringJoiner(" ");
            for (String column : columns) line.add(rows.getString(column));
            all.add(line.toString());
        }
        rows.close();
        return all;
    }

    static Object one(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
            check(r.next(), "no row");
            return r.getObject(1);
        }
    }

    static void coldConnect() throws Exception {
        try (Connection c = connect("", password, "")) {
            DatabaseMetaData meta = c.getMetaData();
            check(meta.getDatabaseProductName() != null && meta.getDatabaseMajorVersion() >= 8, meta.getDatabaseProductVersion());
            check(c.isValid(10), "isValid");
            check(meta.getSQLKeywords().length() > 100 && meta.getTypeInfo().next(), "keywords, types");
            equal(c.getTransactionIsolation() > 0, true);
        }
    }

    static void listDatabases() throws Exception {
        try (Connection c = connect()) {
            List<String> names = strings(c.getMetaData().getCatalogs(), "TABLE_CAT");
            check(names.containsAll(List.of("interop", "shop", "information_schema")), names);
            equal(c.getCatalog(), "interop");
            c.setCatalog("shop");
            equal(one(c, "SELECT DATABASE()"), "shop");
        }
    }

    static void browseTables() throws Exception {
        try (Connection c = connect()) {
            DatabaseMetaData m = c.getMetaData();
            equal(strings(m.getTables("interop", null, "%", new String[] {"TABLE"}), "TABLE_NAME", "TABLE_TYPE"),
                  List.of("million TABLE", "pair TABLE", "typed TABLE"));
            equal(strings(m.getTables("interop", null, "ty%", null), "TABLE_NAME"), List.of("typed"));
            // null is every database; to MariaDB's older driver it is the current one
            check(options.contains("old") || strings(m.getTables(null, null, "ods_user_f", null), "TABLE_CAT").contains("shop"), "tables of all databases");
            check(strings(m.getTableTypes(), "TABLE_TYPE").contains("TABLE"), "table types");
            List<String> keys = strings(m.getPrimaryKeys("interop", null, "pair"), "COLUMN_NAME", "KEY_SEQ");
            equal(keys, List.of("a 1", "b 2"));
            List<String> index = strings(m.getIndexInfo("interop", null, "pair", true, false), "INDEX_NAME", "NON_UNIQUE", "COLUMN_NAME", "ORDINAL_POSITION");
            equal(index.toString().replace("false", "0"), "[PRIMARY 0 a 1, PRIMARY 0 b 2]");
            equal(strings(m.getImportedKeys("interop", null, "pair"), "FK_NAME"), List.of());
            equal(strings(m.getExportedKeys("interop", null, "pair"), "FK_NAME"), List.of());
            equal(strings(m.getProcedures("interop", null, "%"), "PROCEDURE_NAME"), List.of());
            equal(strings(m.getFunctions("interop", null, "%"), "FUNCTION_NAME"), List.of());
            strings(m.getBestRowIdentifier("interop", null, "pair", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME");
            strings(m.getVersionColumns("interop", null, "pair"), "COLUMN_NAME");
            strings(m.getTablePrivileges("interop", null, "%"), "TABLE_NAME");
            strings(m.getColumnPrivileges("interop", null, "pair", "%"), "COLUMN_NAME");
        }
    }

    static void describeEachType() throws Exception {
        try (Connection c = connect()) {
            ResultSet r = c.getMetaData().getColumns("interop", null, "typed", "%");
            StringJoiner got = new StringJoiner(" ");
            while (r.next()) got.add(r.getString("COLUMN_NAME") + ":" + r.getInt("DATA_TYPE") + (r.getInt("NULLABLE") == 0 ? "!" : ""));
            // the drivers differ in what they call tinyint(1) and json
            int bool = prefix.contains("mariadb") && !options.contains("old") ? Types.BOOLEAN : Types.BIT;
            int json = mariadb ? Types.OTHER : Types.LONGVARCHAR;
            equal(got.toString(), "id:-5! ok:" + bool + " tiny:-6 small:5 plain:4 big:-5 huge:3 f:7 d:8 price:3 code:1 name:12 note:12 day:91 at:93 micro:93 doc:"
                  + json + " tags:" + json);
            r = c.getMetaData().getColumns("interop", null, "typed", "price");
            check(r.next(), "price");
            equal(r.getInt("COLUMN_SIZE") + "," + r.getInt("DECIMAL_DIGITS") + "," + r.getInt("ORDINAL_POSITION"), "18,4,10");
            r = c.getMetaData().getColumns("interop", null, "typed", "id");
            check(r.next() && "the key".equals(r.getString("REMARKS")), "comment");
        }
    }

    static void readEachType() throws Exception {
        try (Connection c = connect(); PreparedStatement p = c.prepareStatement("SELECT * FROM typed WHERE id = ?")) {
            p.setLong(1, 1);
            ResultSet r = p.executeQuery();
            check(r.next(), "no row 1");
            equal(r.getBoolean("ok"), true);
            equal(r.getByte("tiny") + " " + r.getShort("small") + " " + r.getInt("plain") + " " + r.getLong("big"), "7 300 70000 5000000000");
            equal(r.getBigDecimal("huge"), new BigDecimal("170141183460469231731687303715884105727"));
            equal(r.getFloat("f"), 1.5f);
            equal(r.getDouble("d"), 2.25);
            equal(r.getBigDecimal("price"), new BigDecimal("12.3456"));
            equal(r.getString("code") + r.getString("name") + r.getString("note"), "abit's \"ü\" 中 🎵 \\ %line\nline");
            equal(r.getDate("day").toString(), "2026-11-21");
            equal(r.getObject("day", LocalDate.class), LocalDate.of(2026, 11, 21));
            equal(r.getTimestamp("at").toLocalDateTime(), LocalDateTime.of(2026, 11, 21, 10, 20, 30));
            equal(r.getObject("micro", LocalDateTime.class), LocalDateTime.of(2026, 11, 21, 10, 20, 30, 123456000));
            equal(r.getString("doc") + r.getString("tags"), "{\"k\": [1, \"中\"]}[1,2,null]");
            for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) check(r.getObject(i) != null, i);
            equal(r.getMetaData().getColumnName(1), "id");
            p.setLong(1, 2);
            r = p.executeQuery();
            check(r.next(), "no row 2");
            for (int i = 2; i <= r.getMetaData().getColumnCount(); i++) check(r.getObject(i) == null && r.wasNull(), i);
            p.setLong(1, 3);
            r = p.executeQuery();
            check(r.next(), "no row 3");
            equal(r.getByte("tiny") + " " + r.getShort("small") + " " + r.getInt("plain") + " " + r.getLong("big"),
                  "-128 -32768 -2147483648 -9223372036854775808");
            equal(r.getBigDecimal("price"), new BigDecimal("-99999999999999.9999"));
            equal(r.getDouble("d"), -1e300);
            equal(r.getObject("micro", LocalDateTime.class), LocalDateTime.of(1000, 1, 1, 0, 0, 0, 1000));
            p.setLong(1, 4);
            r = p.executeQuery();
            check(r.next(), "no row 4");
            equal(r.getLong("big"), Long.MAX_VALUE);
            equal(r.getObject("at", LocalDateTime.class), LocalDateTime.of(9999, 12, 31, 23, 59, 59));
        }
    }

    static void parametersOfEachType() throws Exception {
        try (Connection c = connect(); Statement s = c.createStatement()) {
            s.execute("DROP TABLE IF EXISTS given");
            s.execute("CREATE TABLE given (id INT, a DOUBLE, b DECIMAL(10,2), c VARCHAR(20), d DATE, e DATETIME(6), f BOOLEAN, g INT, h BIGINT) UNIQUE KEY(id)");
            LocalDateTime at = LocalDateTime.of(2026, 1, 2, 3, 4, 5, 678000);
            try (PreparedStatement p = c.prepareStatement("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
                p.setInt(1, -5);
                p.setDouble(2, 2.5);
                p.setBigDecimal(3, new BigDecimal("1.25"));
                p.setString(4, "ü'\\");
                p.setObject(5, LocalDate.of(2026, 1, 2));
                p.setTimestamp(6, Timestamp.valueOf(at));
                p.setBoolean(7, true);
                p.setNull(8, Types.INTEGER);
                p.setLong(9, Long.MIN_VALUE);
                equal(p.executeUpdate(), 1);
            }
            try (PreparedStatement p = c.prepareStatement("SELECT * FROM given WHERE id = ? AND b = ? AND c = ? AND d = ? AND e = ?")) {
                equal(p.getParameterMetaData().getParameterCount(), 5);
                p.setInt(1, -5);
                p.setBigDecimal(2, new BigDecimal("1.25"));
                p.setString(3, "ü'\\");
                p.setDate(4, java.sql.Date.valueOf("2026-01-02"));
                p.setTimestamp(5, Timestamp.valueOf(at));
                ResultSet r = p.executeQuery();
                check(r.next(), "not found");
                equal(r.getDouble(2) + r.getString(4) + r.getBoolean(7) + r.getObject(8) + r.getLong(9), "2.5ü'\\truenull" + Long.MIN_VALUE);
                equal(r.getObject(6, LocalDateTime.class), at);
            }
            s.execute("DROP TABLE given");
        }
    }

    static void repeatedStatement() throws Exception {
        try (Connection c = connect(); PreparedStatement p = c.prepareStatement("SELECT name FROM million WHERE id = ?")) {
            for (long i : new long[] {1, 999999, 1000000, 5}) {
                p.setLong(1, i);
                ResultSet r = p.executeQuery();
                equal(r.next() ? r.getString(1) : null, i < 1000000 ? "row " + i : null);
            }
        }
    }

    static void millionRowsStreamed() throws Exception {
        try (Connection c = connect(); PreparedStatement p = c.prepareStatement("SELECT id, name, v, day FROM million",
                                                                              ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
            p.setFetchSize(mariadb ? 1000 : Integer.MIN_VALUE);
            ResultSet r = p.executeQuery();
            long count = 0, sum = 0;
            while (r.next()) {
                count++;
                sum += r.getLong(1);
                if (count % 100000 == 0) check(r.getString(2).equals("row " + r.getLong(1)) && r.getDate(4) != null, r.getString(2));
            }
            equal(count + " " + sum, "1000000 499999500000");
        }
    }

    static void cursorFetch() throws Exception { // Connector/J's other way: a server's cursor, where the server has one
        try (Connection c = connect("interop", password, mariadb ? "" : "useCursorFetch=true");
             PreparedStatement p = c.prepareStatement("SELECT id FROM million WHERE id < ?")) {
            p.setFetchSize(100);
            p.setInt(1, 1000);
            ResultSet r = p.executeQuery();
            int count = 0;
            while (r.next()) count++;
            equal(count, 1000);
        }
    }

    static void batchInsert() throws Exception {
        try (Connection c = connect("interop", password, "rewriteBatchedStatements=true"); Statement s = c.createStatement()) {
            s.execute("DROP TABLE IF EXISTS batch");
            s.execute("CREATE TABLE batch (id BIGINT, name VARCHAR(20), v DOUBLE) UNIQUE KEY(id)");
            c.setAutoCommit(false);
            try (PreparedStatement p = c.prepareStatement("INSERT INTO batch (id, name, v) VALUES (?, ?, ?)")) {
                for (int i = 0; i < 5000; i++) {
                    p.setInt(1, i);
                    p.setString(2, "n'" + i);
                    p.setDouble(3, i / 2.0);
                    p.addBatch();
                }
                equal(p.executeBatch().length, 5000);
            }
            c.commit();
            equal(one(c, "SELECT concat(count(*), ' ', max(id), ' ', min(name), ' ', CAST(sum(v) AS SIGNED)) FROM batch"), "5000 4999 n'0 6248750");
            s.addBatch("INSERT INTO batch VALUES (9001, 'x', 1)");
            s.addBatch("INSERT INTO batch VALUES (9002, 'y', 2)");
            equal(Arrays.toString(s.executeBatch()), "[1, 1]");
            c.commit();
            c.setAutoCommit(true);
            equal(s.executeUpdate("UPDATE batch SET v = 0 WHERE id >= 9001"), 2);
            equal(s.executeUpdate("DELETE FROM batch WHERE id = 9001"), 1);
            s.execute("DROP TABLE batch");
        }
    }

    static void transactions() throws Exception {
        try (Connection c = connect(); Connection other = connect(); Statement s = c.createStatement()) {
            s.execute("DROP TABLE IF EXISTS tx");
            s.execute("CREATE TABLE tx (id BIGINT) UNIQUE KEY(id)");
            c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            c.setAutoCommit(false);
            s.executeUpdate("INSERT INTO tx VALUES (1)");
            c.rollback();
            equal(((Number) one(other, "SELECT count(*) FROM tx")).intValue(), 0);
            s.executeUpdate("INSERT INTO tx VALUES (2)");
            equal(((Number) one(other, "SELECT count(*) FROM tx")).intValue(), 0);
            c.commit();
            equal(((Number) one(other, "SELECT id FROM tx")).intValue(), 2);
            c.setAutoCommit(true);
            s.execute("DROP TABLE tx");
        }
    }

    static void fails(int number, String state, Case work) throws Exception {
        try {
            work.run();
        } catch (SQLException error) {
            equal(error.getErrorCode() + " " + error.getSQLState(), number + " " + state);
            return;
        }
        throw new AssertionError("no error " + number);
    }

    static void errors() throws Exception {
        try (Connection c = connect(); Statement s = c.createStatement()) {
            fails(1146, "42S02", () -> s.executeQuery("SELECT * FROM absent"));
            fails(1064, "42000", () -> s.executeQuery("SELECT FROM FROM"));
            fails(1054, "42S22", () -> s.executeQuery("SELECT absent FROM typed"));
            fails(1146, "42S02", () -> {
                try (PreparedStatement p = c.prepareStatement("SELECT * FROM absent WHERE id = ?")) {
                    p.setInt(1, 1);
                    p.executeQuery();
                }
            });
            equal(((Number) one(c, "SELECT 1")).intValue(), 1);
        }
        fails(1045, "28000", () -> connect("interop", "wrong", ""));
        fails(1049, "42000", () -> connect("absent", password, ""));
    }

    static void timeOut() throws Exception {
        try (Connection c = connect(); Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            try {
                s.executeQuery("SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i) WHERE a.i + b.i > 3");
                throw new AssertionError("no time-out");
            } catch (SQLException error) {
                check(error instanceof SQLTimeoutException || error.getErrorCode() == 1317 || error.getErrorCode() == 3024, error);
            }
            s.setQueryTimeout(0);
            equal(((Number) one(c, "SELECT 1")).intValue(), 1);
        }
    }

    static void timeZones() throws Exception {
        try (Connection c = connect(); Statement s = c.createStatement()) {
            s.execute("SET time_zone = '+00:00'");
            equal(one(c, "SELECT date_format(FROM_UNIXTIME(0), '%Y-%m-%d %H:%i')"), "1970-01-01 00:00");
            s.execute("SET time_zone = 'Asia/Shanghai'");
            equal(one(c, "SELECT date_format(FROM_UNIXTIME(0), '%Y-%m-%d %H:%i')"), "1970-01-01 08:00");
        }
        String zone = mariadb ? "timezone=Asia/Tokyo" : "connectionTimeZone=Asia/Tokyo&forceConnectionTimeZoneToSession=true";
        if (prefix.contains("mariadb") && !options.contains("old")) {
            zone += "&forceConnectionTimeZoneToSession=true";
        }
        if (options.contains("old")) return; // its older line never sets the session's zone
        try (Connection c = connect("interop", password, zone)) {
            equal(one(c, "SELECT date_format(FROM_UNIXTIME(0), '%H:%i')"), "09:00");
        }
    }

    static void TLS() throws Exception {
        try (Connection c = connect("interop", password, mariadb ? (options.contains("old") ? "useSsl=true&trustServerCertificate=true" : "sslMode=trust") : "sslMode=REQUIRED")) {
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SHOW STATUS LIKE 'Ssl_cipher'")) {
                check(r.next() && !r.getString(2).isEmpty(), "no cipher");
            }
        }
    }

    public static void main(String[] words) throws Exception {
        address = words[0] + ":" + words[1];
        user = words[2];
        password = words[3];
        prefix = words[4];
        options = words[5];
        mariadb = prefix.contains("mariadb");
        Map<String, Case> cases = new LinkedHashMap<>();
        cases.put("cold connect", Jdbc::coldConnect);
        cases.put("sign in with TLS", Jdbc::TLS);
        cases.put("list databases", Jdbc::listDatabases);
        cases.put("browse tables", Jdbc::browseTables);
        cases.put("describe each type", Jdbc::describeEachType);
        cases.put("read each type", Jdbc::readEachType);
        cases.put("parameters of each type", Jdbc::parametersOfEachType);
        cases.put("repeated statement", Jdbc::repeatedStatement);
        cases.put("million rows streamed", Jdbc::millionRowsStreamed);
        cases.put("cursor fetch", Jdbc::cursorFetch);
        cases.put("batch insert", Jdbc::batchInsert);
        cases.put("transactions", Jdbc::transactions);
        cases.put("errors", Jdbc::errors);
        cases.put("time-out", Jdbc::timeOut);
        cases.put("time zones", Jdbc::timeZones);
        for (Map.Entry<String, Case> entry : cases.entrySet()) {
            try {
                entry.getValue().run();
                System.out.println("ok " + entry.getKey());
            } catch (Throwable error) {
                error.printStackTrace();
                System.out.println("FAIL " + entry.getKey() + ": " + String.valueOf(error).split("\n")[0]);
            }
        }
        System.out.println("end");
    }
}
