-- Rooms in which nothing was ever written. They would stay for good, and cost nothing to
-- make; so they go some time after the last who was there, by an expiry of their head
-- that is taken off while somebody is. Where events have a lifetime the head expires
-- anyway, and is left alone.

local function is_empty(head, log)
  local held = redis.pcall('GET', head)
  return type(held) == 'string' and string.match(held, '^%S+ %d+ %d+ %- ') and redis.call('EXISTS', log) == 0
end

-- Nobody is there any more, or not yet.
local function let_go_if_empty(head, log, keep_ms)
  if keep_ms > 0 and is_empty(head, log) then redis.call('PEXPIRE', head, keep_ms) end
end

-- Somebody is there.
local function keep_if_empty(head, log)
  if is_empty(head, log) then redis.call('PERSIST', head) end
end
