select
    lag_months,
    dimension_name,
    dimension_value,
    pair_count,
    dealer_count,
    spearman_coefficient,
    spearman_low_coefficient,
    spearman_high_coefficient,
    pearson_coefficient,
    verdict
from {{ ref('int_dealer_months_correlated') }}
