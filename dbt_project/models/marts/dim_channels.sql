with
channels as (
    select * from {{ ref('stg_settings__channels') }}
),

seen as (
    select channel from channels
    union distinct
    select channel from {{ ref('fct_touchpoints') }}
    union distinct
    select channel from {{ ref('fct_leads') }}
    union distinct
    select channel from {{ ref('fct_returns') }}
    union distinct
    select 'unknown' as channel
)

select
    seen.channel,
    coalesce(channels.channel_name_en, seen.channel) as channel_name_en,
    coalesce(channels.channel_name_zh, case when seen.channel = 'unknown' then '未知' else seen.channel end) as channel_name_zh
from seen
left join channels on seen.channel = channels.channel
