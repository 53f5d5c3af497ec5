-- Notes what people call a user, and where they stand among all.
--
-- KEYS: what they are called, the people of the partition
-- ARGV: the name, the place
-- Gives nothing.

redis.call('SET', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
return {}
