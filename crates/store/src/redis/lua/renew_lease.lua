-- Says that a node lives.
--
-- KEYS: the nodes
-- ARGV: server id, length of the lease in ms (0: it is given up)
-- Gives 1 where the lease was still running, else 0.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
local length = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], length > 0 and now + length or 0, ARGV[1])
return lease and lease > now and 1 or 0
