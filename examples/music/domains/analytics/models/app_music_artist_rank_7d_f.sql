-- ---
-- title: {en: Top artists of 7 days, zh: 近7日歌手榜}
-- layer: app
-- consumer: [dashboard]
-- stability: stable
-- kind: full
-- type: ordinary_full
-- schedule: "10 3 * * *"
-- grade: P2
-- owner: bi-team
-- columns:
--   - {name: rank_no, title: {en: Rank, zh: 名次}, checks: [not_null, unique]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: artist_name, title: {en: Artist, zh: 歌手}, dimension: {title: {en: Artist, zh: 歌手}}}
--   - {name: play_cnt_7d, title: {en: Plays (7 days), zh: 近7日播放量}}
--   - {name: play_dur_7d, title: {en: Seconds (7 days), zh: 近7日播放时长}}
--   - {name: skip_rate_7d, title: {en: Skip rate (7 days), zh: 近7日跳过率}}
--   - {name: end_dt, title: {en: Last day, zh: 截止日期}}
-- checks:
--   - {row_count: {min: 1, max: 100}}
-- ---
WITH last_day AS (
    SELECT max(dt) AS end_dt FROM dws_music_song_play_1d_i
), week AS (
    SELECT s.artist_id,
           max(l.end_dt) AS end_dt,
           sum(s.play_cnt) AS play_cnt,
           sum(s.play_dur) AS play_dur,
           sum(s.skip_cnt) AS skip_cnt
    FROM dws_music_song_play_1d_i s
    CROSS JOIN last_day l
    WHERE s.dt > l.end_dt - 7 AND s.artist_id <> -1
    GROUP BY s.artist_id
)
SELECT row_number() OVER (ORDER BY w.play_cnt DESC, w.artist_id) AS rank_no,
       w.artist_id,
       a.artist_name,
       CAST(w.play_cnt AS BIGINT) AS play_cnt_7d,
       CAST(w.play_dur AS BIGINT) AS play_dur_7d,
       CAST(w.skip_cnt / w.play_cnt AS DECIMAL(10, 4)) AS skip_rate_7d,
       w.end_dt
FROM week w
JOIN dim_artist a ON a.artist_id = w.artist_id
QUALIFY row_number() OVER (ORDER BY w.play_cnt DESC, w.artist_id) <= 100
