-- What every client reads: each column type at usual values, NULLs and both ends; a million rows; a composite key.
CREATE DATABASE IF NOT EXISTS interop;
USE interop;
CREATE TABLE typed (
  id BIGINT NOT NULL COMMENT 'the key',
  ok BOOLEAN, tiny TINYINT, small SMALLINT, plain INT, big BIGINT, huge LARGEINT,
  f FLOAT, d DOUBLE, price DECIMAL(18,4),
  code CHAR(5), name VARCHAR(50), note STRING,
  day DATE, at DATETIME, micro DATETIME(6),
  doc JSON, tags ARRAY<INT>
) UNIQUE KEY(id);
INSERT INTO typed VALUES
  (1, true, 7, 300, 70000, 5000000000, 170141183460469231731687303715884105727, 1.5, 2.25, 12.3456,
   'ab', 'it''s "ü" 中 🎵 \\ %', 'line\nline', '2026-11-21', '2026-11-21 10:20:30', '2026-11-21 10:20:30.123456',
   '{"k": [1, "中"]}', [1, 2, NULL]),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, false, -128, -32768, -2147483648, -9223372036854775808, -170141183460469231731687303715884105727, -1e30, -1e300, -99999999999999.9999,
   '', '', '', '1000-01-01', '1000-01-01 00:00:00', '1000-01-01 00:00:00.000001', '[]', []),
  (4, true, 127, 32767, 2147483647, 9223372036854775807, 0, 0, 0, 0,
   'zzzzz', 'z', 'z', '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', 'null', [0]);
CREATE TABLE million (id BIGINT, name VARCHAR(20), v DOUBLE, day DATE) DUPLICATE KEY(id);
INSERT INTO million SELECT i, concat('row ', i), i / 4, DATE '2026-01-01' + CAST(i % 365 AS INT) FROM range(1000000) r(i);
CREATE TABLE pair (a INT NOT NULL, b VARCHAR(10) NOT NULL, v INT) UNIQUE KEY(a, b);
