-- ---
-- title: {en: User likes and follows a day, zh: 用户点赞关注日汇总}
-- layer: dwm
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, user_id]
-- lookback: 2d
-- schedule: "*/30 * * * *"
-- grade: P2
-- owner: interactions-data
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user}
--   - {name: like_cnt, title: {en: Likes, zh: 点赞次数}}
--   - {name: follow_cnt, title: {en: Follows, zh: 关注次数}}
-- checks:
--   - {unique: [dt, user_id]}
-- ---
SELECT dt,
       user_id,
       CAST(sum(like_cnt) AS BIGINT) AS like_cnt,
       CAST(sum(follow_cnt) AS BIGINT) AS follow_cnt
FROM (
    SELECT dt, user_id, 1 AS like_cnt, 0 AS follow_cnt
    FROM dwd_music_like_event_i
    WHERE dt >= $start AND dt < $end
    UNION ALL
    SELECT dt, user_id, 0 AS like_cnt, 1 AS follow_cnt
    FROM dwd_music_follow_event_i
    WHERE dt >= $start AND dt < $end AND action_code = 'follow'
) social
GROUP BY dt, user_id
