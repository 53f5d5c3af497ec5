-- Takes a room away with everything in it. Who is there stays, in whatever is made in its place.
--
-- KEYS: the rooms of the partition, what is due there, head, log, hidden bits, members, rules, who wrote lately
-- ARGV: the id
-- Gives 1, or 0 where there was none.

local there = redis.call('EXISTS', KEYS[3])
redis.call('UNLINK', unpack(KEYS, 3))
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return { there }
