select
    cast(significance as decimal(18, 4)) as significance,
    cast(least_change_rate as decimal(18, 4)) as least_change_rate,
    cast(least_count as bigint) as least_count,
    cast(least_segment_count as bigint) as least_segment_count,
    do_managers_sell,
    cast(minimum_heads as bigint) as minimum_heads,
    cast(returns_rate as decimal(18, 4)) as returns_rate,
    cast(most_moved_rate as decimal(18, 4)) as most_moved_rate,
    cast(least_gain_rate as decimal(18, 4)) as least_gain_rate
from {{ source('settings', 'comparison_rules') }}
