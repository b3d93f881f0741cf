{%- set least_deals = 10 -%}
{%- set least_share = 0.9 -%}
-- A stage that deals of a source enter: whether it is none but the outcome of a deal, and its place among the others.
with
events as (
    select
        source,
        opportunity_key,
        coalesce(stage, 'unknown') as stage,
        stage_order,
        entered_at
    from {{ present('int_opportunity_stage_events_deduplicated') }}
),

settings as (
    select * from {{ ref('stg_settings__deal_stages') }}
),

entries as (
    select
        source,
        opportunity_key,
        stage,
        min(stage_order) as stage_order,
        min(entered_at) as first_entered_at,
        max(entered_at) as last_entered_at
    from events
    group by source, opportunity_key, stage
),

spans as (
    select
        opportunity_key,
        min(entered_at) as began_at,
        max(entered_at) as ended_at
    from events
    group by opportunity_key
),

-- A deal that came from another stage, went nowhere from here and was closed by then has ended here.
ended as (
    select
        entries.source,
        entries.stage,
        entries.stage_order,
        case
            when
                opportunities.opportunity_status in ('won', 'lost')
                and entries.first_entered_at > spans.began_at
                and entries.last_entered_at = spans.ended_at
                and {{ business_date_of('entries.last_entered_at') }} >= opportunities.closed_date
                then opportunities.opportunity_status
        end as ended_as
    from entries
    inner join spans on entries.opportunity_key = spans.opportunity_key
    left join {{ ref('fct_opportunities') }} as opportunities on entries.opportunity_key = opportunities.opportunity_key
),

counted as (
    select
        source,
        stage,
        min(stage_order) as own_order,
        count(*) as deal_count,
        greatest(
            count(*) filter (where ended_as = 'won'), count(*) filter (where ended_as = 'lost')
        ) as ended_count
    from ended
    group by source, stage
),

-- What is called an outcome is one; so is what has another name, where deals do nothing in it but end in one way.
judged as (
    select
        counted.*,
        settings.stage_place as listed_place,
        case
            when settings.is_closing then 'named'
            when
                settings.is_closing is null
                and counted.deal_count >= {{ least_deals }}
                and counted.ended_count >= {{ least_share }} * counted.deal_count
                then 'learned'
        end as closing_basis
    from counted
    left join settings on {{ status_word('counted.stage') }} = settings.stage_word
),

-- A list of stages in funnel.yml comes before the order that the source gives.
known as (
    select
        judged.*,
        case when count(listed_place) over of_source > 0 then listed_place else own_order end as known_order,
        case when count(listed_place) over of_source > 0 then 'configured' else 'source' end as known_basis
    from judged
    where closing_basis is null
    window of_source as (partition by source)
),

doubtful as (
    select source
    from known
    group by source
    having count(distinct known_order) < count(*)
),

living as (
    select entries.*
    from entries
    inner join doubtful on entries.source = doubtful.source
    inner join known on entries.source = known.source and entries.stage = known.stage
),

-- The stages that most of the deals which entered both had entered before.
preceding as (
    select
        later.source,
        later.stage,
        earlier.stage as preceding_stage
    from living as later
    inner join living as earlier
        on later.opportunity_key = earlier.opportunity_key and later.stage <> earlier.stage
    group by later.source, later.stage, earlier.stage
    having
        count(*) filter (where earlier.first_entered_at < later.first_entered_at)
        > count(*) filter (where earlier.first_entered_at > later.first_entered_at)
),

preceded as (
    select
        preceding.source,
        preceding.stage,
        count(*) as preceding_count,
        max(known.known_order) as preceding_order
    from preceding
    inner join known on preceding.source = known.source and preceding.preceding_stage = known.stage
    group by preceding.source, preceding.stage
),

-- A stage of which nobody says where it stands, among others of which somebody does, stands beside the last of these that it
-- usually follows.
ordered as (
    select
        known.*,
        case
            when known.known_order is not null then known.known_order
            when count(known.known_order) over (partition by known.source) > 0 then coalesce(preceded.preceding_order, 0)
            else coalesce(preceded.preceding_count, 0) + 1
        end as stage_place
    from known
    left join preceded on known.source = preceded.source and known.stage = preceded.stage
),

-- Of stages in one place, how many deals usually enter before this one.
beside as (
    select
        preceding.source,
        preceding.stage,
        count(*) as beside_count
    from preceding
    inner join ordered on preceding.source = ordered.source and preceding.stage = ordered.stage
    inner join ordered as earlier
        on
            preceding.source = earlier.source
            and preceding.preceding_stage = earlier.stage
            and ordered.stage_place = earlier.stage_place
    group by preceding.source, preceding.stage
)

select
    judged.source,
    judged.stage,
    cast(judged.deal_count as bigint) as deal_count,
    judged.closing_basis is not null as is_closing,
    judged.closing_basis,
    cast(ordered.stage_place as bigint) as stage_place,
    case when ordered.known_order is not null then ordered.known_basis when judged.closing_basis is null then 'usual' end as order_basis,
    cast(coalesce(beside.beside_count, 0) as bigint) as beside_count
from judged
left join ordered on judged.source = ordered.source and judged.stage = ordered.stage
left join beside on judged.source = beside.source and judged.stage = beside.stage
