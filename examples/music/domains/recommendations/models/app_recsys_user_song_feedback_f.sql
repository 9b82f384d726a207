-- ---
-- title: {en: Training feedback, zh: 推荐训练反馈}
-- description: {en: "How much a user likes a song, from what they finished and what they skipped", zh: 由完播与跳过得到的用户歌曲偏好}
-- layer: app
-- consumer: [recommender]
-- stability: stable
-- kind: full
-- type: ordinary_full
-- schedule: "45 3 * * *"
-- grade: P2
-- owner: rec-team
-- columns:
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}}
--   - {name: like_score, title: {en: Preference, zh: 偏好分}, checks: [{between: [-1, 100]}]}
--   - {name: last_played_at, title: {en: Last played at, zh: 最后播放时间}}
-- checks:
--   - {unique: [user_id, song_id]}
-- ---
SELECT f.user_id,
       f.song_id,
       s.artist_id,
       s.genre_code,
       CAST(greatest(ln(1 + f.full_play_cnt) - 0.5 * ln(1 + f.skip_cnt), -1) AS DECIMAL(10, 4)) AS like_score,
       f.last_played_at
FROM dws_music_user_song_play_td_f f
JOIN dim_song s ON s.song_id = f.song_id
