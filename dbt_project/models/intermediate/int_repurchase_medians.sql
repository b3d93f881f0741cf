{{ kaplan_meier(
    ref('int_repurchase_windows'),
    ['month_start_date', 'window_type', 'product_line'],
    'gap_days',
    'is_ended',
    [0.5],
) }}
