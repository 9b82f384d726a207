-- ---
-- title: {en: User activity a day, zh: 用户活跃日宽表}
-- description: {en: "One row a user and day with all they did: songs, podcasts, likes, follows", zh: 每用户每日一行：听歌、播客、点赞、关注}
-- layer: dws
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, user_id]
-- lookback: 2d
-- schedule: "0 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: play_cnt, title: {en: Plays, zh: 播放次数}}
--   - {name: play_dur, title: {en: Seconds played, zh: 播放秒数}}
--   - {name: skip_cnt, title: {en: Skips, zh: 跳过次数}}
--   - {name: full_play_cnt, title: {en: Full plays, zh: 完整播放次数}}
--   - {name: song_ucnt, metric: play_song_ucnt, title: {en: Songs heard, zh: 播放歌曲数}}
--   - {name: artist_ucnt, metric: play_artist_ucnt, title: {en: Artists heard, zh: 播放歌手数}}
--   - {name: listen_cnt, metric: podcast_listen_cnt, title: {en: Podcast listens, zh: 播客收听次数}}
--   - {name: listen_dur, title: {en: Podcast seconds, zh: 播客收听秒数}}
--   - {name: like_cnt, title: {en: Likes, zh: 点赞次数}}
--   - {name: follow_cnt, title: {en: Follows, zh: 关注次数}}
-- checks:
--   - {unique: [dt, user_id]}
-- ---
WITH play AS (
    SELECT dt, user_id,
           CAST(sum(play_cnt) AS BIGINT) AS play_cnt,
           CAST(sum(play_dur) AS BIGINT) AS play_dur,
           CAST(sum(skip_cnt) AS BIGINT) AS skip_cnt,
           CAST(sum(full_play_cnt) AS BIGINT) AS full_play_cnt,
           count(DISTINCT song_id) AS song_ucnt,
           count(DISTINCT artist_id) AS artist_ucnt
    FROM dwm_music_user_song_play_1d_i
    WHERE dt >= $start AND dt < $end
    GROUP BY dt, user_id
), podcast AS (
    SELECT dt, user_id,
           CAST(sum(listen_cnt) AS BIGINT) AS listen_cnt,
           CAST(sum(listen_dur) AS BIGINT) AS listen_dur
    FROM dwm_music_user_podcast_listen_1d_i
    WHERE dt >= $start AND dt < $end
    GROUP BY dt, user_id
), social AS (
    SELECT dt, user_id, like_cnt, follow_cnt
    FROM dwm_music_user_social_1d_i
    WHERE dt >= $start AND dt < $end
)
SELECT dt,
       user_id,
       coalesce(p.play_cnt, 0) AS play_cnt,
       coalesce(p.play_dur, 0) AS play_dur,
       coalesce(p.skip_cnt, 0) AS skip_cnt,
       coalesce(p.full_play_cnt, 0) AS full_play_cnt,
       coalesce(p.song_ucnt, 0) AS song_ucnt,
       coalesce(p.artist_ucnt, 0) AS artist_ucnt,
       coalesce(l.listen_cnt, 0) AS listen_cnt,
       coalesce(l.listen_dur, 0) AS listen_dur,
       coalesce(s.like_cnt, 0) AS like_cnt,
       coalesce(s.follow_cnt, 0) AS follow_cnt
FROM play p
FULL JOIN podcast l USING (dt, user_id)
FULL JOIN social s USING (dt, user_id)
