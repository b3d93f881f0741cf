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

-- Unified social credit code: GB 32100-2015 over an organisation code: GB 11714-1997.
create macro code_alphabet() as '0123456789ABCDEFGHJKLMNPQRTUWXY';

create macro base31(n, places) as
    list_aggregate(
        list_transform(range(places), lambda p: substr(code_alphabet(), ((n // (31 ** (places - 1 - p))::bigint) % 31 + 1)::int, 1)),
        'string_agg', ''
    );

create macro organisation_check(eight) as (
    case (11 - list_sum(list_transform(
        range(8),
        lambda p: (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(eight, (p + 1)::int, 1)) - 1) * [3, 7, 9, 10, 5, 8, 4, 2][p + 1]
    )) % 11)::int
        when 10 then 'X' when 11 then '0'
        else (11 - list_sum(list_transform(
            range(8),
            lambda p: (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(eight, (p + 1)::int, 1)) - 1) * [3, 7, 9, 10, 5, 8, 4, 2][p + 1]
        )) % 11)::int::varchar
    end
);

create macro credit_check(seventeen) as (
    substr(code_alphabet(), ((31 - list_sum(list_transform(
        range(17),
        lambda p: (strpos(code_alphabet(), substr(seventeen, (p + 1)::int, 1)) - 1)
            * [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28][p + 1]
    )) % 31) % 31 + 1)::int, 1)
);

create macro with_organisation_check(eight) as eight || organisation_check(eight);
create macro with_credit_check(seventeen) as seventeen || credit_check(seventeen);

-- The factor is prime to 31 ** 6, so different accounts get different codes.
create macro credit_code(class, area_code, key) as
    with_credit_check(class || area_code || with_organisation_check('MA' || base31((key::hugeint * 472882027 + 104729) % 887503681, 6)));

create macro full_width(t) as translate(t, '0123456789', '０１２３４５６７８９');
