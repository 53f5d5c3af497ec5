-- Says that a node lives, and takes nonces away in the background that are too old
-- to matter: where they went by expiring, Redis would stand still meanwhile.
--
-- KEYS: the nodes, nonces:0, nonces:1
-- ARGV: server id, length of the lease in ms (0: it is given up)
-- Gives 1 where the lease was still running, else 0.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
local length = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], length > 0 and now + length or 0, ARGV[1])
for i = 2, 3 do
  local generation = tonumber(redis.pcall('HGET', KEYS[i], 'generation') or nil)
  if generation and (generation + 2) * 3600000 <= now then redis.call('UNLINK', KEYS[i]) end
end
return lease and lease > now and 1 or 0
