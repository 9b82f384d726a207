-- ---
-- title: {en: Popular songs by genre, zh: 各曲风热歌}
-- description: {en: What a new listener hears first, zh: 新用户冷启动歌单}
-- layer: app
-- consumer: [recommender]
-- stability: stable
-- kind: full
-- type: ordinary_full
-- schedule: "50 3 * * *"
-- grade: P2
-- owner: rec-team
-- columns:
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}}}
--   - {name: rank_no, title: {en: Rank, zh: 名次}, checks: [{between: [1, 50]}]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null, unique]}
--   - {name: song_title, title: {en: Song, zh: 歌名}}
--   - {name: play_cnt_7d, title: {en: Plays (7 days), zh: 近7日播放量}}
-- ---
WITH last_day AS (
    SELECT max(dt) AS end_dt FROM dws_music_song_play_1d_i
), week AS (
    SELECT t.song_id, sum(t.play_cnt) AS play_cnt
    FROM dws_music_song_play_1d_i t
    CROSS JOIN last_day l
    WHERE t.dt > l.end_dt - 7
    GROUP BY t.song_id
)
SELECT s.genre_code,
       row_number() OVER (PARTITION BY s.genre_code ORDER BY w.play_cnt DESC, s.song_id) AS rank_no,
       s.song_id,
       s.song_title,
       CAST(w.play_cnt AS BIGINT) AS play_cnt_7d
FROM week w
JOIN dim_song s ON s.song_id = w.song_id
QUALIFY row_number() OVER (PARTITION BY s.genre_code ORDER BY w.play_cnt DESC, s.song_id) <= 50
