-- What was known of a deal while it was open. Its probability and amount are in force from the day on which a version
-- said so; the first version that is known counts from the beginning. A version is as old as its source says, else as
-- the load that brought it.
with
deals as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_status in ('open', 'won', 'lost')
),

loads as (
    select * from {{ ref('stg_ledger__loads') }}
),

rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
),

versions as (
    select
        versions.opportunity_key,
        cast(versions.probability_rate as decimal(18, 4)) as probability_rate,
        {{ converted('coalesce(versions.amount, 0)', exchange_rate_of('versions.currency', 'rates.exchange_rate')) }} as amount,
        coalesce(
            {{ business_date_of('versions._version_at') }},
            {{ loaded_date('loads.extracted_at') }},
            {{ business_date() }}
        ) as version_date,
        row_number() over (
            partition by versions.opportunity_key
            order by
                versions._version_at desc nulls last, versions._load_id desc, versions._file desc, versions._row_number desc
        ) as version_rank
    from {{ ref('stg_accepted__opportunities') }} as versions
    left join loads on versions.source = loads.source and versions._load_id = loads.load_id
    left join rates on versions.currency = rates.currency
    where not versions.is_deleted
),

superseded as (
    select
        versions.*,
        min(version_date) over (
            partition by opportunity_key order by version_rank asc rows between unbounded preceding and 1 preceding
        ) as superseded_date
    from versions
),

compared as (
    select
        superseded.*,
        lag(probability_rate) over (partition by opportunity_key order by version_date asc) as probability_before,
        lag(amount) over (partition by opportunity_key order by version_date asc) as amount_before,
        row_number() over (partition by opportunity_key order by version_date asc) as place
    from superseded
    where superseded_date is null or version_date < superseded_date
),

-- A source that sends its whole table every night says nothing new.
changed as (
    select
        opportunity_key,
        probability_rate,
        amount,
        version_date,
        place,
        lead(version_date) over (partition by opportunity_key order by version_date asc) as until_date
    from compared
    where
        place = 1
        or amount <> amount_before
        or coalesce(probability_rate, -1) <> coalesce(probability_before, -1)
),

intervals as (
    select
        deals.opportunity_key,
        deals.customer_key,
        case
            when changed.place = 1 then coalesce(deals.created_date, changed.version_date)
            else greatest(coalesce(deals.created_date, changed.version_date), changed.version_date)
        end as from_date,
        least(
            coalesce(changed.until_date, {{ the_end() }}),
            case deals.opportunity_status
                when 'open' then {{ the_end() }}
                else coalesce(deals.closed_date, deals.created_date, changed.version_date)
            end
        ) as until_date,
        changed.amount,
        changed.probability_rate
    from deals
    inner join changed on deals.opportunity_key = changed.opportunity_key
)

select
    opportunity_key,
    customer_key,
    from_date,
    until_date,
    amount,
    probability_rate
from intervals
where from_date < until_date
