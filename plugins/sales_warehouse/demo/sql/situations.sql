-- What a situation of demo.yml changes. Its parameters are variables `<situation>_<parameter>`, NULL while it is off, so
-- every test of one ends as false and every factor as 1. Where each is used says a comment there, or nothing has to.
create macro is_within(situation, day) as coalesce(
    day between getvariable(situation || '_first_date') and getvariable(situation || '_last_date'), false
);
create macro is_since(situation, day) as coalesce(day >= getvariable(situation || '_first_date'), false);
create macro strikes(situation, rate, key) as coalesce(draw(situation, key) < rate, false);

-- Enquiries: how many on a day off, whether one comes at all, and how often one becomes a deal.
create macro day_off_enquiries(usual) as coalesce(getvariable('weekend_enquiries_volume'), usual);
create macro usual_conversion() as 0.34;
create macro conversion_rate(usual, is_workday, created_on, is_variant_b) as usual
    * case when is_workday then 1 else 1 + coalesce(getvariable('weekend_enquiries_conversion'), 0) end
    * case when is_variant_b and month(created_on) % 3 <> 1 then 1 + coalesce(getvariable('experiment_effect_lift'), 0) else 1 end;
create macro market_is_full(region, key) as coalesce(
    getvariable('regional_gap_cause') = 'saturation' and region = getvariable('regional_gap_region'), false
) and strikes('regional_gap', getvariable('regional_gap_gap'), key);
-- Only an enquiry that comes to nothing gets lost, and so many more of them: the share is of all.
create macro enquiry_is_lost(converts, key) as not converts
    and strikes('capture_loss', getvariable('capture_loss_rate') / getvariable('unconverted_share'), key);

-- What a region's deals of one quarter come to is counted off, not drawn; they are decided soon and paid on delivery, so that
-- 90 days after they began all is known.
create macro is_counted_off(region, day) as
    coalesce(region = getvariable('regional_conversion_region'), false) and is_within('regional_conversion', day);

-- Deals: in which stage one is lost, and who would have won but does not. The chances come from chances.py.
create macro loss_rate(stage_no, paper_count) as
    case when paper_count >= getvariable('often_clicks') then getvariable('reader_losses') else getvariable('other_losses') end[stage_no];
create macro price_is_refused(product_line, created_on, key) as
    coalesce(product_line = getvariable('price_rise_product_line'), false) and is_since('price_rise', created_on)
    and strikes('price_rise', -getvariable('price_rise_change'), key);
create macro rival_is_chosen(region, product_line, created_on, key) as
    coalesce(product_line = getvariable('competitor_entry_product_line') and region = getvariable('competitor_entry_region'), false)
    and is_since('competitor_entry', created_on) and strikes('competitor_entry', -getvariable('competitor_entry_change'), key);
create macro win_is_spoiled(region, product_line, created_on, key) as
    (coalesce(getvariable('regional_gap_cause') = 'capability' and region = getvariable('regional_gap_region'), false)
        and strikes('regional_gap', getvariable('regional_gap_gap'), key))
    or (is_within('conversion_fall', created_on) and strikes('conversion_fall', -getvariable('conversion_fall_change'), key))
    or price_is_refused(product_line, created_on, key) or rival_is_chosen(region, product_line, created_on, key);
create macro quoted(amount, product_line, created_on) as amount
    * case when product_line = getvariable('price_rise_product_line') and is_since('price_rise', created_on) then 1 + getvariable('price_rise_rise') else 1 end;

-- Simpson (1951): the first seller of the region wins more in every industry, but takes four fifths of the hard ones.
create macro is_easy(industry) as industry in ('连锁药房', '母婴连锁', '养老机构');
create macro reversal_slot(industry, key) as case when (draw('reversal', key) < 0.8) = is_easy(industry) then 1 else 0 end;
create macro reversal_rate(industry, key) as case when is_easy(industry) then 0.6 else 0.15 end + case when reversal_slot(industry, key) = 0 then 0.15 else 0 end;

create macro dwell(usual, is_new_company, created_on, key) as case
    when getvariable('stalled_deals_rate') is null
        then usual * case when is_new_company and is_since('first_order_cycle', created_on) then getvariable('first_order_cycle_factor') else 1 end
    when draw('stalled deals', key) < getvariable('stalled_deals_rate') then getvariable('stalled_deals_days') + 8 * draw('stalled for', key)
    else least(usual, 28)
end;

-- A team that follows up by the clock writes no quotes and visits nobody.
create macro is_by_the_clock(region) as coalesce(region = getvariable('steady_follow_up_region'), false);

-- Orders: what is not bought, and how much more of the rest.
create macro region_falls(region, day, key) as
    coalesce(region = getvariable('region_fall_region'), false) and is_within('region_fall', day)
    and strikes('region fall', getvariable('region_fall_fall'), key);
create macro order_is_missing(region, day, key) as region_falls(region, day, key)
    or (coalesce(region = getvariable('empty_month_region'), false) and is_within('empty_month', day));
create macro order_is_left_out(is_falling, day, key) as is_falling and is_since('account_fall', day)
    and strikes('account_fall', -getvariable('account_fall_change'), key);
create macro line_is_missing(region, product_line, category, is_closed, day, key) as
    (coalesce(region = getvariable('competitor_promotion_region') and category = getvariable('competitor_promotion_category'), false)
        and is_within('competitor_promotion', day) and strikes('competitor_promotion', getvariable('competitor_promotion_fall'), key))
    or (coalesce(region = getvariable('white_space_region') and product_line = getvariable('white_space_product_line'), false)
        and is_closed);
create macro line_factor(region, product_line, day) as case
    when region = getvariable('odd_cell_region') and product_line = getvariable('odd_cell_product_line') and is_within('odd_cell', day)
        then getvariable('odd_cell_factor')
    else 1
end;
create macro has_trait(traits, trait) as coalesce(list_contains(string_split(traits, '|'), trait), false);
create macro return_rate(usual, region, ordered_on) as usual * case
    when region = getvariable('return_spike_region') and is_within('return_spike', ordered_on) then getvariable('return_spike_factor')
    else 1
end;

create macro entry_hours(usual, rep_no, key) as case
    when rep_no = getvariable('late_entry_rep_no') then getvariable('late_entry_hours') + 20 * draw('late entry', key)
    else usual
end;
create macro answer_factor(region) as case when region = getvariable('slow_team_region') then getvariable('slow_team_factor') else 1 end;
create macro dealer_is_silent(dealer_no, day) as coalesce(dealer_no = getvariable('stale_dealer_dealer_no'), false) and is_since('stale_dealer', day);
-- What the months of a dealer differ by without any reason: with as much of a reason, the correlation is 1 / sqrt(2).
create macro dealer_noise() as 0.2;
create macro demand_factor(dealer_no, month_start) as case
    when getvariable('dealer_satisfaction_correlation') is null then 1
    else greatest(
        0.25, 1 + dealer_noise() * getvariable('dealer_satisfaction_correlation')
            / sqrt(1 - getvariable('dealer_satisfaction_correlation') ** 2) * dealer_mood(dealer_no, (month_start - interval 1 month)::date)
    )
end;

-- Which of the large buyers has an order, when the product is in it.
create macro has_product(order_key, product_slot) as
    shelf_slot(order_key, 1) = product_slot
    or (pick('shop line count', order_key, 4) >= 1 and shelf_slot(order_key, 2) = product_slot)
    or (pick('shop line count', order_key, 4) >= 2 and shelf_slot(order_key, 3) = product_slot)
    or (pick('shop line count', order_key, 4) >= 3 and shelf_slot(order_key, 4) = product_slot);
create macro large_buyer_no(order_key) as case
    when coalesce(has_product(order_key, getvariable('concentration_product_no') - 1), false)
        and draw('large buyer buys', order_key) < getvariable('concentration_share')
        then 1 + pick('which large buyer', order_key, getvariable('concentration_customers'))
end;
