-- Rooms without messages in which nobody is. They go some time after the last who was
-- there: the head takes its time from then, and the tidying looks again when it is over.

-- Nobody is in a room any more, or not yet.
local function nobody_is_there(head, due, room, keep_ms)
  local held = redis.pcall('GET', head)
  if keep_ms == 0 or type(held) ~= 'string' then return end
  local first, seq, ts, past, rest = string.match(held, '^(%S+) (%d+) (%d+) (%S+)( .+)$')
  if not first or tonumber(seq) ~= tonumber(string.match(past, '^%d+') or 0) then return end
  local now = math.max(clock_ms(), tonumber(ts))
  redis.call('SET', head, first .. ' ' .. seq .. ' ' .. digits(now) .. ' ' .. past .. rest)
  redis.call('ZADD', due, 'LT', digits(now + keep_ms), room)
end
