with readers as (
    select d.deal_key, any_value(d.is_won)::int as is_won, count(c.click_key) filter (c.clicked_at < d.closed_at) >= getvariable('m_clicks') as reads_often
    from deals as d
    left join white_paper_clicks as c using (deal_key)
    where d.closed_at <= getvariable('last_day')
    group by d.deal_key
)
select avg(is_won) filter (reads_often) / avg(is_won) filter (not reads_often) - 1 as win_rate_change
from readers
