-- A score that was given, as a share of the best possible.
select
    answers.answered_date,
    answers.survey_key,
    answers.customer_key,
    customers.customer_name,
    answers.order_key,
    answers.dealer_key,
    dealers.dealer_name,
    dealers.region_key,
    answers.store_key,
    answers.source,
    answers.score,
    answers.max_score,
    answers.score_rate
from fct_satisfaction_scores as answers
left join dim_customers as customers on answers.customer_key = customers.customer_key
left join dim_dealers as dealers on answers.dealer_key = dealers.dealer_key
where answers.score_rate is not null
