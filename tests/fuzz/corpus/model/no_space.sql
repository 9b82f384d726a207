-- ---
--kind: full
-- 
-- ---
WITH q AS (SELECT * EXCLUDE (b) FROM t) SELECT q.*, u.x FROM q JOIN u USING (a) QUALIFY row_number() OVER (ORDER BY ts) = 1;
