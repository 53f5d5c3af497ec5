-- Sees that Redis is what it was when epochs were begun last.
--
-- What one process has written as a primary is one line that only grows. Another process,
-- or the same one after it was a replica, may have lost the end of it. So that is a new
-- term, with a word of its own; epochs begin with the word of their term, and whoever
-- appends to a log whose epoch is of another one goes on in a new epoch.
--
-- KEYS: partitions
-- ARGV: what Redis is (its run id and its replication id), a fresh word

for _, key in ipairs(KEYS) do
  local age, seen, redis_then = string.match(redis.call('GET', key) or '', '^%w+ (%d+) (%d+) (.*)$')
  if redis_then ~= ARGV[1] then
    redis.call('SET', key, ARGV[2] .. ' ' .. (age or '0') .. ' ' .. (seen or digits(clock_ms())) .. ' ' .. ARGV[1])
  end
end
return 0
