select
    cast(maturity_days as integer) as maturity_days,
    cast(odd_score as decimal(18, 4)) as odd_score,
    cast(odd_minimum_entered as integer) as odd_minimum_entered
from {{ source('settings', 'funnel') }}
