-- One conversation as the platform exports it: nested, one JSON object on a line.
select
    chat_id as session_id,
    platform,
    struct_pack(
        visitor_id := visitor_id,
        openid := openid,
        crm := case when account_no is not null then struct_pack(
            account_no := account_no, account_name := account_name, credit_code := credit_code,
            contact_no := contact_no, contact_name := contact_name, phone := phone
        ) end
    ) as visitor,
    struct_pack(user_no := agent_no, name := agent_name, team := agent_team) as agent,
    started_at,
    answered_at as first_reply_at,
    closed_at,
    message_count,
    case when score is not null then struct_pack(score := score) end as rating,
    intent,
    -- nobody of ours has written where nobody answered; else the first answer is the first reply
    list_transform(range(_message_count), lambda i: struct_pack(
        sender := case when i % 2 = 0 or _answered_at is null then 'visitor' else 'agent' end,
        sent_at := strftime(
            case when i = 0 then _started_at when _answered_at is null then _started_at + to_seconds(40 * i)
                else _answered_at + to_seconds(40 * (i - 1)) end, '%Y-%m-%dT%H:%M:%S+08:00'
        ),
        text := case when i % 2 = 0 or _answered_at is null
            then ['您好，请问有现货吗？', '这个型号怎么报价？', '发票什么时候开？', '物流到哪里了？', '有没有检测报告？', '可以优惠一点吗？'][1 + pick('visitor says', _key * 16 + i, 6)]
            else ['您好，请稍等，我帮您查一下。', '有现货，今天下单明天发货。', '已为您登记，稍后回复。', '量大可以申请协议价。', '资料已发到您的邮箱。'][1 + pick('agent says', _key * 16 + i, 5)]
        end
    )) as messages
from {delivered}
where {rows}
order by _at, _key, _copy
