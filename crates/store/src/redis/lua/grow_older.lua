-- Lets partitions grow older by the time that has passed since somebody said so last, as
-- much of it as can really have passed: a clock that is set, however far and often, makes
-- nothing old. What has to be remembered for a time goes by this.
--
-- KEYS: partitions
-- ARGV: what counts at most of the time between two calls, in ms

local now, most = clock_ms(), tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local word, age, seen, redis_then = string.match(redis.call('GET', key) or '', '^(%w+) (%d+) (%d+) (.*)$')
  if word then
    age = tonumber(age) + math.max(0, math.min(now - tonumber(seen), most))
    redis.call('SET', key, word .. ' ' .. digits(age) .. ' ' .. digits(now) .. ' ' .. redis_then)
  end
end
return 0
