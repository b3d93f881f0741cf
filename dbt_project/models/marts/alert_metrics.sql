with
judged as (
    select
        periods.*,
        late.late_key,
        late.said_value,
        late.said_compared_value,
        late.said_date,
        late.was_allowed_more,
        late.changed_by,
        -- a figure that has got better is not what made a breach, where what it is held against was restated
        case
            when periods.value = late.said_value then false
            when periods.direction = 'fall' and periods.value < late.said_value then true
            when periods.direction = 'rise' and periods.value > late.said_value then true
            else coalesce(periods.compared_value = late.said_compared_value, true)
        end as is_restated
    from {{ ref('int_alert_periods_watched') }} as periods
    left join {{ ref('int_alert_periods_late') }} as late
        on
            periods.rule_id = late.rule_id
            and periods.dimension_value = late.dimension_value
            and periods.period_start_date = late.period_start_date
    where periods.is_alerting and (periods.is_newest or late.rule_id is not null)
),

named as (
    select
        judged.*,
        bases.compared_start_date as base_start_date,
        bases.compared_end_date as base_end_date,
        bases.compared_value as base_value,
        cast(bases.comparison_rate as decimal(18, 8)) as base_rate,
        coalesce(members.member_name_en, judged.dimension_value) as dimension_value_en,
        coalesce(members.member_name_zh, judged.dimension_value) as dimension_value_zh,
        -- a week after one without a workday is held against one further back
        judged.compared_start_date < {{ period_before('judged.period_grain', 'judged.period_start_date') }} as is_further_back,
        case judged.dimension_name when 'total' then '' else ' of ' || coalesce(members.member_name_en, judged.dimension_value) end
            as of_member_en,
        case judged.dimension_name when 'total' then '' else coalesce(members.member_name_zh, judged.dimension_value) || '的' end
            as of_member_zh,
        case
            when judged.kind = 'percent_change' and judged.threshold_pp is not null
                then {{ number_text('round(judged.change_pp, 1)') }} || ' pp'
            when judged.kind = 'percent_change' then {{ percent_text('judged.change_rate', 'en') }}
            else {{ measure_text('judged.value', 'judged.unit', 'en') }}
        end as figure_en,
        case
            when judged.kind = 'percent_change' and judged.threshold_pp is not null
                then {{ number_text('round(judged.change_pp, 1)') }} || ' 个百分点'
            when judged.kind = 'percent_change' then {{ percent_text('judged.change_rate', 'zh') }}
            else {{ measure_text('judged.value', 'judged.unit', 'zh') }}
        end as figure_zh,
        -- what a breach was found late by: the figure itself, what it is held against, or that too little of the figure came
        case when judged.is_restated then judged.said_value else judged.said_compared_value end as restated_value,
        case when judged.is_restated then judged.value else judged.compared_value end as restating_value,
        judged.was_allowed_more
        and judged.value >= judged.said_value
        and (judged.kind <> 'percent_change' or judged.compared_value <= judged.said_compared_value) as has_not_come
    from judged
    left join {{ ref('int_alert_members_named') }} as members
        on judged.dimension_name = members.dimension_name and judged.dimension_value = members.dimension_value
    left join {{ ref('int_alert_periods_compared') }} as bases
        on
            judged.metric_id = bases.metric_id
            and judged.period_grain = bases.period_grain
            and judged.dimension_name = bases.dimension_name
            and judged.dimension_value = bases.dimension_value
            and judged.period_start_date = bases.period_start_date
            and coalesce(judged.compared_with, 'previous') = bases.compared_with
)

select
    coalesce(
        late_key, rule_id || '|' || dimension_value || '|' || cast(opened_start_date as {{ dbt.type_string() }})
    ) as incident_key,
    coalesce(late_key, rule_id || '|' || dimension_value) as subject_key,
    rule_id,
    kind,
    severity,
    owner,
    playbook_id,
    metric_id,
    unit,
    period_grain,
    period_start_date,
    period_end_date,
    opened_start_date,
    dimension_name,
    dimension_value,
    dimension_value_en,
    dimension_value_zh,
    case dimension_name when 'region' then dimension_value end as region_key,
    direction,
    value,
    numerator,
    denominator,
    completeness_rate,
    judged_value,
    compared_start_date,
    compared_end_date,
    compared_value,
    comparison_rate,
    base_start_date,
    base_end_date,
    base_value,
    base_rate,
    cast(workday_count as bigint) as workday_count,
    cast(compared_workday_count as bigint) as compared_workday_count,
    coalesce(threshold_value, threshold_rate, threshold_pp) as threshold_value,
    lower_value,
    upper_value,
    change_rate,
    change_pp,
    is_matured,
    late_key is not null as is_late,
    said_value,
    said_compared_value,
    said_date,
    changed_by,
    metric_name_en || case dimension_name when 'total' then '' else ', ' || dimension_value_en end || ': ' || figure_en as title_en,
    metric_name_zh || case dimension_name when 'total' then '' else '·' || dimension_value_zh end || '：' || figure_zh as title_zh,
    case
        when kind = 'percent_change'
            then
                metric_name_en || of_member_en || case direction when 'fall' then ' fell by ' else ' rose by ' end
                || case
                    when threshold_pp is null then {{ percent_text('abs(change_rate)', 'en') }}
                    else {{ number_text('round(abs(change_pp), 1)') }} || ' pp'
                end
                || ' ' || {{ period_text('period_grain', 'period_start_date', 'en') }}
                || ', from ' || {{ measure_text('compared_value', 'unit', 'en') }}
                || case
                    when compared_with = 'year_before' then ' a year before'
                    when period_grain = 'day' then ' on ' || cast(compared_start_date as {{ dbt.type_string() }})
                    when is_further_back and comparison_rate = 1 then ' ' || {{ period_text('period_grain', 'compared_start_date', 'en') }}
                    else ''
                end
                || ' to ' || {{ measure_text('value', 'unit', 'en') }}
                || case
                    when comparison_rate = 1 then '.'
                    else
                        ' (the ' || period_grain || ' from ' || cast(compared_start_date as {{ dbt.type_string() }}) || ' had '
                        || compared_workday_count || ' workdays, this one ' || workday_count
                        || '; what it had counts times ' || {{ number_text('round(comparison_rate, 2)') }} || ').'
                end
        when kind = 'seasonal_band'
            then
                metric_name_en || of_member_en || ' was ' || {{ measure_text('value', 'unit', 'en') }} || ' '
                || {{ period_text('period_grain', 'period_start_date', 'en') }}
                || case direction when 'fall' then ', below the ' else ', above the ' end
                || {{ measure_text('lower_value', 'unit', 'en') }} || ' to ' || {{ measure_text('upper_value', 'unit', 'en') }}
                || ' that it usually is (' || {{ measure_text('compared_value', 'unit', 'en') }} || ' expected).'
        when kind = 'pace_behind_target'
            then
                dimension_value_en || ': ' || {{ percent_text('value', 'en') }} || ' of the goal was reached '
                || {{ period_text('period_grain', 'period_start_date', 'en') }}
                || ', where ' || {{ percent_text('compared_value', 'en') }} || ' was due.'
        else
            metric_name_en || of_member_en || ' was ' || {{ measure_text('value', 'unit', 'en') }} || ' '
            || {{ period_text('period_grain', 'period_start_date', 'en') }}
            || '; the alert is from ' || {{ measure_text('threshold_value', 'unit', 'en') }}
            || case direction when 'fall' then ' down.' else ' up.' end
    end || case
        when completeness_rate = 1 then ''
        else
            ' Records of it are still to come: nine of ten such periods had ' || {{ percent_text('completeness_rate', 'en') }}
            || ' or more of theirs by now, so it is judged as ' || {{ measure_text('judged_value', 'unit', 'en') }} || '.'
    end || case
        when late_key is null then ''
        when has_not_come
            then
                ' Found late: what could still come when it was judged on ' || cast(said_date as {{ dbt.type_string() }})
                || case
                    when value = said_value then ' has not come.'
                    else
                        ' has not come in full; it was ' || {{ measure_text('said_value', 'unit', 'en') }} || ' then and is '
                        || {{ measure_text('value', 'unit', 'en') }} || ' now.'
                end
        else
            ' Found late: ' || case when is_restated then 'the figure' else 'what it is held against' end
            || ' was restated since it was judged on ' || cast(said_date as {{ dbt.type_string() }}) || '; it was '
            || {{ measure_text('restated_value', 'unit', 'en') }} || ' then and is '
            || {{ measure_text('restating_value', 'unit', 'en') }} || ' now.'
            || case changed_by
                when 'settings' then ' Settings, mappings or models have changed since, so late data need not be the reason.'
                else ''
            end
    end as reason_en,
    case
        when kind = 'percent_change'
            then
                of_member_zh || metric_name_zh || '在 ' || {{ period_text('period_grain', 'period_start_date', 'zh') }}
                || case
                    when compared_with = 'year_before' then '同比'
                    when period_grain = 'day' then ' 较 ' || cast(compared_start_date as {{ dbt.type_string() }}) || ' '
                    when is_further_back then '较 ' || {{ period_text('period_grain', 'compared_start_date', 'zh') }}
                    else '环比'
                end
                || case direction when 'fall' then '下降 ' else '上升 ' end
                || case
                    when threshold_pp is null then {{ percent_text('abs(change_rate)', 'zh') }}
                    else {{ number_text('round(abs(change_pp), 1)') }} || ' 个百分点'
                end
                || '，由 ' || {{ measure_text('compared_value', 'unit', 'zh') }} || ' 变为 ' || {{ measure_text('value', 'unit', 'zh') }}
                || case
                    when comparison_rate = 1 then '。'
                    else
                        '（' || {{ period_text('period_grain', 'compared_start_date', 'zh') }} || '有 ' || compared_workday_count
                        || ' 个工作日，本期 ' || workday_count || ' 个，对比值按 '
                        || {{ number_text('round(comparison_rate, 2)') }} || ' 倍折算）。'
                end
        when kind = 'seasonal_band'
            then
                of_member_zh || metric_name_zh || '在 ' || {{ period_text('period_grain', 'period_start_date', 'zh') }} || '为 '
                || {{ measure_text('value', 'unit', 'zh') }} || case direction when 'fall' then '，低于' else '，高于' end
                || '通常范围 ' || {{ measure_text('lower_value', 'unit', 'zh') }} || ' 至 '
                || {{ measure_text('upper_value', 'unit', 'zh') }} || '（预期 ' || {{ measure_text('compared_value', 'unit', 'zh') }} || '）。'
        when kind = 'pace_behind_target'
            then
                dimension_value_zh || '：截至 ' || cast(period_end_date as {{ dbt.type_string() }}) || ' 完成目标的 '
                || {{ percent_text('value', 'zh') }} || '，按进度应完成 ' || {{ percent_text('compared_value', 'zh') }} || '。'
        else
            of_member_zh || metric_name_zh || '在 ' || {{ period_text('period_grain', 'period_start_date', 'zh') }} || '为 '
            || {{ measure_text('value', 'unit', 'zh') }} || case direction when 'fall' then '，已降至' else '，已升至' end || '预警线 '
            || {{ measure_text('threshold_value', 'unit', 'zh') }} || '。'
    end || case
        when completeness_rate = 1 then ''
        else
            '尚有记录未到：同类周期十分之九此时已有 ' || {{ percent_text('completeness_rate', 'zh') }} || ' 以上，故按 '
            || {{ measure_text('judged_value', 'unit', 'zh') }} || ' 判定。'
    end || case
        when late_key is null then ''
        when has_not_come
            then
                '事后发现：' || cast(said_date as {{ dbt.type_string() }}) || ' 判定时尚可能补录的记录'
                || case
                    when value = said_value then '至今未到。'
                    else
                        '未全部到达，由当时的 ' || {{ measure_text('said_value', 'unit', 'zh') }} || ' 变为 '
                        || {{ measure_text('value', 'unit', 'zh') }} || '。'
                end
        else
            '事后发现：' || cast(said_date as {{ dbt.type_string() }}) || ' 判定后，'
            || case when is_restated then '该指标' else '对比值' end || '被重述，由当时的 '
            || {{ measure_text('restated_value', 'unit', 'zh') }} || ' 变为 '
            || {{ measure_text('restating_value', 'unit', 'zh') }} || '。'
            || case changed_by when 'settings' then '其间配置、映射或模型有变更，未必由补录造成。' else '' end
    end as reason_zh
from named
