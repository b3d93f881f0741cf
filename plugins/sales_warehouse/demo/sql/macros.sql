-- Chance without state: every draw is a hash of (seed, stream, key), so any row can be made again on its own,
-- in any order, by any number of threads, and a new stream never moves what the old ones say.
-- Two rounds of hashing: with one, two streams of the same key would differ by a constant.
create macro draw(stream, key) as
    (hash(xor(hash(key::ubigint), hash(concat(getvariable('seed'), ':', stream)))) >> 11) / 9007199254740992.0;

create macro pick(stream, key, n) as floor(draw(stream, key) * n)::bigint;

-- Box and Muller (1958): a standard normal number from two uniform ones.
create macro bell(stream, key) as
    sqrt(-2 * ln(1 - draw(concat(stream, '/radius'), key))) * cos(2 * pi() * draw(concat(stream, '/angle'), key));

-- Rounds up or down by chance so that the mean holds and the counts hardly scatter.
create macro rounded(x, stream, key) as floor(x + draw(stream, key))::bigint;

create macro day_number(d) as d - date '2000-01-01';
create macro at_hour(d, h) as d::timestamp + to_seconds((h * 3600)::bigint);
create macro days_on(moment, n) as moment + to_seconds((n * 86400)::bigint);

-- Saturday and Sunday become the Monday after.
create macro weekday_of(d) as
    (d + case isodow(d) when 6 then 2 when 7 then 1 else 0 end)::date;

create macro text_at(moment) as strftime(moment, '%Y-%m-%d %H:%M:%S');

-- Unified social credit code: GB 32100-2015 over an organisation code: GB 11714-1997. Each step takes a column, never
-- an expression: a macro would repeat it for each of the characters.
create macro code_alphabet() as '0123456789ABCDEFGHJKLMNPQRTUWXY';

-- The factor is prime to 31 ** 6, so different keys below that give different codes. Companies that came with an enquiry
-- have larger keys: of n of them about n ** 2 / 2 / 31 ** 6 pairs share a code by chance, one in 42,000 of them.
create macro organisation_number(key) as ((key::hugeint * 472882027 + 104729) % 887503681)::bigint;

create macro base31(n) as
    list_aggregate(
        list_transform([28629151, 923521, 29791, 961, 31, 1], lambda power: substr(code_alphabet(), ((n // power) % 31 + 1)::int, 1)),
        'string_agg', ''
    );

create macro organisation_check(eight) as substr('0X987654321', (list_sum(list_transform(
    [3, 7, 9, 10, 5, 8, 4, 2],
    lambda weight, place: (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(eight, place::int, 1)) - 1) * weight
)) % 11 + 1)::int, 1);

create macro credit_check(seventeen) as substr(code_alphabet(), ((31 - list_sum(list_transform(
    [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28],
    lambda weight, place: (strpos(code_alphabet(), substr(seventeen, place::int, 1)) - 1) * weight
)) % 31) % 31 + 1)::int, 1);

-- Codes of the rows of a relation with the columns account_key, entity_class and area_code.
create macro credit_codes(relation) as table
    with numbered as (select *, organisation_number(account_key) as number from query_table(relation)),
    written as (select *, 'MA' || base31(number) as eight from numbered),
    joined as (select *, entity_class::varchar || area_code::varchar || eight || organisation_check(eight) as seventeen from written)
    select account_key, seventeen || credit_check(seventeen) as credit_code from joined;

create macro full_width(t) as translate(t, '0123456789', '０１２３４５６７８９');

-- Files of a week come on the Monday after.
create macro monday_after(moment) as at_hour((date_trunc('week', moment)::date + 7)::date, 8.5);

-- How content the customers of a dealer are in a month: a standard normal number.
create macro dealer_mood(dealer_no, month_start) as bell('dealer mood', dealer_no * 100000 + day_number(month_start));

-- Numbers keep all their digits, however long they are.
create macro contact_no(contact_key) as 'LX' || format('{:07d}', contact_key);

create macro mobile_number(key) as
    '1' || ['38', '39', '36', '37', '58', '59', '86', '87', '33', '51', '77', '89'][1 + pick('phone head', key, 12)]
    || format('{:08d}', pick('phone tail', key, 100000000));

create macro traditional(t) as translate(
    t,
    '药医疗东华连锁广业营养贵庆兰阳长宁济苏无乌鲁齐婴儿贸产妇结宝爱乐沈师诊复团疆',
    '藥醫療東華連鎖廣業營養貴慶蘭陽長寧濟蘇無烏魯齊嬰兒貿產婦結寶愛樂瀋師診復團疆'
);

-- How people of another system write the name of a company.
create macro full_name(city, brand, noun) as concat_ws(getvariable('gap'), city, brand, noun);
create macro spelled(city, brand, noun, system, key) as
    case floor(10 * draw(concat('spelling ', system), key))::int
        when 0 then trim(full_name(city, brand, replace(noun, '有限公司', '')))
        when 1 then full_name(city, brand, replace(noun, '有限公司', '公司'))
        when 2 then concat(brand, '（', city, '）', noun)
        when 3 then traditional(full_name(city, brand, noun))
        when 4 then concat(city, '　', full_name(null, brand, noun))
        when 5 then trim(full_name(null, brand, replace(noun, '有限公司', '')))
        else full_name(city, brand, noun)
    end;

-- Which way an enquiry is followed up while a test of it runs.
create macro lead_variant(lead_key) as case when draw('variant', lead_key) < 0.5 then 'A' else 'B' end;

-- A branch is in a city of its own.
create macro city_draw_of(account_key, parent_key, name_key) as draw('city', case when parent_key is null then name_key else account_key end);
